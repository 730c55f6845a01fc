-- upkeep.sql - what the operator's tools ask: fsck, gc, backup.

-- name: upkeep_integrity
-- One row "ok", or the first hundred complaints.
SELECT integrity_check FROM pragma_integrity_check;

-- name: upkeep_references
SELECT "table", parent, count(*) FROM pragma_foreign_key_check
GROUP BY "table", parent;

-- name: upkeep_sums
-- What the triggers keep, against what it is the sum of.
SELECT 'ledger' FROM ledger
WHERE piece_bytes <> (SELECT coalesce(sum(size_bytes), 0) FROM piece
        WHERE is_kept = 0)
UNION ALL
SELECT 'made' WHERE EXISTS (
    SELECT source_row, recipe_row, kind, pieces, size_bytes, duration_us
    FROM made WHERE pieces > 0
    EXCEPT
    SELECT source_row, recipe_row, kind, count(*), sum(size_bytes),
        sum(duration_us)
    FROM piece GROUP BY source_row, recipe_row, kind)
UNION ALL
SELECT 'collection' WHERE EXISTS (
    SELECT id, used_assets, used_bytes FROM collection
    EXCEPT
    SELECT c.id, count(a.asset_row),
        coalesce(sum(coalesce(s.held_bytes, s.size_bytes)), 0)
    FROM collection c LEFT JOIN asset a ON a.collection_id = c.id
        LEFT JOIN source s ON s.source_row = a.source_row
    GROUP BY c.id);

-- name: upkeep_sources
SELECT source_row, sha256, size_bytes, sha256 FROM source
WHERE source_row > :after AND dropped_us = 0
ORDER BY source_row LIMIT :limit;

-- name: upkeep_pieces
-- :is_kept: those that are all there is of a dropped source, else the others.
SELECT p.piece_row, p.blob_key, p.size_bytes, p.bytes_sha256
FROM piece p JOIN source s ON s.source_row = p.source_row
WHERE p.piece_row > :after
    AND :is_kept = (p.is_kept = 1 AND s.dropped_us > 0)
ORDER BY p.piece_row LIMIT :limit;

-- name: upkeep_assets_of
SELECT id FROM asset
WHERE source_row IN (SELECT source_row FROM source WHERE sha256 = :key
    UNION ALL SELECT source_row FROM piece WHERE blob_key = :key)
ORDER BY asset_row LIMIT 1;

-- name: upkeep_expired
SELECT (SELECT count(*) FROM idempotency WHERE created_us < :before_us)
    + (SELECT count(*) FROM departed WHERE gone_us < :gone_before_us)
    + (SELECT count(*) FROM parcel WHERE expires_us <= :now_us);

-- name: upkeep_forget_departed
DELETE FROM departed WHERE gone_us < :gone_before_us;
