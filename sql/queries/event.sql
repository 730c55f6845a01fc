-- event.sql - what happened, who is told, and what is still owed.

-- name: event_list
-- Triggers must not call json_object() where the schema is not trusted, so the
-- object is made here, out of what they kept.
SELECT event_row, id, type, created_us, CASE substr(type, 1, 4)
    WHEN 'asse' THEN json_object('asset', subject, 'kind', kind,
        'state', state, 'name', name, 'collection', collection_id,
        'error', CASE WHEN error_code IS NOT NULL THEN
            json_object('code', error_code, 'detail', error_detail) END)
    WHEN 'job.' THEN json_object('job', subject, 'kind', kind,
        'state', state, 'asset', asset_id, 'error', error_detail)
    ELSE json_object('stream', subject, 'name', name,
        'duration', duration_us / 1000000.0) END
FROM event
WHERE event_row > :after AND (:asset IS NULL OR asset_id = :asset)
ORDER BY event_row LIMIT :limit;

-- name: event_last
SELECT coalesce(max(event_row), 0) FROM event;

-- name: event_trim
-- What is still owed stays.
DELETE FROM event
WHERE event_row <= (SELECT max(event_row) FROM event) - :keep
    AND NOT EXISTS (SELECT 1 FROM delivery d
        WHERE d.event_row = event.event_row AND d.state = 'waiting');

-- name: webhook_add
INSERT INTO webhook (id, url, events, secret, old_until_us, is_enabled,
    created_us, last_us, last_status)
VALUES (:id, :url, :events, :secret, 0, :is_enabled, :created_us, 0, 0);

-- name: webhook_get
SELECT id, url, events, is_enabled, created_us, last_us, last_status,
    last_error, secret, old_secret, old_until_us
FROM webhook WHERE id = :id AND asset_id IS NULL;

-- name: webhook_list
SELECT id, url, events, is_enabled, created_us, last_us, last_status,
    last_error, secret, old_secret, old_until_us
FROM webhook WHERE asset_id IS NULL ORDER BY webhook_row;

-- name: webhook_change
-- A new secret makes the one before the old one. Enabling again gives what is
-- owed another chance.
UPDATE webhook
SET url = :url, events = :events, is_enabled = :is_enabled,
    old_secret = CASE WHEN secret = :secret THEN old_secret ELSE secret END,
    old_until_us = CASE WHEN secret = :secret THEN old_until_us
        ELSE :old_until_us END,
    secret = :secret
WHERE id = :id AND asset_id IS NULL
RETURNING id;

-- name: webhook_remove
DELETE FROM webhook WHERE id = :id AND asset_id IS NULL RETURNING id;

-- name: callback_add
INSERT INTO webhook (id, url, events, secret, old_until_us, is_enabled,
    created_us, last_us, last_status, asset_id, is_signed)
VALUES (:id, :url, ' asset.ready asset.rejected ', :secret, 0, 1, :created_us,
    0, 0, :asset, :is_signed);

-- name: webhook_tried
UPDATE webhook
SET last_us = :now_us, last_status = :status, last_error = :error,
    is_enabled = CASE WHEN :is_gone THEN 0 ELSE is_enabled END
WHERE webhook_row = (SELECT webhook_row FROM delivery
    WHERE delivery_row = :delivery);

-- name: delivery_claim
-- Not tried by anybody else before :until_us, and again then if this process
-- dies meanwhile. No pause is longer than :horizon_us, so a later time means
-- that the clock was set back, and is no reason to wait.
UPDATE delivery SET next_us = :until_us, attempts = attempts + 1,
    changed_us = :now_us
WHERE delivery_row = (
    SELECT d.delivery_row
    FROM delivery d INDEXED BY delivery_waiting
    JOIN webhook w ON w.webhook_row = d.webhook_row
    WHERE d.state = 'waiting' AND w.is_enabled = 1
        AND (d.next_us <= :now_us OR d.next_us > :horizon_us)
    ORDER BY d.next_us LIMIT 1)
RETURNING delivery_row, attempts;

-- name: delivery_get
SELECT w.id, w.url, w.secret, w.old_secret, w.old_until_us, w.is_signed,
    d.event_row, d.body
FROM delivery d JOIN webhook w ON w.webhook_row = d.webhook_row
WHERE d.delivery_row = :delivery;

-- name: delivery_settle
UPDATE delivery
SET state = :state, next_us = :next_us, status = :status, error = :error,
    changed_us = :now_us
WHERE delivery_row = :delivery AND state = 'waiting'
RETURNING delivery_row;

-- name: delivery_list
SELECT d.delivery_row, e.id, e.type, d.state, d.attempts, d.next_us, d.status,
    d.error, d.changed_us
FROM delivery d JOIN event e ON e.event_row = d.event_row
WHERE d.webhook_row = (SELECT webhook_row FROM webhook WHERE id = :webhook)
    AND (:before = 0 OR d.delivery_row < :before)
ORDER BY d.delivery_row DESC LIMIT :limit;

-- name: answer_owe
-- No row where :most are owed already.
INSERT INTO webhook (id, url, events, secret, old_until_us, is_enabled,
    created_us, last_us, last_status, asset_id, is_signed, origin)
SELECT :id, :url, '', zeroblob(32), 0, 1, :created_us, 0, 0, :work, 0, :origin
WHERE (SELECT count(*) FROM webhook WHERE origin IS NOT NULL) < :most
RETURNING id;

-- name: answer_next
-- The first behind :after whose work was not over yet.
SELECT w.webhook_row, w.id, w.asset_id, w.origin
FROM webhook w
WHERE w.origin IS NOT NULL AND w.webhook_row > :after
    AND NOT EXISTS (SELECT 1 FROM delivery d
        WHERE d.webhook_row = w.webhook_row)
ORDER BY w.webhook_row LIMIT 1;

-- name: answer_tell
INSERT INTO delivery (webhook_row, event_row, state, attempts, next_us, status,
    changed_us, body)
SELECT webhook_row, (SELECT max(event_row) FROM event), 'waiting', 0, 0, 0,
    :now_us, :body
FROM webhook WHERE id = :id
RETURNING delivery_row;
