-- What turned a crop into a vector, as a number that fits into many rows. Vectors of two embedders cannot be compared.
CREATE TABLE embedders (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE  -- model and version of what was learned on top of it
) STRICT;

-- What a person taught: this box shows that item, or does not. Evidence; taken back, it stays as something that was said.
CREATE TABLE examples (
    id               INTEGER PRIMARY KEY,
    item_id          INTEGER REFERENCES inventory_items (id),  -- NULL: not a thing at all
    positive         INTEGER NOT NULL CHECK (positive IN (0, 1)),
    capture_id       TEXT    NOT NULL REFERENCES captures (id),
    detection_id     INTEGER NOT NULL REFERENCES detections (id),
    drawn            INTEGER NOT NULL CHECK (drawn IN (0, 1)),  -- 1: a person drew the box, the eye had missed it
    taught_by        TEXT    NOT NULL,
    taught_at_ms     INTEGER NOT NULL,
    taken_back_by    TEXT,
    taken_back_at_ms INTEGER,
    -- What the eye held it to be before anybody spoke of it, and who had named it: what the scorecard counts.
    was_item_id      INTEGER REFERENCES inventory_items (id),  -- NULL: it did not count
    was_confidence   REAL    NOT NULL DEFAULT 0,
    was_source       TEXT,
    CHECK (item_id IS NOT NULL OR NOT positive)
) STRICT;
CREATE INDEX examples_by_detection ON examples (detection_id) WHERE taken_back_at_ms IS NULL;
CREATE INDEX examples_by_item ON examples (item_id);
CREATE INDEX examples_by_capture ON examples (capture_id);
CREATE INDEX examples_taken_back ON examples (id) WHERE taken_back_at_ms IS NOT NULL;
CREATE INDEX examples_drawn ON examples (id) WHERE drawn AND taken_back_at_ms IS NULL;

-- The crop itself: it outlives its photograph, so that another embedder can look at it.
CREATE TABLE example_pictures (
    example_id INTEGER NOT NULL PRIMARY KEY REFERENCES examples (id),
    jpeg       BLOB    NOT NULL
) STRICT;

CREATE TABLE example_vectors (
    example_id  INTEGER NOT NULL REFERENCES examples (id),
    embedder_id INTEGER NOT NULL REFERENCES embedders (id),
    vector      BLOB    NOT NULL,
    PRIMARY KEY (embedder_id, example_id)
) STRICT, WITHOUT ROWID;

-- Vectors of an observation's detections, end to end, in the order of their ranks; all zero for one that was not
-- embedded. Derived from the picture, and deleted some time after it: an index would cost a page a photograph.
CREATE TABLE observation_vectors (
    observation_id INTEGER PRIMARY KEY REFERENCES observations (id),
    embedder_id    INTEGER NOT NULL REFERENCES embedders (id),
    vectors        BLOB    NOT NULL
) STRICT;

