-- asset.sql - uploads and what is known about them.

-- name: asset_get
SELECT a.asset_row, a.id, a.state, a.kind, a.name, a.description, a.metadata,
    a.filename, a.collection_id, a.created_us, a.epoch, a.error_code,
    a.error_detail, a.source_row, s.sha256, s.size_bytes, s.dropped_us
FROM asset a LEFT JOIN source s ON s.source_row = a.source_row
WHERE a.id = :id;

-- name: asset_list
-- Newest first; the cursor is the birth of the last one seen, so that it holds
-- even when that one is gone.
SELECT id FROM asset
WHERE (:after IS NULL OR birth < :after)
    AND (:state IS NULL OR state = :state)
    AND (:kind IS NULL OR kind = :kind)
    AND (:name IS NULL OR instr(lower(name), lower(:name)) > 0)
ORDER BY birth DESC LIMIT :limit;

-- name: asset_list_of_collection
SELECT id FROM asset
WHERE collection_id = :collection
    AND (:after IS NULL OR birth < :after)
    AND (:state IS NULL OR state = :state)
    AND (:kind IS NULL OR kind = :kind)
    AND (:name IS NULL OR instr(lower(name), lower(:name)) > 0)
ORDER BY birth DESC LIMIT :limit;

-- name: reframe_add
-- No row where the parent is not there (any more), or not ready: the blob of
-- its source may be on its way out.
INSERT INTO reframe (asset_row, parent_id, start_us, end_us, width, height,
    is_shape)
SELECT :asset_row, a.id, :start_us, :end_us, :width, :height, :is_shape
FROM asset a WHERE a.id = :parent AND a.state = 'ready'
RETURNING asset_row;

-- name: reframe_get
SELECT parent_id, start_us, end_us, width, height, is_shape
FROM reframe WHERE asset_row = :asset_row;

-- name: shape_get
SELECT a.id FROM reframe r JOIN asset a ON a.asset_row = r.asset_row
WHERE r.parent_id = :parent AND r.width = :width AND r.height = :height
    AND r.is_shape = 1;

-- name: asset_add
INSERT INTO asset (id, birth, state, kind, name, description, metadata,
    filename, collection_id, created_us, source_row, epoch)
VALUES (:id, :birth, 'uploaded', :kind, :name, :description, :metadata,
    :filename, :collection, :created_us, :source_row, :epoch)
RETURNING asset_row;

-- name: asset_move_state
-- Compare-and-set: changes no row when the asset is not in state :from.
UPDATE asset
SET state = :to, kind = coalesce(:kind, kind), error_code = :error_code,
    error_detail = :error_detail
WHERE id = :id AND state = :from
RETURNING asset_row;

-- name: asset_change
UPDATE asset
SET name = coalesce(:name, name),
    description = coalesce(:description, description),
    metadata = coalesce(:metadata, metadata),
    collection_id = coalesce(:collection, collection_id)
WHERE id = :id
RETURNING asset_row;

-- name: shape_move
-- Shapes lie where their parent lies.
UPDATE asset SET collection_id = :collection
WHERE asset_row IN (SELECT asset_row FROM reframe
    WHERE parent_id = :parent AND is_shape = 1)
RETURNING source_row;

-- name: asset_remove
-- Its plan, tracks, renditions and jobs go with it, and so do its shapes, which
-- have the same source.
DELETE FROM asset
WHERE id = :id OR asset_row IN (SELECT asset_row FROM reframe
    WHERE parent_id = :id AND is_shape = 1)
RETURNING source_row, id;

-- name: source_add
-- The row of these bytes, old or new. They are there again where they had been
-- dropped; where they are about to be, that goes on and finds a second asset.
INSERT INTO source (sha256, size_bytes) VALUES (:sha256, :size_bytes)
ON CONFLICT (sha256) DO UPDATE
SET size_bytes = excluded.size_bytes, dropped_us = 0, held_bytes = NULL,
    is_keeping = CASE WHEN dropped_us > 0 THEN 0 ELSE is_keeping END
RETURNING source_row;

-- name: source_get
SELECT source_row, dropped_us FROM source WHERE sha256 = :sha256;

-- name: source_other
-- Another asset that has these bytes.
SELECT id FROM asset WHERE source_row = :source_row AND id <> :id LIMIT 1;

-- name: source_keep
-- No row where that is so already.
UPDATE source SET is_keeping = 1
WHERE source_row = :source_row AND is_keeping = 0
RETURNING source_row;

-- name: source_drop
-- No row where another asset has the bytes, or brings them in just now.
UPDATE source
SET dropped_us = :now_us, held_bytes = (
    SELECT coalesce(sum(p.size_bytes), 0) FROM piece p
    WHERE p.source_row = source.source_row AND p.is_kept = 1)
WHERE source_row = :source_row AND is_keeping = 1 AND dropped_us = 0
    AND (SELECT count(*) FROM asset a
        WHERE a.source_row = source.source_row) = 1
    AND NOT EXISTS (SELECT 1 FROM upload u
        WHERE u.sha256 = source.sha256 AND u.state = 1)
RETURNING source_row;

