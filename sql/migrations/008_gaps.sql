-- 008_gaps.sql - what facts about black pictures and silence between clips
-- refer to: a source without bytes, which no asset has, and its recipe.

INSERT INTO source (source_row, sha256, size_bytes)
VALUES (-1, zeroblob(32), 0);
INSERT INTO recipe (recipe_row, sha256, body) VALUES (-1, zeroblob(32), '');
