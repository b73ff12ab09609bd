-- Units that end on the same day, or were opened: what a person said of a part of the stock. A note and no evidence, so
-- that it is corrected where it stands (docs/decisions/0019-lots.md).
CREATE TABLE lots (
    id           INTEGER PRIMARY KEY,
    item_id      INTEGER NOT NULL REFERENCES inventory_items (id),
    place_id     INTEGER NOT NULL REFERENCES places (id),
    count        INTEGER NOT NULL CHECK (count BETWEEN 0 AND 9999),  -- 0: used up; kept for an undo
    best_before  TEXT             CHECK (best_before IS date(best_before)),  -- a day of the calendar, in no time zone
    opened_at_ms INTEGER,
    added_at_ms  INTEGER NOT NULL,
    added_by     TEXT    NOT NULL,
    CHECK (best_before IS NOT NULL OR opened_at_ms IS NOT NULL)
) STRICT;
CREATE INDEX lots_standing ON lots (item_id, place_id) WHERE count > 0;

-- What a person's word put into a lot or took out of it, so that undoing the word puts it back.
CREATE TABLE lot_changes (
    event_id INTEGER NOT NULL REFERENCES inventory_events (id),
    lot_id   INTEGER NOT NULL REFERENCES lots (id),
    delta    INTEGER NOT NULL,
    PRIMARY KEY (event_id, lot_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX lot_changes_by_lot ON lot_changes (lot_id);

-- The other half of what was said in one breath: of a move, and of its undo.
ALTER TABLE words ADD COLUMN with_word_id INTEGER REFERENCES words (id);
CREATE UNIQUE INDEX words_said_together ON words (with_word_id) WHERE with_word_id IS NOT NULL;

-- All that one photograph, or one word, did to the stock. A photograph that changes nothing writes no page of either.
CREATE INDEX inventory_events_by_capture ON inventory_events (capture_id) WHERE capture_id IS NOT NULL;
CREATE INDEX inventory_events_by_word ON inventory_events (word_id) WHERE word_id IS NOT NULL;
