-- 014_answers.sql - VideoDB's call-backs: the answer to one request, told as
-- often as it takes, like what webhooks are told.
--
-- Such a webhook is of the work (asset) that the answer waits for, and of no
-- event: when the work is over it is given its one delivery, with the body in
-- it. It goes when that is over, as in 012. A migration that makes `asset` or
-- `event` anew has to make the triggers on it anew as well.

-- What stands before URLs in the answer; no value: it is told of events.
ALTER TABLE webhook ADD COLUMN origin TEXT
    CHECK (origin IS NULL OR asset_id IS NOT NULL);
-- No value: the event as JSON.
ALTER TABLE delivery ADD COLUMN body TEXT;

DROP TRIGGER event_is_owed;
CREATE TRIGGER event_is_owed AFTER INSERT ON event BEGIN
    INSERT INTO delivery (webhook_row, event_row, state, attempts, next_us,
        status, changed_us)
    SELECT webhook_row, new.event_row, 'waiting', 0, 0, 0, new.created_us
    FROM webhook
    WHERE (asset_id IS NULL OR asset_id = new.asset_id) AND is_enabled = 1
        AND origin IS NULL
        AND (events = '' OR instr(events, ' ' || new.type || ' ') > 0);
END;

-- The work may go on as another asset, and its end is an answer, too.
DROP TRIGGER callback_ends_with_asset;
CREATE TRIGGER callback_ends_with_asset AFTER DELETE ON asset
WHEN old.state <> 'rejected'
BEGIN
    DELETE FROM webhook WHERE asset_id = old.id AND origin IS NULL;
END;

-- They were lines of text before: work, origin and URL, with blanks between.
WITH RECURSIVE line (one, rest) AS (
    SELECT '', CAST(value AS TEXT) FROM meta WHERE name = 'videodb-callbacks'
    UNION ALL
    SELECT substr(rest, 1, instr(rest, char(10)) - 1),
        substr(rest, instr(rest, char(10)) + 1)
    FROM line WHERE instr(rest, char(10)) > 0
), part (work, rest) AS (
    SELECT substr(one, 1, instr(one, ' ') - 1),
        substr(one, instr(one, ' ') + 1)
    FROM line WHERE instr(one, ' ') > 0
)
INSERT INTO webhook (id, url, events, secret, old_until_us, is_enabled,
    created_us, last_us, last_status, asset_id, is_signed, origin)
SELECT 'w-' || lower(hex(randomblob(13))), substr(rest, instr(rest, ' ') + 1),
    '', zeroblob(32), 0, 1, unixepoch() * 1000000, 0, 0, work, 0,
    substr(rest, 1, instr(rest, ' ') - 1)
FROM part WHERE instr(rest, ' ') > 0
    AND length(substr(rest, instr(rest, ' ') + 1)) BETWEEN 1 AND 2048;
DELETE FROM meta WHERE name = 'videodb-callbacks';
