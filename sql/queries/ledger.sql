-- ledger.sql - what every transaction and every start touches.

-- name: ledger_set_quota
-- 0 is none.
UPDATE ledger
SET quota_bytes = nullif(:quota_bytes, 0),
    quota_assets = nullif(:quota_assets, 0)
WHERE quota_bytes IS NOT nullif(:quota_bytes, 0)
    OR quota_assets IS NOT nullif(:quota_assets, 0);

-- name: ledger_turn
SELECT turn FROM ledger;

-- name: ledger_take_turn
UPDATE ledger SET turn = :turn;

-- name: ledger_piece_bytes
SELECT piece_bytes FROM ledger;

-- name: meta_get
SELECT value FROM meta WHERE name = :name;

-- name: meta_set
INSERT INTO meta (name, value) VALUES (:name, :value)
ON CONFLICT (name) DO UPDATE SET value = excluded.value;
