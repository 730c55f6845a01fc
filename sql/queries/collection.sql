-- collection.sql - folders of assets.

-- name: collection_get
SELECT id, name, description, created_us, quota_bytes, quota_assets,
    used_bytes, used_assets
FROM collection WHERE id = :id;

-- name: collection_list
SELECT id, name, description, created_us, quota_bytes, quota_assets,
    used_bytes, used_assets
FROM collection ORDER BY created_us, id;

-- name: collection_put
-- A quota of 0 is none.
INSERT INTO collection (id, name, description, created_us, quota_bytes,
    quota_assets)
VALUES (:id, :name, :description, :created_us, nullif(:quota_bytes, 0),
    nullif(:quota_assets, 0))
ON CONFLICT (id) DO UPDATE
SET name = excluded.name, description = excluded.description,
    quota_bytes = excluded.quota_bytes, quota_assets = excluded.quota_assets;

-- name: collection_room
-- What may be added to a collection, for itself and for all of them together.
SELECT c.quota_bytes - c.used_bytes, c.quota_assets - c.used_assets,
    l.quota_bytes - (SELECT sum(used_bytes) FROM collection),
    l.quota_assets - (SELECT sum(used_assets) FROM collection)
FROM collection c, ledger l WHERE c.id = :id;

-- name: collection_usage
SELECT sum(used_assets), sum(used_bytes) FROM collection;

-- name: collection_is_used
SELECT EXISTS (SELECT 1 FROM asset WHERE collection_id = :id);

-- name: collection_remove
DELETE FROM collection WHERE id = :id RETURNING id;
