-- parcel.sql - upload addresses, and what came to them (017_parcels.sql).

-- name: parcel_get
SELECT key_id, expires_us, sha256 IS NOT NULL, sha256, size_bytes, kind,
    filename
FROM parcel WHERE token_sha256 = :token AND expires_us > :now_us;

-- name: parcel_count
SELECT count(*) FROM parcel;

-- name: parcel_open
INSERT INTO parcel (token_sha256, key_id, expires_us)
VALUES (:token, :key, :expires_us);

-- name: parcel_hold
-- Also where the address expired while the bytes came. No row: others came
-- first.
INSERT INTO parcel (token_sha256, key_id, expires_us, sha256, size_bytes, kind,
    filename)
VALUES (:token, :key, :expires_us, :sha256, :size_bytes, :kind, :filename)
ON CONFLICT (token_sha256) DO UPDATE
SET expires_us = excluded.expires_us, sha256 = excluded.sha256,
    size_bytes = excluded.size_bytes, kind = excluded.kind,
    filename = excluded.filename
WHERE sha256 IS NULL
RETURNING 1;

-- name: parcel_take
DELETE FROM parcel WHERE token_sha256 = :token AND sha256 IS NOT NULL
RETURNING 1;

-- name: parcel_expire
DELETE FROM parcel WHERE expires_us <= :now_us;
