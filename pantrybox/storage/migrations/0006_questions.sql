-- Questions that somebody answered or put off. One that nobody answered leaves no trace: who reads writes nothing.
CREATE TABLE questions (
    id             INTEGER PRIMARY KEY,
    item_id        INTEGER NOT NULL REFERENCES inventory_items (id),
    place_id       INTEGER NOT NULL REFERENCES places (id),
    shown_count    INTEGER NOT NULL CHECK (shown_count >= 0),             -- what was believed when the answer came,
    confidence     REAL    NOT NULL CHECK (confidence BETWEEN 0 AND 1),   -- and how surely
    answer         TEXT    NOT NULL CHECK (answer IN ('right', 'gone', 'count', 'later')),
    count          INTEGER CHECK (count BETWEEN 0 AND 9999),              -- NULL: put off
    answered_by    TEXT    NOT NULL,
    answered_at_ms INTEGER NOT NULL,
    CHECK ((answer = 'later') = (count IS NULL))
) STRICT;
CREATE INDEX questions_by_time ON questions (answered_at_ms);
