-- idempotency.sql - answers kept for POSTs that are sent again.

-- name: idempotency_expire
DELETE FROM idempotency WHERE created_us < :before_us;

-- name: idempotency_drop_claims
-- At start: who held them is dead.
DELETE FROM idempotency WHERE status = 0;

-- name: idempotency_get
SELECT request_sha256, status, body FROM idempotency WHERE key_sha256 = :key;

-- name: idempotency_claim
INSERT INTO idempotency (key_sha256, request_sha256, status, body, created_us)
VALUES (:key, :request, 0, '', :now_us);

-- name: idempotency_keep
-- A claim (0) or a note (below 200) gives way, a kept answer never changes.
UPDATE idempotency SET status = :status, body = :body
WHERE key_sha256 = :key AND status < 200
RETURNING status;

-- name: idempotency_drop
DELETE FROM idempotency WHERE key_sha256 = :key AND status < 200
RETURNING status;
