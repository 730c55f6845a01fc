-- 012_callbacks.sql - webhooks of one asset: the callback_url of its upload.
--
-- Such a one is told once, that the asset is ready or rejected, and goes then.
-- A migration that makes `asset`, `event` or `delivery` anew has to make the
-- triggers on it anew as well.

ALTER TABLE webhook ADD COLUMN asset_id TEXT; -- NULL: of all
-- 0: no secret came with it; `secret` is all zero then.
ALTER TABLE webhook ADD COLUMN is_signed INTEGER NOT NULL DEFAULT 1
    CHECK (is_signed IN (0, 1));
CREATE INDEX webhook_by_asset ON webhook (asset_id);

DROP TRIGGER event_is_owed;
CREATE TRIGGER event_is_owed AFTER INSERT ON event BEGIN
    INSERT INTO delivery (webhook_row, event_row, state, attempts, next_us,
        status, changed_us)
    SELECT webhook_row, new.event_row, 'waiting', 0, 0, 0, new.created_us
    FROM webhook
    WHERE (asset_id IS NULL OR asset_id = new.asset_id) AND is_enabled = 1
        AND (events = '' OR instr(events, ' ' || new.type || ' ') > 0);
END;

CREATE TRIGGER callback_is_over AFTER UPDATE OF state ON delivery
WHEN new.state <> 'waiting'
BEGIN
    DELETE FROM webhook
    WHERE webhook_row = new.webhook_row AND asset_id IS NOT NULL;
END;

-- A rejected one may go with its answer, before anybody could be told.
CREATE TRIGGER callback_ends_with_asset AFTER DELETE ON asset
WHEN old.state <> 'rejected'
BEGIN
    DELETE FROM webhook WHERE asset_id = old.id;
END;
