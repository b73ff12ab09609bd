-- What became of things that an earlier photograph of the view showed, where this one finds nothing. Evidence, read from
-- pixels that will be deleted: the boxes are those of the earlier detections.
CREATE TABLE glances (
    observation_id INTEGER NOT NULL REFERENCES observations (id),
    rank           INTEGER NOT NULL,
    box_left       REAL    NOT NULL,
    box_top        REAL    NOT NULL,
    box_right      REAL    NOT NULL,
    box_bottom     REAL    NOT NULL,
    verdict        TEXT    NOT NULL CHECK (verdict IN ('unchanged', 'covered', 'gone')),
    PRIMARY KEY (observation_id, rank)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER glances_are_never_replaced BEFORE INSERT ON glances
WHEN EXISTS (SELECT 1 FROM glances WHERE observation_id = NEW.observation_id AND rank = NEW.rank)
BEGIN SELECT RAISE(ABORT, 'evidence is never changed'); END;
CREATE TRIGGER glances_are_never_changed BEFORE UPDATE ON glances
BEGIN SELECT RAISE(ABORT, 'evidence is never changed'); END;
CREATE TRIGGER glances_are_never_deleted BEFORE DELETE ON glances
BEGIN SELECT RAISE(ABORT, 'evidence is never changed'); END;

-- 1: taken before a photograph that had been folded already; it takes its turn behind the one at `position`, by its time.
ALTER TABLE observations ADD COLUMN late INTEGER NOT NULL DEFAULT 0 CHECK (late IN (0, 1));
-- 1: the camera stood otherwise than in the photograph before.
ALTER TABLE observations ADD COLUMN moved INTEGER NOT NULL DEFAULT 0 CHECK (moved IN (0, 1));

-- Where a camera saw what the word is about: it is to be found in that camera's next photograph. NULL: nobody sees it.
ALTER TABLE words ADD COLUMN camera TEXT REFERENCES devices (id);

-- Units that are believed to be there though they are not seen, and what stands in front of them.
ALTER TABLE inventory_state ADD COLUMN hidden_count INTEGER NOT NULL DEFAULT 0 CHECK (hidden_count >= 0);
ALTER TABLE inventory_state ADD COLUMN behind_item_id INTEGER REFERENCES inventory_items (id);

-- Whether the picture in the box is as it was in the photograph before of this view; NULL: there was none to compare with.
ALTER TABLE detections ADD COLUMN still INTEGER CHECK (still IN (0, 1));

-- What is believed to stand at a place, thing by thing (inventory.shelf). Follows from the evidence, like the beliefs.
CREATE TABLE shelves (
    place_id INTEGER NOT NULL PRIMARY KEY REFERENCES places (id),
    state    TEXT    NOT NULL CHECK (json_valid(state))
) STRICT;
-- Beliefs follow from more than counts now.
UPDATE places SET outdated = 1, outdated_count = outdated_count + 1;
