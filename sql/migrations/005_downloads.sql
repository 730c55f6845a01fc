-- 005_downloads.sql - files of what several assets play.
--
-- A piece has one source and one recipe; kind 6, a *download*, is made of the
-- pieces of many. `shown` names each that it shows once, so that it goes when
-- one of them does.

CREATE TABLE shown (
    piece_row INTEGER NOT NULL REFERENCES piece (piece_row) ON DELETE CASCADE,
    source_row INTEGER NOT NULL REFERENCES source (source_row),
    recipe_row INTEGER NOT NULL REFERENCES recipe (recipe_row),
    PRIMARY KEY (piece_row, source_row, recipe_row)
) STRICT, WITHOUT ROWID;
CREATE INDEX shown_by_source ON shown (source_row, recipe_row);
