-- 001_first.sql - the catalog of reeld.
--
--   asset ---> source <--- piece ---> recipe
--     |                                 ^
--     +--- plan, track, rendition ------+
--     +--- job
--
-- An *asset* is what a client uploaded; a *source* is its bytes, one row however
-- often they were uploaded. A *recipe* is all that decides the bytes of one
-- rendition. A *piece* is the fact that one blob was made out of a source by a
-- recipe: without a row here the blob does not exist for anybody.
--
-- Numbers that other rows refer to are this database's own and are never given
-- out again. Times of day are microseconds since 1970 in UTC, media times
-- microseconds, sizes bytes. Digests are the 32 bytes of a SHA-256. Enumerations
-- that are kept as numbers name their values here; the C code asserts the same.
--
-- A released migration is never edited: its hash is kept in `migration` and
-- compared at each start.

CREATE TABLE migration (
    version INTEGER PRIMARY KEY,
    sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
    applied_us INTEGER NOT NULL
) STRICT;

-- One row, changed by every transaction.
CREATE TABLE ledger (
    ledger_row INTEGER PRIMARY KEY CHECK (ledger_row = 1),
    -- A random number written by each transaction: after a COMMIT that failed
    -- half way it tells whether the transaction is there or not.
    turn INTEGER NOT NULL,
    -- The sum of piece.size_bytes, kept by the triggers below.
    piece_bytes INTEGER NOT NULL CHECK (piece_bytes >= 0)
) STRICT;
INSERT INTO ledger VALUES (1, 0, 0);

-- Small named values: grant keys and the like.
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE collection (
    id TEXT PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 31),
    name TEXT NOT NULL CHECK (length(CAST(name AS BLOB)) <= 200),
    description TEXT NOT NULL CHECK (length(CAST(description AS BLOB)) <= 1023),
    created_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO collection VALUES ('default', 'default', '', unixepoch() * 1000000);

-- Uploaded bytes; `sha256` is their key in the store as well.
CREATE TABLE source (
    source_row INTEGER PRIMARY KEY AUTOINCREMENT,
    sha256 BLOB NOT NULL UNIQUE CHECK (length(sha256) = 32),
    size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0)
) STRICT;

-- `body` is the canonical text of a recipe, `sha256` its hash.
CREATE TABLE recipe (
    recipe_row INTEGER PRIMARY KEY AUTOINCREMENT,
    sha256 BLOB NOT NULL UNIQUE CHECK (length(sha256) = 32),
    body TEXT NOT NULL
) STRICT;

--   uploaded ---> ready
--       +-------> rejected
CREATE TABLE asset (
    asset_row INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE CHECK (length(id) BETWEEN 28 AND 31),
    -- The id without its prefix: sorts by time of birth over all kinds.
    birth TEXT NOT NULL UNIQUE CHECK (length(birth) = 26),
    state TEXT NOT NULL CHECK (state IN ('uploaded', 'ready', 'rejected')),
    kind TEXT NOT NULL CHECK (kind IN ('video', 'audio')),
    name TEXT NOT NULL CHECK (length(CAST(name AS BLOB)) <= 200),
    description TEXT NOT NULL CHECK (length(CAST(description AS BLOB)) <= 5000),
    -- A JSON object.
    metadata TEXT NOT NULL CHECK (length(CAST(metadata AS BLOB)) <= 65536),
    filename TEXT NOT NULL CHECK (length(CAST(filename AS BLOB)) <= 255),
    collection_id TEXT NOT NULL REFERENCES collection (id),
    created_us INTEGER NOT NULL,
    source_row INTEGER NOT NULL REFERENCES source (source_row),
    -- Raised: all playback grants given out before end.
    epoch INTEGER NOT NULL CHECK (epoch >= 0),
    error_code TEXT CHECK ((error_code IS NULL) = (state <> 'rejected')),
    error_detail TEXT
) STRICT;
CREATE INDEX asset_by_collection ON asset (collection_id, birth);
CREATE INDEX asset_by_source ON asset (source_row);

-- Borders of GOPs and segments of a ready asset, as model/plan packs them.
CREATE TABLE plan (
    asset_row INTEGER PRIMARY KEY REFERENCES asset (asset_row)
        ON DELETE CASCADE,
    packed BLOB NOT NULL CHECK (length(packed) BETWEEN 1 AND 16777216)
) STRICT;