ALTER TABLE detections ADD COLUMN label_score REAL;  -- of the detector's own name; NULL: before there were two scores
ALTER TABLE detections ADD COLUMN confidence  REAL;  -- that it is `item_id`
-- Who named it: recogniser (from examples), generic (a model's own word), person, barcode; masked: it lies where nothing
-- counts, repeat: the same thing once more. NULL: nobody.
ALTER TABLE detections ADD COLUMN source      TEXT;
ALTER TABLE detections ADD COLUMN place_id    INTEGER REFERENCES places (id);  -- the zone it lay in; NULL: none
-- The score from which detections counted in this photograph.
ALTER TABLE observations ADD COLUMN counted REAL;

-- What a detection is held to be now, where that is another thing than when it was first looked at. Follows from
-- detections, vectors and examples; may be deleted and made again.
CREATE TABLE renamed_detections (
    detection_id INTEGER PRIMARY KEY REFERENCES detections (id),
    item_id      INTEGER REFERENCES inventory_items (id),
    confidence   REAL    NOT NULL,
    source       TEXT
) STRICT;

-- Up to which state of the examples all retained detections were named again, and how far the next pass has come.
CREATE TABLE renaming (
    id                  INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    examples_state      TEXT    NOT NULL,  -- see teaching.gallery
    next_observation_id INTEGER            -- NULL: the pass is over
) STRICT;
INSERT INTO renaming (id, examples_state, next_observation_id) VALUES (1, '', NULL);

-- A part of a camera's view that is a place of its own, as it is or was drawn.
CREATE TABLE zones (
    id                   INTEGER PRIMARY KEY,
    place_id             INTEGER NOT NULL REFERENCES places (id),
    device_id            TEXT    NOT NULL REFERENCES devices (id),
    polygon              TEXT    NOT NULL CHECK (json_valid(polygon)),
    from_observation_id  INTEGER NOT NULL,  -- photographs later than this one show it,
    until_observation_id INTEGER            -- up to this one; NULL: it is still drawn
) STRICT;
CREATE INDEX zones_by_place ON zones (place_id);
CREATE INDEX zones_by_device ON zones (device_id);
-- Zones were drawn before they meant anything: they begin with the next photograph.
CREATE TEMP TABLE drawn AS
SELECT devices.id AS device_id,
       zone.value -> '$.polygon' AS polygon,
       iif(EXISTS (SELECT 1 FROM places
                   WHERE device_id IS NOT NULL AND lower(places.name) = lower(zone.value ->> '$.name')),
           zone.value ->> '$.name' || ' (' || devices.name || ')', zone.value ->> '$.name') AS name
FROM devices, json_each(settings, '$.zones') AS zone
WHERE settings IS NOT NULL AND deleted_at_ms IS NULL;
INSERT INTO places (name)
SELECT min(name) FROM drawn WHERE lower(name) NOT IN (SELECT lower(name) FROM places) GROUP BY lower(name);
INSERT INTO zones (place_id, device_id, polygon, from_observation_id)
SELECT (SELECT min(id) FROM places WHERE lower(places.name) = lower(drawn.name)), device_id, polygon,
       (SELECT coalesce(max(id), 0) FROM observations)
FROM drawn;
DROP TABLE drawn;

-- Codes seen in a photograph. Evidence.
CREATE TABLE barcodes (
    id             INTEGER PRIMARY KEY,
    observation_id INTEGER NOT NULL REFERENCES observations (id),
    code           TEXT    NOT NULL,
    format         TEXT    NOT NULL,
    box_left       REAL    NOT NULL,
    box_top        REAL    NOT NULL,
    box_right      REAL    NOT NULL,
    box_bottom     REAL    NOT NULL
) STRICT;
CREATE INDEX barcodes_by_observation ON barcodes (observation_id);
CREATE INDEX barcodes_by_code ON barcodes (code);

-- What a code is, as this household said.
CREATE TABLE products (
    code          TEXT    NOT NULL PRIMARY KEY,
    item_id       INTEGER NOT NULL REFERENCES inventory_items (id),
    learned_by    TEXT    NOT NULL,
    learned_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX products_by_item ON products (item_id);

-- Words on labels, where the extra that reads them is installed.
CREATE TABLE label_texts (
    detection_id INTEGER PRIMARY KEY REFERENCES detections (id),
    text         TEXT    NOT NULL
) STRICT;

-- Which model is in force for what; the newest row of a role counts, and without one the shipped model.
CREATE TABLE model_roles (
    id             INTEGER PRIMARY KEY,
    role           TEXT    NOT NULL CHECK (role IN ('detector', 'embedder')),
    model          TEXT    NOT NULL,
    previous       TEXT    NOT NULL,
    promoted_by    TEXT    NOT NULL,
    promoted_at_ms INTEGER NOT NULL
) STRICT;

-- Which photograph of a device is, or was last, looked at: one that comes while nothing waits is never in an index of
-- those that wait, and that saves two pages a photograph.
ALTER TABLE devices ADD COLUMN analyzing_seq INTEGER;
UPDATE devices
SET analyzing_seq = (SELECT max(seq) FROM captures WHERE device_id = devices.id AND status = 'analyzing');
DROP INDEX captures_waiting;
CREATE INDEX captures_waiting ON captures (seq) WHERE status = 'stored';

-- How often the evidence about a place changed below what was folded: a fold that was begun before the last time says
-- nothing about the present.
ALTER TABLE places ADD COLUMN outdated_count INTEGER NOT NULL DEFAULT 0;
