-- Times are milliseconds since 1970, UTC.

-- A camera that may upload. A deleted one keeps its row: history points at it, and its id is never given again.
CREATE TABLE devices (
    id              TEXT    NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 64),
    name            TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    token_sha256    BLOB    NOT NULL CHECK (length(token_sha256) = 32),
    orders          TEXT             CHECK (orders IS NULL OR json_valid(orders)),
    orders_version  INTEGER NOT NULL DEFAULT 0,
    created_at_ms   INTEGER NOT NULL,
    deleted_at_ms   INTEGER,
    -- What the newest upload said, and how many there were: a list of cameras must not count photographs.
    last_seen_at_ms INTEGER,
    battery_v       REAL,
    rssi            INTEGER,
    capture_count   INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- One photograph of one view. The file is written before the row, so a row always has its file.
CREATE TABLE captures (
    seq             INTEGER PRIMARY KEY,  -- order of arrival: the analyst's queue, whatever the clock did
    id              TEXT    NOT NULL UNIQUE,
    device_id       TEXT    NOT NULL REFERENCES devices (id),
    received_at_ms  INTEGER NOT NULL,
    captured_at_ms  INTEGER NOT NULL,
    trigger_type    TEXT             CHECK (trigger_type IN ('door', 'light', 'timer', 'motion', 'manual')),
    image_path      TEXT,                 -- file name below images/; NULL once the image is deleted
    size_bytes      INTEGER NOT NULL,
    sha256          BLOB    NOT NULL CHECK (length(sha256) = 32),
    idempotency_key TEXT,
    battery_v       REAL,
    rssi            INTEGER,
    telemetry       TEXT             CHECK (telemetry IS NULL OR json_valid(telemetry)),
    notes           TEXT             CHECK (notes IS NULL OR json_valid(notes)),  -- what was odd about the upload, as sentences
    status          TEXT    NOT NULL DEFAULT 'stored' CHECK (status IN ('stored', 'analyzing', 'complete', 'failed')),
    attempts        INTEGER NOT NULL DEFAULT 0,  -- a picture that kills the process is not tried for ever
    failure         TEXT,
    observation_id  INTEGER REFERENCES observations (id),  -- what was last seen in it; NULL before it was looked at

    UNIQUE (device_id, idempotency_key, sha256)  -- a camera that retries an upload gets the first capture back
) STRICT;

CREATE INDEX captures_by_device ON captures (device_id, received_at_ms);
CREATE INDEX captures_failed ON captures (seq) WHERE status = 'failed';
-- The queue. Said without `status`, so that 'stored' becoming 'analyzing' does not write a page of it.
CREATE INDEX captures_waiting ON captures (seq) WHERE observation_id IS NULL AND failure IS NULL;

-- What was seen in one capture by one model. Never changed; a second look is a second row.
CREATE TABLE observations (
    id               INTEGER PRIMARY KEY,
    capture_id       TEXT    NOT NULL REFERENCES captures (id),
    model            TEXT    NOT NULL,
    observed_at_ms   INTEGER NOT NULL,
    took_ms          INTEGER NOT NULL,
    width            INTEGER NOT NULL,  -- of the upright picture
    height           INTEGER NOT NULL,
    brightness       REAL    NOT NULL,
    sharpness        REAL    NOT NULL,
    scene_confidence REAL    NOT NULL CHECK (scene_confidence BETWEEN 0 AND 1),
    folded           INTEGER NOT NULL CHECK (folded IN (0, 1))  -- 0: came too late to say anything about the present
) STRICT;