-- name: source_remove_unused
-- That of gaps (-1) is nobody's and stays.
DELETE FROM source
WHERE source_row = :source_row AND source_row >= 0
    AND NOT EXISTS (SELECT 1 FROM asset a
        WHERE a.source_row = source.source_row)
    AND NOT EXISTS (SELECT 1 FROM piece p
        WHERE p.source_row = source.source_row)
    AND NOT EXISTS (SELECT 1 FROM upload u
        WHERE u.sha256 = source.sha256 AND u.state = 1)
RETURNING sha256;

-- name: source_abandoned
-- Sources that no asset has: a removal that was cut short.
SELECT source_row FROM source s
WHERE source_row >= 0 AND NOT EXISTS (SELECT 1 FROM asset a WHERE a.source_row = s.source_row);

-- name: recipe_add
INSERT INTO recipe (sha256, body) VALUES (:sha256, :body)
ON CONFLICT (sha256) DO UPDATE SET body = excluded.body
RETURNING recipe_row;

-- name: plan_add
INSERT INTO plan (asset_row, packed) VALUES (:asset_row, :packed);

-- name: plan_get
SELECT packed FROM plan WHERE asset_row = :asset_row;

-- name: track_add
INSERT INTO track (asset_row, number, stream, kind, codec, codecs, language,
    title, is_default, is_playable, bitrate_bps, coded_width, coded_height,
    sample_aspect_num, sample_aspect_den, rotation, is_mirrored,
    frame_rate_num, frame_rate_den, bit_depth, chroma, is_interlaced,
    is_full_range, transfer, channels, sample_rate, is_copyable)
VALUES (:asset_row, :number, :stream, :kind, :codec, :codecs, :language,
    :title, :is_default, :is_playable, :bitrate_bps, :coded_width,
    :coded_height, :sample_aspect_num, :sample_aspect_den, :rotation,
    :is_mirrored, :frame_rate_num, :frame_rate_den, :bit_depth, :chroma,
    :is_interlaced, :is_full_range, :transfer, :channels, :sample_rate,
    :is_copyable);

-- name: track_of_asset
-- In the order of track_fields[] in src/catalog/asset_rows.c.
SELECT stream, kind, codec, codecs, language, title, is_default, is_playable,
    bitrate_bps, coded_width, coded_height, sample_aspect_num,
    sample_aspect_den, rotation, is_mirrored, frame_rate_num, frame_rate_den,
    bit_depth, chroma, is_interlaced, is_full_range, transfer, channels,
    sample_rate, is_copyable
FROM track WHERE asset_row = :asset_row ORDER BY number;

-- name: rendition_add
INSERT INTO rendition (asset_row, number, recipe_row, sizes, name, codecs,
    track, audio, timescale, width, height, frame_rate_num, frame_rate_den,
    declared_bps, is_standby, kind, mode, stream, cut_from_ticks,
    cut_to_ticks, deinterlace, crop_width, crop_height, crop_of_width,
    crop_of_height, rotation, is_mirrored, is_full_range, transfer,
    recipe_rate_cap_num, recipe_rate_cap_den, recipe_rate_num, recipe_rate_den,
    crf, cap_bps, level, preset, sample_rate, channels, bitrate_bps,
    grid_origin_samples)
VALUES (:asset_row, :number, :recipe_row, :sizes, :name, :codecs, :track,
    :audio, :timescale, :width, :height, :frame_rate_num, :frame_rate_den,
    :declared_bps, :is_standby, :kind, :mode, :stream, :cut_from_ticks,
    :cut_to_ticks, :deinterlace, :crop_width, :crop_height, :crop_of_width,
    :crop_of_height, :rotation, :is_mirrored, :is_full_range, :transfer,
    :recipe_rate_cap_num, :recipe_rate_cap_den, :recipe_rate_num,
    :recipe_rate_den, :crf, :cap_bps, :level, :preset, :sample_rate, :channels,
    :bitrate_bps, :grid_origin_samples);

-- name: rendition_renew
UPDATE rendition SET recipe_row = :recipe_row
WHERE number = :number
    AND asset_row = (SELECT asset_row FROM asset WHERE id = :id);

-- name: rendition_of_asset
-- From name on in the order of rendition_fields[] in src/catalog/asset_rows.c.
SELECT d.recipe_row, r.sha256, d.sizes, d.name, d.codecs, d.track, d.audio,
    d.timescale, d.width, d.height, d.frame_rate_num, d.frame_rate_den,
    d.declared_bps, d.is_standby, d.kind, d.mode, d.stream, d.cut_from_ticks,
    d.cut_to_ticks, d.deinterlace, d.crop_width, d.crop_height,
    d.crop_of_width, d.crop_of_height, d.rotation, d.is_mirrored,
    d.is_full_range, d.transfer, d.recipe_rate_cap_num, d.recipe_rate_cap_den,
    d.recipe_rate_num, d.recipe_rate_den, d.crf, d.cap_bps, d.level, d.preset,
    d.sample_rate, d.channels, d.bitrate_bps, d.grid_origin_samples
FROM rendition d JOIN recipe r ON r.recipe_row = d.recipe_row
WHERE d.asset_row = :asset_row ORDER BY d.number;
