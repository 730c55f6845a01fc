-- upload.sql - resumable uploads. States and kinds are those of
-- 007_uploads.sql.

-- name: upload_get
SELECT id, key_id, state, kind, coalesce(length_bytes, -1), created_us,
    expires_us, metadata, concat, asset_id, sha256, error_code, error_detail
FROM upload WHERE id = :id;

-- name: upload_count_of_key
SELECT count(*) FROM upload WHERE key_id = :key AND state < 2;

-- name: upload_add
INSERT INTO upload (id, key_id, state, kind, length_bytes, created_us,
    expires_us, metadata, concat)
VALUES (:id, :key, 0, :kind, nullif(:length_bytes, -1), :created_us,
    :expires_us, :metadata, :concat);

-- name: upload_renew
UPDATE upload
SET expires_us = :expires_us,
    length_bytes = coalesce(length_bytes, nullif(:length_bytes, -1))
WHERE id = :id
RETURNING id;

-- name: upload_finish
UPDATE upload SET state = 1, asset_id = :asset, sha256 = :sha256
WHERE id = :id AND state = 0
RETURNING id;

-- name: upload_is_asset
-- The asset is being added in the same transaction.
UPDATE upload SET state = 2 WHERE asset_id = :asset AND state = 1;

-- name: upload_reject
UPDATE upload
SET state = 3, error_code = :code, error_detail = :detail
WHERE id = :id AND state = 2
RETURNING id;

-- name: upload_remove
DELETE FROM upload WHERE id = :id RETURNING id;

-- name: upload_forget
DELETE FROM upload
WHERE (state >= 1 AND expires_us <= :now_us) OR expires_us <= :long_ago_us
RETURNING id;
