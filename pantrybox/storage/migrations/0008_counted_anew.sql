-- The rules by which shelves follow from the evidence are others now: every place is folded again.
UPDATE places SET outdated = 1, outdated_count = outdated_count + 1;