-- What the probe found: struct track, field by field.
CREATE TABLE track (
    asset_row INTEGER NOT NULL REFERENCES asset (asset_row) ON DELETE CASCADE,
    number INTEGER NOT NULL CHECK (number BETWEEN 0 AND 31),
    stream INTEGER NOT NULL,
    kind INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 2), -- video audio text
    codec TEXT NOT NULL CHECK (length(CAST(codec AS BLOB)) < 32),
    codecs TEXT NOT NULL CHECK (length(CAST(codecs AS BLOB)) < 40),
    language TEXT NOT NULL CHECK (length(CAST(language AS BLOB)) < 12),
    title TEXT NOT NULL CHECK (length(CAST(title AS BLOB)) < 64),
    is_default INTEGER NOT NULL CHECK (is_default IN (0, 1)),
    is_playable INTEGER NOT NULL CHECK (is_playable IN (0, 1)),
    bitrate_bps INTEGER NOT NULL CHECK (bitrate_bps >= 0),
    coded_width INTEGER NOT NULL, -- pixels
    coded_height INTEGER NOT NULL,
    sample_aspect_num INTEGER NOT NULL,
    sample_aspect_den INTEGER NOT NULL,
    rotation INTEGER NOT NULL CHECK (rotation IN (0, 90, 180, 270)), -- degrees
    is_mirrored INTEGER NOT NULL CHECK (is_mirrored IN (0, 1)),
    frame_rate_num INTEGER NOT NULL, -- a second
    frame_rate_den INTEGER NOT NULL,
    bit_depth INTEGER NOT NULL,
    chroma INTEGER NOT NULL,
    is_interlaced INTEGER NOT NULL CHECK (is_interlaced IN (0, 1)),
    is_full_range INTEGER NOT NULL CHECK (is_full_range IN (0, 1)),
    transfer INTEGER NOT NULL CHECK (transfer BETWEEN 0 AND 2), -- SDR PQ HLG
    channels INTEGER NOT NULL,
    sample_rate INTEGER NOT NULL, -- Hz
    is_copyable INTEGER NOT NULL CHECK (is_copyable IN (0, 1)),
    PRIMARY KEY (asset_row, number)
) STRICT, WITHOUT ROWID;

-- What can be played: struct rendition and, behind recipe_row, struct recipe.
CREATE TABLE rendition (
    asset_row INTEGER NOT NULL REFERENCES asset (asset_row) ON DELETE CASCADE,
    number INTEGER NOT NULL CHECK (number BETWEEN 0 AND 47),
    recipe_row INTEGER NOT NULL REFERENCES recipe (recipe_row),
    name TEXT NOT NULL CHECK (length(CAST(name AS BLOB)) BETWEEN 1 AND 23),
    codecs TEXT NOT NULL CHECK (length(CAST(codecs AS BLOB)) < 40),
    track INTEGER NOT NULL CHECK (track BETWEEN 0 AND 31),
    audio INTEGER NOT NULL CHECK (audio BETWEEN -1 AND 31), -- -1 is video
    timescale INTEGER NOT NULL CHECK (timescale > 0), -- ticks a second
    width INTEGER NOT NULL, -- pixels, 0 is audio
    height INTEGER NOT NULL,
    frame_rate_num INTEGER NOT NULL,
    frame_rate_den INTEGER NOT NULL,
    declared_bps INTEGER NOT NULL,
    kind INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 2), -- as in track
    mode INTEGER NOT NULL CHECK (mode BETWEEN 0 AND 1), -- copy encode
    stream INTEGER NOT NULL,
    deinterlace INTEGER NOT NULL CHECK (deinterlace IN (0, 1)),
    rotation INTEGER NOT NULL CHECK (rotation IN (0, 90, 180, 270)),
    is_mirrored INTEGER NOT NULL CHECK (is_mirrored IN (0, 1)),
    is_full_range INTEGER NOT NULL CHECK (is_full_range IN (0, 1)),
    transfer INTEGER NOT NULL CHECK (transfer BETWEEN 0 AND 2),
    sizes TEXT NOT NULL, -- of the chain, from the top: "1920x1080 1280x720"
    recipe_rate_cap_num INTEGER NOT NULL,
    recipe_rate_cap_den INTEGER NOT NULL,
    recipe_rate_num INTEGER NOT NULL,
    recipe_rate_den INTEGER NOT NULL,
    crf INTEGER NOT NULL,
    cap_bps INTEGER NOT NULL,
    level INTEGER NOT NULL,
    preset TEXT NOT NULL CHECK (length(CAST(preset AS BLOB)) < 16),
    sample_rate INTEGER NOT NULL,
    channels INTEGER NOT NULL,
    bitrate_bps INTEGER NOT NULL,
    grid_origin_samples INTEGER NOT NULL,
    PRIMARY KEY (asset_row, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX rendition_by_recipe ON rendition (recipe_row);

-- What has been made. `blob_key` is its name in the store.
CREATE TABLE piece (
    piece_row INTEGER PRIMARY KEY,
    blob_key BLOB NOT NULL UNIQUE CHECK (length(blob_key) = 32),
    source_row INTEGER NOT NULL REFERENCES source (source_row),
    recipe_row INTEGER NOT NULL REFERENCES recipe (recipe_row),
    kind INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 3), -- init segment iframe ts
    number INTEGER NOT NULL CHECK (number BETWEEN 0 AND 4294967295),
    duration_us INTEGER NOT NULL CHECK (duration_us >= 0), -- 0 is init
    size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),
    -- size_bytes * 8 over duration_us, rounded up; 0 is init.
    rate_bps INTEGER NOT NULL CHECK (rate_bps >= 0),
    used_us INTEGER NOT NULL -- when it was served last, about
) STRICT;
-- Which numbers are made: read from the index alone.
CREATE INDEX piece_by_place
    ON piece (source_row, recipe_row, kind, number);
