-- 009_quota.sql - what collections may hold, and sources that a backup may
-- still name.
--
-- Each asset counts with the size of its upload, also where another one has the
-- same bytes. The triggers below count and refuse, whoever adds the asset: they
-- are part of its transaction, so that uploads cannot race past a quota. A
-- migration that makes `asset` anew has to make those on it anew as well.

ALTER TABLE collection ADD COLUMN quota_bytes INTEGER
    CHECK (quota_bytes > 0); -- no value: no limit
ALTER TABLE collection ADD COLUMN quota_assets INTEGER
    CHECK (quota_assets > 0);
ALTER TABLE collection ADD COLUMN used_bytes INTEGER NOT NULL DEFAULT 0
    CHECK (used_bytes >= 0);
ALTER TABLE collection ADD COLUMN used_assets INTEGER NOT NULL DEFAULT 0
    CHECK (used_assets >= 0);
UPDATE collection
SET used_assets = (SELECT count(*) FROM asset a
        WHERE a.collection_id = collection.id),
    used_bytes = (SELECT coalesce(sum(s.size_bytes), 0)
        FROM asset a JOIN source s ON s.source_row = a.source_row
        WHERE a.collection_id = collection.id);

-- Of all collections together, as the settings of the daemon say.
ALTER TABLE ledger ADD COLUMN quota_bytes INTEGER;
ALTER TABLE ledger ADD COLUMN quota_assets INTEGER;

CREATE TRIGGER asset_comes AFTER INSERT ON asset BEGIN
    UPDATE collection
    SET used_assets = used_assets + 1,
        used_bytes = used_bytes + coalesce((SELECT size_bytes FROM source
            WHERE source_row = new.source_row), 0)
    WHERE id = new.collection_id;
END;

CREATE TRIGGER asset_goes AFTER DELETE ON asset BEGIN
    UPDATE collection
    SET used_assets = used_assets - 1,
        used_bytes = used_bytes - coalesce((SELECT size_bytes FROM source
            WHERE source_row = old.source_row), 0)
    WHERE id = old.collection_id;
END;

CREATE TRIGGER asset_moves AFTER UPDATE OF collection_id, source_row ON asset
WHEN new.collection_id <> old.collection_id
    OR new.source_row IS NOT old.source_row
BEGIN
    UPDATE collection
    SET used_assets = used_assets - 1,
        used_bytes = used_bytes - coalesce((SELECT size_bytes FROM source
            WHERE source_row = old.source_row), 0)
    WHERE id = old.collection_id;
    UPDATE collection
    SET used_assets = used_assets + 1,
        used_bytes = used_bytes + coalesce((SELECT size_bytes FROM source
            WHERE source_row = new.source_row), 0)
    WHERE id = new.collection_id;
END;

-- Raised errors are quota errors: src/catalog/db_sqlite.c knows no others.
CREATE TRIGGER collection_grows
AFTER UPDATE OF used_bytes, used_assets ON collection
WHEN new.used_assets > old.used_assets OR new.used_bytes > old.used_bytes
BEGIN
    SELECT RAISE(ABORT, 'the collection has reached its quota')
    WHERE new.used_bytes > new.quota_bytes
        OR new.used_assets > new.quota_assets;
    SELECT RAISE(ABORT, 'the server has reached its quota')
    FROM ledger
    WHERE (quota_bytes IS NOT NULL OR quota_assets IS NOT NULL)
        AND ((SELECT sum(used_bytes) FROM collection) > quota_bytes
            OR (SELECT sum(used_assets) FROM collection) > quota_assets);
END;

-- Sources whose last asset is gone, for as long as a backup of the time before
-- may be put back.
CREATE TABLE departed (
    sha256 BLOB PRIMARY KEY CHECK (length(sha256) = 32),
    gone_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX departed_by_age ON departed (gone_us);
CREATE TRIGGER source_is_gone AFTER DELETE ON source BEGIN
    INSERT OR REPLACE INTO departed
    VALUES (old.sha256, unixepoch() * 1000000);
END;
