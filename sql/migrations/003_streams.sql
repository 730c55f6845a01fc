-- 003_streams.sql - streams: clips of assets in a row.

CREATE TABLE stream (
    stream_row INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE, -- from a hash of `clips`
    name TEXT NOT NULL,
    created_us INTEGER NOT NULL,
    duration_us INTEGER NOT NULL CHECK (duration_us > 0),
    clip_count INTEGER NOT NULL CHECK (clip_count BETWEEN 1 AND 1000),
    -- A line a clip: asset, from, to; in ticks of the asset's plan. Assets may
    -- go while streams name them: whoever plays one is told.
    clips TEXT NOT NULL
) STRICT;
