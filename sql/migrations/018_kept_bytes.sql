-- 018_kept_bytes.sql - what is kept of a dropped source cannot be made again, so
-- what its bytes are is known, and a scrub holds them against it.

-- NULL: not known; what is not kept can be made again.
ALTER TABLE piece ADD COLUMN bytes_sha256 BLOB
    CHECK (length(bytes_sha256) = 32);
