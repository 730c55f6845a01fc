-- pull.sql - assets whose bytes are fetched from a URL.

-- name: pull_add
INSERT INTO pull (asset_row, url, validator) VALUES (:asset_row, :url, '');

-- name: pull_get
SELECT p.url, p.validator
FROM pull p JOIN asset a ON a.asset_row = p.asset_row
WHERE a.id = :asset;

-- name: pull_is_due
SELECT EXISTS (SELECT 1 FROM asset WHERE id = :asset AND state = 'uploading');

-- name: pull_set_validator
UPDATE pull SET validator = :validator
WHERE asset_row = (SELECT asset_row FROM asset WHERE id = :asset)
RETURNING asset_row;

-- name: pull_forget
DELETE FROM pull WHERE asset_row = :asset_row;

-- name: pull_waiting
SELECT count(*) FROM job INDEXED BY job_by_state
WHERE state IN ('queued', 'running') AND kind = 'pull';

-- name: pull_progress
SELECT j.progress_done, j.progress_total
FROM asset a JOIN job j INDEXED BY job_by_asset ON j.asset_row = a.asset_row
WHERE a.id = :asset AND j.kind = 'pull'
ORDER BY j.job_row DESC LIMIT 1;

-- name: asset_add_uploading
INSERT INTO asset (id, birth, state, kind, name, description, metadata,
    filename, collection_id, created_us, epoch)
VALUES (:id, :birth, 'uploading', :kind, :name, :description, :metadata,
    :filename, :collection, :created_us, :epoch)
RETURNING asset_row;

-- name: asset_uploaded
-- Compare-and-set, like asset_move_state.
UPDATE asset SET state = 'uploaded', source_row = :source_row
WHERE id = :id AND state = 'uploading'
RETURNING asset_row;
