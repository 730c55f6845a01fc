-- 007_uploads.sql - resumable uploads.
--
--   uploading 0 ---> finishing 1 ---> finished 2 ---> rejected 3

CREATE TABLE upload (
    id TEXT PRIMARY KEY CHECK (length(id) = 28),
    key_id TEXT NOT NULL, -- of whom it is
    state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 3),
    kind INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 2), -- whole part final
    length_bytes INTEGER CHECK (length_bytes >= 0), -- NULL: not told yet
    created_us INTEGER NOT NULL,
    expires_us INTEGER NOT NULL,
    -- Upload-Metadata and Upload-Concat as they were sent.
    metadata TEXT NOT NULL CHECK (length(CAST(metadata AS BLOB)) <= 32768),
    concat TEXT NOT NULL CHECK (length(CAST(concat AS BLOB)) <= 32768),
    -- What it becomes: told before the bytes are in the store under their key.
    asset_id TEXT CHECK ((asset_id IS NULL) = (state = 0)),
    sha256 BLOB CHECK (length(sha256) = 32),
    error_code TEXT CHECK ((error_code IS NULL) = (state <> 3)),
    error_detail TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX upload_by_key ON upload (key_id) WHERE state < 2;
CREATE INDEX upload_by_expiry ON upload (expires_us);
CREATE INDEX upload_by_asset ON upload (asset_id) WHERE asset_id IS NOT NULL;
-- Bytes on their way from the one to the other.
CREATE INDEX upload_by_source ON upload (sha256) WHERE state = 1;
