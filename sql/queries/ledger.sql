-- ledger.sql - what every transaction and every start touches.

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
