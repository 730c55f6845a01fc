-- 016_shapes.sql - parts of assets that stand for the whole of it on a canvas
-- of another shape.
--
-- A timeline that needs one gets the one that is there: it is made once for an
-- asset and a size, and goes with that asset.

ALTER TABLE reframe ADD COLUMN is_shape INTEGER NOT NULL DEFAULT 0
    CHECK (is_shape IN (0, 1));
CREATE UNIQUE INDEX reframe_by_shape ON reframe (parent_id, width, height)
    WHERE is_shape = 1;
