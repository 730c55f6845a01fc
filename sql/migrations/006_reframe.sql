-- 006_reframe.sql - assets that are a part of another one.
--
-- They have the source of their parent, and recipes that crop and say which
-- part of the source their borders count in.

ALTER TABLE rendition ADD COLUMN crop_width INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rendition ADD COLUMN crop_height INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rendition ADD COLUMN crop_of_width INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rendition ADD COLUMN crop_of_height INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rendition ADD COLUMN cut_from_ticks INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rendition ADD COLUMN cut_to_ticks INTEGER NOT NULL DEFAULT 0;

-- How an asset was made, for whoever asks. The parent may be gone.
CREATE TABLE reframe (
    asset_row INTEGER PRIMARY KEY REFERENCES asset (asset_row)
        ON DELETE CASCADE,
    parent_id TEXT NOT NULL CHECK (length(parent_id) BETWEEN 28 AND 31),
    start_us INTEGER NOT NULL CHECK (start_us >= 0), -- of the parent
    end_us INTEGER NOT NULL CHECK (end_us > start_us),
    width INTEGER NOT NULL CHECK (width > 0), -- a ratio or a size, as asked
    height INTEGER NOT NULL CHECK (height > 0)
) STRICT;
