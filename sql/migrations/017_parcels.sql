-- 017_parcels.sql - one-time upload addresses, and what came to them.
--
--   out: no bytes ---> held: bytes in the store ---> claimed: no row
--
-- An address is a secret; only its hash is here.

CREATE TABLE parcel (
    token_sha256 BLOB PRIMARY KEY CHECK (length(token_sha256) = 32),
    key_id TEXT NOT NULL, -- who asked for the address
    expires_us INTEGER NOT NULL,
    sha256 BLOB CHECK (length(sha256) = 32), -- of what came; NULL: nothing yet
    size_bytes INTEGER CHECK (size_bytes > 0),
    kind TEXT CHECK (kind IN ('video', 'audio', 'image')), -- a guess
    filename TEXT CHECK (length(CAST(filename AS BLOB)) <= 255),
    CHECK ((sha256 IS NULL) = (size_bytes IS NULL)
        AND (sha256 IS NULL) = (kind IS NULL)
        AND (sha256 IS NULL) = (filename IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX parcel_by_expiry ON parcel (expires_us);
CREATE INDEX parcel_by_source ON parcel (sha256) WHERE sha256 IS NOT NULL;
