-- stream.sql - streams: clips of assets in a row.

-- name: stream_get
SELECT id, name, created_us, duration_us, clip_count, has_pictures, clips
FROM stream WHERE id = :id;

-- name: stream_list
SELECT id, name, created_us, duration_us, clip_count, has_pictures
FROM stream
WHERE :after IS NULL
    OR stream_row < (SELECT stream_row FROM stream WHERE id = :after)
ORDER BY stream_row DESC
LIMIT :limit;

-- name: stream_with
-- The first behind :after that has a clip of the asset.
SELECT id, name, created_us, duration_us, clip_count, has_pictures, clips
FROM stream
WHERE id > :after AND instr(clips, :asset || ' ') > 0
ORDER BY id LIMIT 1;

-- name: stream_last
SELECT coalesce(max(stream_row), 0) FROM stream;

-- name: stream_since
SELECT 1 FROM stream
WHERE stream_row > :streams AND instr(clips, :asset || ' ') > 0 LIMIT 1;

-- name: stream_put
INSERT INTO stream (id, name, created_us, duration_us, clip_count,
    has_pictures, clips)
VALUES (:id, :name, :created_us, :duration_us, :clip_count, :has_pictures,
    :clips)
ON CONFLICT (id) DO UPDATE
SET name = excluded.name, has_pictures = excluded.has_pictures
RETURNING created_us;

-- name: stream_remove
DELETE FROM stream WHERE id = :id RETURNING id;
