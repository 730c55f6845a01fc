-- 010_pulls.sql - assets whose bytes are fetched from a URL.
--
-- The bytes so far are a draft in the store, named like the asset; its size is
-- the only record of how far it got. `validator` is the ETag or date of the
-- resource that they are of, '' when there was none: then they are of no use.

CREATE TABLE pull (
    asset_row INTEGER PRIMARY KEY REFERENCES asset (asset_row)
        ON DELETE CASCADE,
    url TEXT NOT NULL CHECK (length(CAST(url AS BLOB)) BETWEEN 1 AND 2048),
    validator TEXT NOT NULL CHECK (length(CAST(validator AS BLOB)) <= 256)
) STRICT;
