-- 004_kinds.sql - assets whose bytes are still to come, images, and jobs of
-- any kind that people can follow.
--
-- SQLite cannot change a CHECK, so both tables are made anew, with the numbers
-- that others refer to, and that of the last row ever, kept. Foreign keys are
-- off while this runs and checked at its end (src/catalog/migrate.c).

--   uploading ---> uploaded ---> ready
--       +-------------+--------> rejected
CREATE TABLE asset_anew (
    asset_row INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE
        CHECK (substr(id, 1, length(id) - 26) IN ('m-', 'a-', 'img-')),
    -- The id without its prefix: sorts by time of birth over all kinds.
    birth TEXT NOT NULL UNIQUE CHECK (length(birth) = 26),
    state TEXT NOT NULL
        CHECK (state IN ('uploading', 'uploaded', 'ready', 'rejected')),
    -- What the name promises, until the probe says what it is.
    kind TEXT NOT NULL CHECK (kind IN ('video', 'audio', 'image')),
    name TEXT NOT NULL CHECK (length(CAST(name AS BLOB)) <= 200),
    description TEXT NOT NULL CHECK (length(CAST(description AS BLOB)) <= 5000),
    -- A JSON object.
    metadata TEXT NOT NULL CHECK (length(CAST(metadata AS BLOB)) <= 65536),
    filename TEXT NOT NULL CHECK (length(CAST(filename AS BLOB)) <= 255),
    collection_id TEXT NOT NULL REFERENCES collection (id),
    created_us INTEGER NOT NULL,
    -- No value while the bytes are on their way, and when they never came.
    source_row INTEGER REFERENCES source (source_row)
        CHECK (state <> 'uploading' OR source_row IS NULL)
        CHECK (state IN ('uploading', 'rejected') OR source_row IS NOT NULL),
    -- Raised: all playback grants given out before end.
    epoch INTEGER NOT NULL CHECK (epoch >= 0),
    error_code TEXT CHECK ((error_code IS NULL) = (state <> 'rejected')),
    error_detail TEXT
) STRICT;
INSERT INTO asset_anew
SELECT asset_row, id, birth, state, kind, name, description, metadata,
    filename, collection_id, created_us, source_row, epoch, error_code,
    error_detail
FROM asset;
DELETE FROM sqlite_sequence WHERE name = 'asset_anew';
INSERT INTO sqlite_sequence
SELECT 'asset_anew', seq FROM sqlite_sequence WHERE name = 'asset';

-- Work that is owed.
--
--   queued ---> running ---> done
--    | ^           | |
--    | +-----------+ +-----> failed
--    +-------------+-------> cancelled
CREATE TABLE job_anew (
    job_row INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE CHECK (length(id) BETWEEN 28 AND 31),
    -- probe ladder pull, and others to come: the C code knows them.
    kind TEXT NOT NULL CHECK (length(kind) BETWEEN 1 AND 23),
    -- What it is about; no value: no asset.
    asset_row INTEGER REFERENCES asset (asset_row) ON DELETE CASCADE,
    state TEXT NOT NULL CHECK (
        state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    attempts INTEGER NOT NULL CHECK (attempts >= 0),
    not_before_us INTEGER NOT NULL,
    -- In what the kind counts (pull: bytes); a total of 0 is not known.
    progress_done INTEGER NOT NULL DEFAULT 0 CHECK (progress_done >= 0),
    progress_total INTEGER NOT NULL DEFAULT 0 CHECK (progress_total >= 0),
    error TEXT, -- why it was queued again, or failed
    created_us INTEGER NOT NULL,
    changed_us INTEGER NOT NULL
) STRICT;
-- Older jobs did not know their birth; it is not before their asset's.
INSERT INTO job_anew
SELECT j.job_row, j.id, j.kind, j.asset_row, j.state, j.attempts,
    j.not_before_us, 0, 0, j.error, a.created_us, j.changed_us
FROM job j JOIN asset a ON a.asset_row = j.asset_row;
DELETE FROM sqlite_sequence WHERE name = 'job_anew';
INSERT INTO sqlite_sequence
SELECT 'job_anew', seq FROM sqlite_sequence WHERE name = 'job';

DROP TABLE job; -- with its indexes
ALTER TABLE job_anew RENAME TO job;
DROP TABLE asset;
-- job was made with a reference to "asset", which this is from here on.
ALTER TABLE asset_anew RENAME TO asset;

CREATE INDEX asset_by_collection ON asset (collection_id, birth);
CREATE INDEX asset_by_source ON asset (source_row);
CREATE INDEX job_queued ON job (kind, job_row) WHERE state = 'queued';
CREATE INDEX job_by_asset ON job (asset_row);
CREATE INDEX job_by_state ON job (state, kind);