-- The fastest piece of a rendition is the last one of its range.
CREATE INDEX piece_by_rate
    ON piece (source_row, recipe_row, kind, rate_bps, duration_us)
    WHERE duration_us > 0;
-- The coldest first; inits are small and always wanted, so they stay.
CREATE INDEX piece_by_use ON piece (used_us) WHERE kind <> 0;

-- Sums over the pieces of one kind, so that a manifest costs one row and not
-- one a segment. Kept by the triggers, never written otherwise.
CREATE TABLE made (
    source_row INTEGER NOT NULL REFERENCES source (source_row)
        ON DELETE CASCADE,
    recipe_row INTEGER NOT NULL REFERENCES recipe (recipe_row),
    kind INTEGER NOT NULL,
    pieces INTEGER NOT NULL CHECK (pieces >= 0),
    size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),
    duration_us INTEGER NOT NULL CHECK (duration_us >= 0),
    PRIMARY KEY (source_row, recipe_row, kind)
) STRICT, WITHOUT ROWID;

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

-- Work that is owed.
--
--   queued ---> running ---> done
--      ^           | |
--      +-----------+ +-----> failed
CREATE TABLE job (
    job_row INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE CHECK (length(id) BETWEEN 28 AND 31),
    kind TEXT NOT NULL CHECK (kind IN ('probe', 'ladder')),
    asset_row INTEGER NOT NULL REFERENCES asset (asset_row) ON DELETE CASCADE,
    state TEXT NOT NULL
        CHECK (state IN ('queued', 'running', 'done', 'failed')),
    attempts INTEGER NOT NULL CHECK (attempts >= 0),
    not_before_us INTEGER NOT NULL,
    error TEXT, -- why it was queued again, or failed
    changed_us INTEGER NOT NULL
) STRICT;
CREATE INDEX job_queued ON job (kind, job_row) WHERE state = 'queued';
CREATE INDEX job_by_asset ON job (asset_row);
CREATE INDEX job_by_state ON job (kind, state);

CREATE TABLE api_key (
    id TEXT PRIMARY KEY CHECK (length(id) BETWEEN 28 AND 31),
    secret_sha256 BLOB NOT NULL CHECK (length(secret_sha256) = 32),
    scopes INTEGER NOT NULL CHECK (scopes BETWEEN 0 AND 7), -- read ingest admin
    label TEXT NOT NULL CHECK (length(CAST(label AS BLOB)) < 64),
    created_us INTEGER NOT NULL,
    revoked_us INTEGER NOT NULL -- 0 is live
) STRICT, WITHOUT ROWID;

-- Answers kept for repeated POSTs, by Idempotency-Key. `key_sha256` is of the
-- key, the caller and the endpoint.
CREATE TABLE idempotency (
    key_sha256 BLOB PRIMARY KEY CHECK (length(key_sha256) = 32),
    request_sha256 BLOB NOT NULL CHECK (length(request_sha256) = 32),
    -- 0: in flight; below 200: a note for a repeat, the answer comes later.
    status INTEGER NOT NULL CHECK (status BETWEEN 0 AND 599),
    body TEXT NOT NULL,
    created_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_by_age ON idempotency (created_us);
