-- api_key.sql - who may call.

-- name: api_key_get
SELECT id, secret_sha256, scopes, created_us, revoked_us, label
FROM api_key WHERE id = :id;

-- name: api_key_list
SELECT id, secret_sha256, scopes, created_us, revoked_us, label
FROM api_key ORDER BY id;

-- name: api_key_add
INSERT INTO api_key (id, secret_sha256, scopes, created_us, revoked_us, label)
VALUES (:id, :secret, :scopes, :created_us, :revoked_us, :label);

-- name: api_key_revoke
-- The first revocation's time stands.
UPDATE api_key
SET revoked_us = CASE revoked_us WHEN 0 THEN :now_us ELSE revoked_us END
WHERE id = :id
RETURNING id;
