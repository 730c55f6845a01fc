-- 015_stream_pictures.sql - which streams are sound alone.
--
-- Those that are there already count as having pictures until they are made
-- again: to look at the assets of all would take too long at a start.

ALTER TABLE stream ADD COLUMN has_pictures INTEGER NOT NULL DEFAULT 1
    CHECK (has_pictures IN (0, 1));
