-- The owner: there is one, or nobody has claimed the box yet.
CREATE TABLE owners (
    id              INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    passphrase_hash TEXT    NOT NULL,  -- scrypt$N$r$p$salt$hash
    claimed_at_ms   INTEGER NOT NULL,
    changed_at_ms   INTEGER NOT NULL
) STRICT;

ALTER TABLE sessions ADD COLUMN user_agent TEXT;  -- what the browser calls itself, so that its owner knows it again
ALTER TABLE sessions ADD COLUMN peer TEXT;        -- the address it signed in from

-- Who did what. No secret is ever written here.
CREATE TABLE audit_log (
    id      INTEGER PRIMARY KEY,
    at_ms   INTEGER NOT NULL,
    actor   TEXT    NOT NULL,  -- owner, console, key NAME, box
    act     TEXT    NOT NULL,  -- such as device.registered
    target  TEXT,              -- what it was done to
    details TEXT    CHECK (details IS NULL OR json_valid(details))
) STRICT;

-- 'phone': the one device that is no camera. The owner's own photographs hang on it, under an id that no camera can have.
ALTER TABLE devices ADD COLUMN kind TEXT NOT NULL DEFAULT 'camera' CHECK (kind IN ('camera', 'phone'));
ALTER TABLE devices ADD COLUMN settings TEXT CHECK (settings IS NULL OR json_valid(settings));
ALTER TABLE devices ADD COLUMN telemetry TEXT CHECK (telemetry IS NULL OR json_valid(telemetry));  -- the newest
-- Counters: what the storage holds is known without counting files.
ALTER TABLE devices ADD COLUMN image_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE devices ADD COLUMN image_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE devices ADD COLUMN failed_count INTEGER NOT NULL DEFAULT 0;
UPDATE devices
SET image_count = (SELECT count(*) FROM captures WHERE device_id = devices.id AND image_path IS NOT NULL),
    image_bytes = (SELECT coalesce(sum(size_bytes), 0) FROM captures WHERE device_id = devices.id AND image_path IS NOT NULL),
    failed_count = (SELECT count(*) FROM captures WHERE device_id = devices.id AND status = 'failed');
CREATE TRIGGER captures_that_failed_are_counted AFTER UPDATE OF status ON captures
WHEN (OLD.status = 'failed') <> (NEW.status = 'failed')
BEGIN
    UPDATE devices
    SET failed_count = failed_count + iif(NEW.status = 'failed', 1, -1)
    WHERE id = NEW.device_id;
END;
CREATE TRIGGER captures_stored_as_failed_are_counted AFTER INSERT ON captures
WHEN NEW.status = 'failed'
BEGIN
    UPDATE devices SET failed_count = failed_count + 1 WHERE id = NEW.device_id;
END;
INSERT INTO devices (id, name, token_sha256, created_at_ms, kind)
VALUES ('_phone', 'Phone', randomblob(32), 0, 'phone');

-- NULL: what its camera looks at. Else the place that somebody chose for a photograph from the phone.
ALTER TABLE captures ADD COLUMN place_id INTEGER REFERENCES places (id);
-- How long this box had been running in its life when the photograph came: no step of the clock makes that older.
ALTER TABLE captures ADD COLUMN running_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE captures ADD COLUMN clock_synced INTEGER NOT NULL DEFAULT 0 CHECK (clock_synced IN (0, 1));

DROP INDEX captures_failed;
CREATE INDEX captures_failed ON captures (device_id, received_at_ms) WHERE status = 'failed';
CREATE INDEX captures_failed_in_order ON captures (seq) WHERE status = 'failed';
CREATE INDEX captures_with_image ON captures (received_at_ms) WHERE image_path IS NOT NULL;

-- Where an observation stands in the order of folding. A second look at a photograph takes the place of the first.
ALTER TABLE observations ADD COLUMN position INTEGER;  -- NULL: its own id
-- The events that followed from it are lines [first_event_id, first_event_id + event_count) of the ledger.
ALTER TABLE observations ADD COLUMN first_event_id INTEGER;
ALTER TABLE observations ADD COLUMN event_count INTEGER NOT NULL DEFAULT 0;
DROP TRIGGER observations_are_never_changed;
UPDATE observations
SET first_event_id = (SELECT min(id) FROM inventory_events AS event WHERE event.capture_id = observations.capture_id),
    event_count = (SELECT count(*) FROM inventory_events AS event WHERE event.capture_id = observations.capture_id);
CREATE TRIGGER observations_are_never_changed BEFORE UPDATE ON observations
BEGIN SELECT RAISE(ABORT, 'evidence is never changed'); END;

-- What a person said: evidence like a photograph, folded after the observations up to `position`.
CREATE TABLE words (
    id           INTEGER PRIMARY KEY,
    position     INTEGER NOT NULL,
    kind         TEXT    NOT NULL CHECK (kind IN ('count', 'merge')),
    item_id      INTEGER NOT NULL REFERENCES inventory_items (id),
    place_id     INTEGER NOT NULL REFERENCES places (id),
    count        INTEGER CHECK (count BETWEEN 0 AND 9999),  -- 'count': so many are there
    confidence   REAL    NOT NULL DEFAULT 1 CHECK (confidence BETWEEN 0 AND 1),
    from_item_id INTEGER REFERENCES inventory_items (id),  -- 'merge': what was taken for another thing is this one
    undoes       INTEGER UNIQUE REFERENCES inventory_events (id),  -- a line of the ledger is undone once
    said_by      TEXT    NOT NULL,
    said_at_ms   INTEGER NOT NULL,
    seen_at_ms   INTEGER,  -- an import may tell of something seen earlier
    CHECK (kind <> 'count' OR count IS NOT NULL),
    CHECK (kind <> 'merge' OR from_item_id IS NOT NULL)
) STRICT;

