-- 002_clips.sql - pieces that only clips play.
--
-- Kind 4 of a piece is an *edge*: a segment (or I-frame, or TS) that a clip's
-- border cuts, or one that stands in for what an asset lacks. Its number says
-- where in the asset it lies and does not count as that segment. SQLite cannot
-- change a CHECK, so the table is made anew; room for kinds to come is left.
--
-- A rendition on standby is made for clips alone.

ALTER TABLE rendition ADD COLUMN
    is_standby INTEGER NOT NULL DEFAULT 0 CHECK (is_standby IN (0, 1));

CREATE TABLE piece_anew (
    piece_row INTEGER PRIMARY KEY,
    blob_key BLOB NOT NULL UNIQUE CHECK (length(blob_key) = 32),
    source_row INTEGER NOT NULL REFERENCES source (source_row),
    recipe_row INTEGER NOT NULL REFERENCES recipe (recipe_row),
    -- init segment iframe ts edge; from 5 on not given out yet
    kind INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 15),
    number INTEGER NOT NULL CHECK (number BETWEEN 0 AND 4294967295),
    duration_us INTEGER NOT NULL CHECK (duration_us >= 0), -- 0 is init
    size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),
    -- size_bytes * 8 over duration_us, rounded up; 0 is init.
    rate_bps INTEGER NOT NULL CHECK (rate_bps >= 0),
    used_us INTEGER NOT NULL -- when it was served last, about
) STRICT;
INSERT INTO piece_anew
SELECT piece_row, blob_key, source_row, recipe_row, kind, number, duration_us,
    size_bytes, rate_bps, used_us
FROM piece;
DROP TABLE piece; -- with its indexes and triggers
ALTER TABLE piece_anew RENAME TO piece;

-- Which numbers are made: read from the index alone.
CREATE INDEX piece_by_place
    ON piece (source_row, recipe_row, kind, number);
-- The fastest piece of a rendition is the last one of its range.
CREATE INDEX piece_by_rate
    ON piece (source_row, recipe_row, kind, rate_bps, duration_us)
    WHERE duration_us > 0;
-- The coldest first; inits are small and always wanted, so they stay.
CREATE INDEX piece_by_use ON piece (used_us) WHERE kind <> 0;

CREATE TRIGGER piece_is_made AFTER INSERT ON piece BEGIN
    INSERT INTO made
    VALUES (new.source_row, new.recipe_row, new.kind, 1, new.size_bytes,
            new.duration_us)
    ON CONFLICT (source_row, recipe_row, kind) DO UPDATE
    SET pieces = pieces + 1, size_bytes = size_bytes + excluded.size_bytes,
        duration_us = duration_us + excluded.duration_us;
    UPDATE ledger SET piece_bytes = piece_bytes + new.size_bytes;
END;

CREATE TRIGGER piece_is_gone AFTER DELETE ON piece BEGIN
    UPDATE made
    SET pieces = pieces - 1, size_bytes = size_bytes - old.size_bytes,
        duration_us = duration_us - old.duration_us
    WHERE source_row = old.source_row AND recipe_row = old.recipe_row
        AND kind = old.kind;
    UPDATE ledger SET piece_bytes = piece_bytes - old.size_bytes;
END;
