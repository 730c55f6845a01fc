-- 013_dropped.sql - assets that play without their source.
--
--   whole ---> keeping ---> dropped        of a row of `source`
--     ^           |            |
--     +-----------+------------+   given up; the same bytes were uploaded again
--
-- While pieces are *kept* they do not go for room, and are not counted with
-- those that may. What TS pieces (3) and downloads (6) are made of is kept, so
-- they are not. A migration that makes `asset`, `job`, `piece` or `source` anew
-- has to make the triggers on it anew as well.

ALTER TABLE source ADD COLUMN is_keeping INTEGER NOT NULL DEFAULT 0
    CHECK (is_keeping IN (0, 1));
-- 0: the bytes are in the store.
ALTER TABLE source ADD COLUMN dropped_us INTEGER NOT NULL DEFAULT 0
    CHECK (dropped_us >= 0)
    CHECK (dropped_us = 0 OR is_keeping = 1);
-- What counts for quotas; no value: size_bytes.
ALTER TABLE source ADD COLUMN held_bytes INTEGER CHECK (held_bytes >= 0);

ALTER TABLE piece ADD COLUMN is_kept INTEGER NOT NULL DEFAULT 0
    CHECK (is_kept IN (0, 1));
DROP INDEX piece_by_use;
CREATE INDEX piece_by_use ON piece (used_us) WHERE kind <> 0 AND is_kept = 0;
CREATE INDEX piece_kept ON piece (source_row) WHERE is_kept = 1;

-- ledger.piece_bytes is of the pieces that are not kept, from here on.
DROP TRIGGER piece_is_made;
CREATE TRIGGER piece_is_made AFTER INSERT ON piece BEGIN
    INSERT INTO made
    VALUES (new.source_row, new.recipe_row, new.kind, 1, new.size_bytes,
            new.duration_us)
    ON CONFLICT (source_row, recipe_row, kind) DO UPDATE
    SET pieces = pieces + 1, size_bytes = size_bytes + excluded.size_bytes,
        duration_us = duration_us + excluded.duration_us;
    UPDATE ledger SET piece_bytes = piece_bytes + new.size_bytes
    WHERE new.is_kept = 0;
END;

DROP TRIGGER piece_is_gone;
CREATE TRIGGER piece_is_gone AFTER DELETE ON piece BEGIN
    UPDATE made
    SET pieces = pieces - 1, size_bytes = size_bytes - old.size_bytes,
        duration_us = duration_us - old.duration_us
    WHERE source_row = old.source_row AND recipe_row = old.recipe_row
        AND kind = old.kind;
    UPDATE ledger SET piece_bytes = piece_bytes - old.size_bytes
    WHERE old.is_kept = 0;
    -- A backup may name it, and nobody can make it again.
    INSERT OR REPLACE INTO departed
    SELECT old.blob_key, unixepoch() * 1000000 WHERE old.is_kept = 1;
END;

CREATE TRIGGER piece_changes_hands AFTER UPDATE OF is_kept ON piece
WHEN new.is_kept <> old.is_kept
BEGIN
    UPDATE ledger
    SET piece_bytes = piece_bytes + (1 - 2 * new.is_kept) * new.size_bytes;
END;

CREATE TRIGGER source_keeps AFTER UPDATE OF is_keeping ON source
WHEN new.is_keeping <> old.is_keeping
BEGIN
    UPDATE piece SET is_kept = new.is_keeping
    WHERE source_row = new.source_row AND kind NOT IN (3, 6);
END;

-- The store still has it for a backup of the time before.
CREATE TRIGGER source_is_dropped AFTER UPDATE OF dropped_us ON source
WHEN new.dropped_us > 0 AND old.dropped_us = 0
BEGIN
    INSERT OR REPLACE INTO departed
    VALUES (old.sha256, unixepoch() * 1000000);
    INSERT INTO event (type, subject, asset_id, kind, state, name,
        collection_id)
    SELECT 'asset.source_dropped', id, id, kind, state, name, collection_id
    FROM asset WHERE source_row = new.source_row;
END;

-- One that was given up keeps nothing.
CREATE TRIGGER drop_is_over AFTER UPDATE OF state ON job
WHEN new.kind = 'drop' AND new.state IN ('failed', 'cancelled')
BEGIN
    UPDATE source SET is_keeping = 0
    WHERE dropped_us = 0 AND is_keeping = 1 AND source_row = (
        SELECT source_row FROM asset WHERE asset_row = new.asset_row);
END;

-- Quotas count what is held.
DROP TRIGGER asset_comes;
CREATE TRIGGER asset_comes AFTER INSERT ON asset BEGIN
    UPDATE collection
    SET used_assets = used_assets + 1,
        used_bytes = used_bytes + coalesce((
            SELECT coalesce(held_bytes, size_bytes) FROM source
            WHERE source_row = new.source_row), 0)
    WHERE id = new.collection_id;
END;

DROP TRIGGER asset_goes;
CREATE TRIGGER asset_goes AFTER DELETE ON asset BEGIN
    UPDATE collection
    SET used_assets = used_assets - 1,
        used_bytes = used_bytes - coalesce((
            SELECT coalesce(held_bytes, size_bytes) FROM source
            WHERE source_row = old.source_row), 0)
    WHERE id = old.collection_id;
    -- It may have been the one whose job asked for it.
    UPDATE source SET is_keeping = 0
    WHERE source_row = old.source_row AND dropped_us = 0 AND is_keeping = 1
        AND NOT EXISTS (SELECT 1 FROM asset a
            JOIN job j ON j.asset_row = a.asset_row
            WHERE a.source_row = old.source_row AND j.kind = 'drop'
                AND j.state IN ('queued', 'running'));
END;

DROP TRIGGER asset_moves;
CREATE TRIGGER asset_moves AFTER UPDATE OF collection_id, source_row ON asset
WHEN new.collection_id <> old.collection_id
    OR new.source_row IS NOT old.source_row
BEGIN
    UPDATE collection
    SET used_assets = used_assets - 1,
        used_bytes = used_bytes - coalesce((
            SELECT coalesce(held_bytes, size_bytes) FROM source
            WHERE source_row = old.source_row), 0)
    WHERE id = old.collection_id;
    UPDATE collection
    SET used_assets = used_assets + 1,
        used_bytes = used_bytes + coalesce((
            SELECT coalesce(held_bytes, size_bytes) FROM source
            WHERE source_row = new.source_row), 0)
    WHERE id = new.collection_id;
END;

CREATE TRIGGER source_holds AFTER UPDATE OF held_bytes ON source
WHEN new.held_bytes IS NOT old.held_bytes
BEGIN
    UPDATE collection
    SET used_bytes = used_bytes
        + (coalesce(new.held_bytes, new.size_bytes)
            - coalesce(old.held_bytes, old.size_bytes))
        * (SELECT count(*) FROM asset a
            WHERE a.source_row = new.source_row
                AND a.collection_id = collection.id)
    WHERE id IN (SELECT collection_id FROM asset
        WHERE source_row = new.source_row);
END;