CREATE TRIGGER words_are_never_replaced BEFORE INSERT ON words
WHEN EXISTS (SELECT 1 FROM words WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'evidence is never changed'); END;
CREATE TRIGGER words_are_never_changed BEFORE UPDATE ON words
BEGIN SELECT RAISE(ABORT, 'evidence is never changed'); END;
CREATE TRIGGER words_are_never_deleted BEFORE DELETE ON words
BEGIN SELECT RAISE(ABORT, 'evidence is never changed'); END;

ALTER TABLE inventory_events ADD COLUMN word_id INTEGER REFERENCES words (id);
-- One index less a photograph: its events are found through its observation.
DROP INDEX inventory_events_by_capture;
CREATE INDEX inventory_events_by_item ON inventory_events (item_id, happened_at_ms);
-- With the type in it, events of other types are passed over without a look at the table.
CREATE INDEX inventory_events_by_time ON inventory_events (happened_at_ms, id, event_type);

ALTER TABLE inventory_items ADD COLUMN minimum INTEGER CHECK (minimum BETWEEN 0 AND 9999);
ALTER TABLE inventory_items ADD COLUMN note TEXT;
-- The item that this one turned out to be. Never a chain: what was merged into this one is merged on.
ALTER TABLE inventory_items ADD COLUMN merged_into INTEGER REFERENCES inventory_items (id);
CREATE INDEX inventory_items_merged ON inventory_items (merged_into) WHERE merged_into IS NOT NULL;

-- Other names of an item. A name is a canonical name or an alias, of one item.
CREATE TABLE item_aliases (
    name_key TEXT    NOT NULL PRIMARY KEY,  -- case-folded
    alias    TEXT    NOT NULL CHECK (length(alias) BETWEEN 1 AND 200),
    item_id  INTEGER NOT NULL REFERENCES inventory_items (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX item_aliases_by_item ON item_aliases (item_id);

-- A belief says from which count on it gives probabilities: far from zero, the impossible ones are not written.
UPDATE inventory_state SET belief = json_object('low', 0, 'p', json(belief));
-- 1: evidence changed below what was folded already; to be folded again.
ALTER TABLE places ADD COLUMN outdated INTEGER NOT NULL DEFAULT 0 CHECK (outdated IN (0, 1));
UPDATE places SET outdated = 1;

CREATE TABLE shopping_list (
    id            INTEGER PRIMARY KEY,
    item_id       INTEGER REFERENCES inventory_items (id),  -- NULL: something that the box does not keep
    name          TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    quantity      INTEGER CHECK (quantity BETWEEN 1 AND 9999),
    note          TEXT,
    reason        TEXT    NOT NULL CHECK (reason IN ('low', 'person')),
    added_at_ms   INTEGER NOT NULL,
    ticked_at_ms  INTEGER,
    ticked_by     TEXT    CHECK (ticked_by IN ('camera', 'person')),
    removed_at_ms INTEGER
) STRICT;
CREATE UNIQUE INDEX shopping_list_open ON shopping_list (item_id)
WHERE item_id IS NOT NULL AND ticked_at_ms IS NULL AND removed_at_ms IS NULL;  -- a thing stands there once
CREATE INDEX shopping_list_shown ON shopping_list (ticked_at_ms) WHERE removed_at_ms IS NULL;

-- A wish to look again at the photographs `from_seq`..`to_seq` that were taken in [from_ms, to_ms); its own cursor.
CREATE TABLE reprocess_runs (
    id              INTEGER PRIMARY KEY,
    from_seq        INTEGER NOT NULL,
    to_seq          INTEGER NOT NULL,
    from_ms         INTEGER,
    to_ms           INTEGER,
    next_seq        INTEGER NOT NULL,
    total           INTEGER NOT NULL,
    done            INTEGER NOT NULL DEFAULT 0,
    failed          INTEGER NOT NULL DEFAULT 0,
    asked_by        TEXT    NOT NULL,
    asked_at_ms     INTEGER NOT NULL,
    ended_at_ms     INTEGER,
    cancelled       INTEGER NOT NULL DEFAULT 0 CHECK (cancelled IN (0, 1))
) STRICT;
CREATE INDEX reprocess_runs_open ON reprocess_runs (id) WHERE ended_at_ms IS NULL;

-- What the box did by itself or was asked to do, and how it went.
CREATE TABLE job_runs (
    id            INTEGER PRIMARY KEY,
    job           TEXT    NOT NULL,  -- retention, quota, sweep, ...
    asked_by      TEXT    NOT NULL,  -- schedule, or who asked
    started_at_ms INTEGER NOT NULL,
    ended_at_ms   INTEGER,           -- NULL: runs, or was cut off
    outcome       TEXT    CHECK (outcome IN ('done', 'refused', 'failed')),
    deleted_count INTEGER NOT NULL DEFAULT 0,
    freed_bytes   INTEGER NOT NULL DEFAULT 0,
    errors        TEXT    NOT NULL DEFAULT '[]' CHECK (json_valid(errors)),  -- sentences
    details       TEXT    CHECK (details IS NULL OR json_valid(details))
) STRICT;
CREATE INDEX job_runs_by_job ON job_runs (job, id);
