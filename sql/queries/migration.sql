-- migration.sql - how the database came to be what it is.

-- name: migration_state
-- What kind of file this is: both 0 and no table in a new one.
SELECT (SELECT application_id FROM pragma_application_id),
    (SELECT user_version FROM pragma_user_version),
    (SELECT count(*) FROM sqlite_schema);

-- name: migration_list
SELECT version, sha256 FROM migration ORDER BY version;

-- name: migration_orphans
-- Rows that refer to nothing, for migrations run with foreign keys off.
SELECT count(*), min("table") FROM pragma_foreign_key_check;

-- name: migration_add
INSERT INTO migration (version, sha256, applied_us)
VALUES (:version, :sha256, :now_us);
