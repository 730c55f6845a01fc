-- 011_events.sql - what happened, who wants to be told, and what is still owed.
--
-- Events are written by the triggers below, in the transaction of the fact, and
-- so is what is owed to webhooks. A migration that makes `asset`, `job` or
-- `stream` anew has to make those on it anew as well.

CREATE TABLE event (
    event_row INTEGER PRIMARY KEY AUTOINCREMENT,
    -- Of its own, so that receivers can drop what they get twice.
    id TEXT NOT NULL UNIQUE DEFAULT ('evt_' || lower(hex(randomblob(16)))),
    type TEXT NOT NULL,
    created_us INTEGER NOT NULL DEFAULT (unixepoch() * 1000000),
    subject TEXT NOT NULL, -- the id of the asset, job or stream
    asset_id TEXT, -- the asset that it is about, if any
    -- As they were then; what the subject does not have has no value.
    kind TEXT,
    state TEXT,
    name TEXT,
    collection_id TEXT,
    error_code TEXT,
    error_detail TEXT,
    duration_us INTEGER
) STRICT;
CREATE TABLE webhook (
    webhook_row INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE CHECK (length(id) = 28),
    url TEXT NOT NULL CHECK (length(CAST(url AS BLOB)) BETWEEN 1 AND 2048),
    -- Types with a blank on both sides of each; '' is all of them.
    events TEXT NOT NULL CHECK (length(events) <= 2048),
    secret BLOB NOT NULL CHECK (length(secret) = 32),
    old_secret BLOB CHECK (length(old_secret) = 32),
    old_until_us INTEGER NOT NULL, -- the old one signs as well until then
    is_enabled INTEGER NOT NULL CHECK (is_enabled IN (0, 1)),
    created_us INTEGER NOT NULL,
    last_us INTEGER NOT NULL, -- of the last try; 0: none
    last_status INTEGER NOT NULL, -- 0: no answer
    last_error TEXT
) STRICT;

-- What a webhook is told of an event.
--
--   waiting ---> delivered
--      +-------> failed
CREATE TABLE delivery (
    delivery_row INTEGER PRIMARY KEY AUTOINCREMENT,
    webhook_row INTEGER NOT NULL REFERENCES webhook (webhook_row)
        ON DELETE CASCADE,
    event_row INTEGER NOT NULL REFERENCES event (event_row) ON DELETE CASCADE,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'failed')),
    attempts INTEGER NOT NULL CHECK (attempts >= 0),
    next_us INTEGER NOT NULL, -- not tried before
    status INTEGER NOT NULL, -- of the last answer; 0: none
    error TEXT,
    changed_us INTEGER NOT NULL
) STRICT;
CREATE INDEX delivery_waiting ON delivery (next_us) WHERE state = 'waiting';
CREATE INDEX delivery_by_event ON delivery (event_row);
CREATE INDEX delivery_by_webhook ON delivery (webhook_row, delivery_row);

CREATE TRIGGER event_is_owed AFTER INSERT ON event BEGIN
    INSERT INTO delivery (webhook_row, event_row, state, attempts, next_us,
        status, changed_us)
    SELECT webhook_row, new.event_row, 'waiting', 0, 0, 0, new.created_us
    FROM webhook
    WHERE is_enabled = 1
        AND (events = '' OR instr(events, ' ' || new.type || ' ') > 0);
END;

CREATE TRIGGER asset_is_told AFTER INSERT ON asset BEGIN
    INSERT INTO event (type, subject, asset_id, kind, state, name,
        collection_id)
    VALUES ('asset.created', new.id, new.id, new.kind, new.state, new.name,
        new.collection_id);
END;

-- uploaded, ready, rejected
CREATE TRIGGER asset_state_is_told AFTER UPDATE OF state ON asset
WHEN new.state <> old.state
BEGIN
    INSERT INTO event (type, subject, asset_id, kind, state, name,
        collection_id, error_code, error_detail)
    VALUES ('asset.' || new.state, new.id, new.id, new.kind, new.state,
        new.name, new.collection_id, new.error_code, new.error_detail);
END;

CREATE TRIGGER asset_end_is_told AFTER DELETE ON asset BEGIN
    INSERT INTO event (type, subject, asset_id, kind, name, collection_id)
    VALUES ('asset.deleted', old.id, old.id, old.kind, old.name,
        old.collection_id);
END;

-- done, failed, cancelled
CREATE TRIGGER job_end_is_told AFTER UPDATE OF state ON job
WHEN new.state <> old.state
    AND new.state IN ('done', 'failed', 'cancelled')
BEGIN
    INSERT INTO event (type, subject, asset_id, kind, state, error_detail)
    VALUES ('job.' || new.state, new.id,
        (SELECT id FROM asset WHERE asset_row = new.asset_row), new.kind,
        new.state, new.error);
END;

CREATE TRIGGER stream_is_told AFTER INSERT ON stream BEGIN
    INSERT INTO event (type, subject, name, duration_us)
    VALUES ('stream.created', new.id, new.name, new.duration_us);
END;

CREATE TRIGGER stream_end_is_told AFTER DELETE ON stream BEGIN
    INSERT INTO event (type, subject, name)
    VALUES ('stream.deleted', old.id, old.name);
END;
