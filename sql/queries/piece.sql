-- piece.sql - what has been made.

-- name: piece_get
SELECT source_row, recipe_row, kind, number, duration_us, size_bytes
FROM piece WHERE blob_key = :key;

-- name: piece_add
-- Pieces are a pure function of their key, so one that is there already is the
-- same one. The fact of a source that was removed meanwhile is not wanted, nor
-- one that comes too late to be among those that are kept of it.
INSERT INTO piece (blob_key, source_row, recipe_row, kind, number, duration_us,
    size_bytes, rate_bps, used_us, is_kept)
SELECT :key, s.source_row, r.recipe_row, :kind, :number, :duration_us,
    :size_bytes, :rate_bps, :used_us, s.is_keeping AND :kind NOT IN (3, 6)
FROM source s, recipe r
WHERE s.source_row = :source_row AND r.recipe_row = :recipe_row
    AND (s.dropped_us = 0 OR :kind IN (3, 6))
ON CONFLICT (blob_key) DO NOTHING;

-- name: piece_show
-- One row, or none when the piece, the source or the recipe is not there.
INSERT INTO shown (piece_row, source_row, recipe_row)
SELECT p.piece_row, s.source_row, r.recipe_row
FROM piece p, source s, recipe r
WHERE p.blob_key = :key AND s.source_row = :source_row
    AND r.recipe_row = :recipe_row
ON CONFLICT DO UPDATE SET recipe_row = excluded.recipe_row
RETURNING piece_row;

-- name: piece_forget
-- What is kept of a dropped source is not forgotten when it is lost: a backup
-- may have it, and nothing else.
DELETE FROM piece
WHERE blob_key = :key AND (is_kept = 0 OR NOT EXISTS (
    SELECT 1 FROM source s
    WHERE s.source_row = piece.source_row AND s.dropped_us > 0))
RETURNING source_row, size_bytes;

-- name: piece_evict
DELETE FROM piece WHERE blob_key = :key AND is_kept = 0
RETURNING source_row, size_bytes;

-- name: piece_touch
UPDATE piece SET used_us = :now_us WHERE blob_key = :key;

-- name: piece_kept_unhashed
SELECT piece_row, blob_key, size_bytes, bytes_sha256
FROM piece INDEXED BY piece_kept
WHERE source_row = :source_row AND is_kept = 1 AND bytes_sha256 IS NULL
    AND piece_row > :after
ORDER BY piece_row LIMIT :limit;

-- name: piece_set_hash
UPDATE piece SET bytes_sha256 = :bytes WHERE piece_row = :piece_row;

-- name: piece_made_numbers
SELECT number FROM piece INDEXED BY piece_by_place
WHERE source_row = :source_row AND recipe_row = :recipe_row AND kind = :kind
    AND number < :count;

-- name: piece_rates
-- A row of sums each, and the first hit from the fast end of an index. What
-- plays as a rendition: segment iframe ts.
SELECT m.recipe_row, m.kind, m.pieces, m.size_bytes, m.duration_us,
    coalesce((SELECT p.rate_bps FROM piece p INDEXED BY piece_by_rate
        WHERE p.source_row = m.source_row AND p.recipe_row = m.recipe_row
            AND p.kind = m.kind AND p.duration_us > 0
            AND p.duration_us >= :least_us
        ORDER BY p.rate_bps DESC LIMIT 1), 0)
FROM made m
WHERE m.source_row = :source_row AND m.kind IN (1, 2, 3);

-- name: piece_coldest
SELECT blob_key, size_bytes FROM piece INDEXED BY piece_by_use
WHERE kind <> 0 AND is_kept = 0 ORDER BY used_us;

-- name: piece_remove_unwanted
-- Up to :limit pieces of a source that no rendition of an asset asks for, or
-- that show one of those.
WITH wanted (recipe_row) AS MATERIALIZED (
    SELECT d.recipe_row
    FROM rendition d JOIN asset a ON a.asset_row = d.asset_row
    WHERE a.source_row = :source_row)
DELETE FROM piece WHERE piece_row IN (
    SELECT piece_row FROM piece
    WHERE source_row = :source_row
        AND recipe_row NOT IN (SELECT recipe_row FROM wanted)
    UNION
    SELECT piece_row FROM shown
    WHERE source_row = :source_row
        AND recipe_row NOT IN (SELECT recipe_row FROM wanted)
    LIMIT :limit)
RETURNING blob_key;

-- name: piece_remove_downloads
DELETE FROM piece WHERE kind = 6;

-- name: blob_is_named
-- The second column: it departed behind :since_us.
SELECT EXISTS (SELECT 1 FROM source WHERE sha256 = :key AND dropped_us = 0)
    OR EXISTS (SELECT 1 FROM piece WHERE blob_key = :key)
    OR EXISTS (SELECT 1 FROM upload WHERE sha256 = :key AND state = 1)
    OR EXISTS (SELECT 1 FROM parcel WHERE sha256 = :key),
    EXISTS (SELECT 1 FROM departed WHERE sha256 = :key AND gone_us > :since_us);
