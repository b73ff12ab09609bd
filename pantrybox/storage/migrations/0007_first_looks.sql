-- The first look at the same photograph, which names it in shelves; NULL: itself, or, before there was this, `position`.
ALTER TABLE observations ADD COLUMN first_id INTEGER;

CREATE INDEX words_by_place ON words (place_id, said_at_ms);
