-- collection.sql - folders of assets.

-- name: collection_get
SELECT id, name, description, created_us FROM collection WHERE id = :id;

-- name: collection_list
SELECT id, name, description, created_us FROM collection
ORDER BY created_us, id;

-- name: collection_put
INSERT INTO collection (id, name, description, created_us)
VALUES (:id, :name, :description, :created_us)
ON CONFLICT (id) DO UPDATE
SET name = excluded.name, description = excluded.description;

-- name: collection_is_used
SELECT EXISTS (SELECT 1 FROM asset WHERE collection_id = :id);

-- name: collection_remove
DELETE FROM collection WHERE id = :id RETURNING id;