-- One box of an observation, as fractions of the upright picture. Those of one observation lie side by side
-- (id = observation's id * 1000 + rank), so that they need no index, which would cost a page a photograph.
CREATE TABLE detections (
    id             INTEGER PRIMARY KEY,
    observation_id INTEGER NOT NULL REFERENCES observations (id) CHECK (observation_id = id / 1000),
    box_left       REAL    NOT NULL,
    box_top        REAL    NOT NULL,
    box_right      REAL    NOT NULL CHECK (box_right >= box_left),
    box_bottom     REAL    NOT NULL CHECK (box_bottom >= box_top),
    score          REAL    NOT NULL CHECK (score BETWEEN 0 AND 1),
    label          TEXT    NOT NULL,
    item_id        INTEGER REFERENCES inventory_items (id)  -- NULL: a candidate that nobody has named
) STRICT;

-- Where stock is: the view of a camera.
CREATE TABLE places (
    id        INTEGER PRIMARY KEY,
    name      TEXT    NOT NULL,
    device_id TEXT    UNIQUE REFERENCES devices (id)
) STRICT;

-- A kind of thing.
CREATE TABLE inventory_items (
    id             INTEGER PRIMARY KEY,
    canonical_name TEXT    NOT NULL CHECK (length(canonical_name) BETWEEN 1 AND 200),
    name_key       TEXT    NOT NULL UNIQUE,  -- case-folded: one name in two spellings is one item
    brand          TEXT,
    package_type   TEXT,
    category       TEXT,
    generic        INTEGER NOT NULL CHECK (generic IN (0, 1)),  -- 1: the model's own guess at a name
    created_at_ms  INTEGER NOT NULL
) STRICT;

-- The present belief about one item at one place. Follows from observations and people's words.
CREATE TABLE inventory_state (
    item_id         INTEGER NOT NULL REFERENCES inventory_items (id),
    place_id        INTEGER NOT NULL REFERENCES places (id),
    belief          TEXT    NOT NULL CHECK (json_valid(belief)),  -- probabilities of 0, 1, 2, ... units
    shown_count     INTEGER NOT NULL CHECK (shown_count >= 0),
    confidence      REAL    NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    confirmed_count INTEGER NOT NULL CHECK (confirmed_count >= 0),
    event_count     INTEGER NOT NULL CHECK (event_count >= 0),
    last_seen_at_ms INTEGER,
    is_manual       INTEGER NOT NULL DEFAULT 0 CHECK (is_manual IN (0, 1)),
    notes           TEXT,
    updated_at_ms   INTEGER NOT NULL,

    PRIMARY KEY (item_id, place_id)
) STRICT, WITHOUT ROWID;

-- The ledger. Its id doubles as the id of a live message.
CREATE TABLE inventory_events (
    id             INTEGER PRIMARY KEY,
    item_id        INTEGER NOT NULL REFERENCES inventory_items (id),
    place_id       INTEGER NOT NULL REFERENCES places (id),
    event_type     TEXT    NOT NULL CHECK (event_type IN ('seen', 'added', 'removed', 'adjusted', 'manual_override',
                                                          'consumed', 'undone', 'merged')),
    delta          INTEGER NOT NULL,
    count_after    INTEGER NOT NULL CHECK (count_after >= 0),
    confidence     REAL    NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    capture_id     TEXT    REFERENCES captures (id),
    happened_at_ms INTEGER NOT NULL,  -- when the photograph was taken
    recorded_at_ms INTEGER NOT NULL,
    details        TEXT    CHECK (details IS NULL OR json_valid(details))
) STRICT;

CREATE INDEX inventory_events_by_capture ON inventory_events (capture_id) WHERE capture_id IS NOT NULL;

CREATE TRIGGER inventory_events_are_never_replaced BEFORE INSERT ON inventory_events
WHEN EXISTS (SELECT 1 FROM inventory_events WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'the ledger is only appended to'); END;
CREATE TRIGGER inventory_events_are_never_changed BEFORE UPDATE ON inventory_events
BEGIN SELECT RAISE(ABORT, 'the ledger is only appended to'); END;
CREATE TRIGGER inventory_events_are_never_deleted BEFORE DELETE ON inventory_events
BEGIN SELECT RAISE(ABORT, 'the ledger is only appended to'); END;
CREATE TRIGGER observations_are_never_replaced BEFORE INSERT ON observations
WHEN EXISTS (SELECT 1 FROM observations WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'evidence is never changed'); END;
CREATE TRIGGER observations_are_never_changed BEFORE UPDATE ON observations
BEGIN SELECT RAISE(ABORT, 'evidence is never changed'); END;
CREATE TRIGGER observations_are_never_deleted BEFORE DELETE ON observations
BEGIN SELECT RAISE(ABORT, 'evidence is never changed'); END;
CREATE TRIGGER detections_are_never_replaced BEFORE INSERT ON detections
WHEN EXISTS (SELECT 1 FROM detections WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'evidence is never changed'); END;
CREATE TRIGGER detections_are_never_changed BEFORE UPDATE ON detections
BEGIN SELECT RAISE(ABORT, 'evidence is never changed'); END;
CREATE TRIGGER detections_are_never_deleted BEFORE DELETE ON detections
BEGIN SELECT RAISE(ABORT, 'evidence is never changed'); END;

-- A browser that is signed in.
CREATE TABLE sessions (
    id            INTEGER PRIMARY KEY,
    secret_sha256 BLOB    NOT NULL UNIQUE CHECK (length(secret_sha256) = 32),
    created_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL
) STRICT;

-- A program that may look (read), change stock (write) or do everything (admin).
CREATE TABLE api_keys (
    id            INTEGER PRIMARY KEY,
    name          TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    scope         TEXT    NOT NULL CHECK (scope IN ('read', 'write', 'admin')),
    secret_sha256 BLOB    NOT NULL UNIQUE CHECK (length(secret_sha256) = 32),
    created_at_ms INTEGER NOT NULL,
    revoked_at_ms INTEGER
) STRICT;
