-- job.sql - work that is owed.

-- name: job_add
INSERT INTO job (id, kind, asset_row, state, attempts, not_before_us,
    created_us, changed_us)
VALUES (:id, :kind, :asset_row, 'queued', 0, 0, :now_us, :now_us);

-- name: job_dropping
SELECT id FROM job
WHERE asset_row = :asset_row AND kind = 'drop'
    AND state IN ('queued', 'running')
ORDER BY job_row LIMIT 1;

-- name: job_requeue_all
-- A restart is never the file's fault: the attempt is given back.
UPDATE job
SET state = 'queued', attempts = max(attempts - 1, 0), not_before_us = 0,
    changed_us = :now_us
WHERE state = 'running';

-- name: job_finish_stale
-- The asset moved on, the daemon died before its job did.
UPDATE job SET state = 'done', changed_us = :now_us
WHERE kind = 'probe' AND state = 'queued' AND asset_row IN (
    SELECT asset_row FROM asset WHERE state <> 'uploaded');

-- name: job_claim
-- No delay is longer than :horizon_us, so a later time means that the clock
-- was set back, and is no reason to wait.
UPDATE job
SET state = 'running', attempts = attempts + 1, changed_us = :now_us
WHERE job_row = (
    SELECT job_row FROM job INDEXED BY job_queued
    WHERE kind = :kind AND state = 'queued'
        AND (not_before_us <= :now_us OR not_before_us > :horizon_us)
    ORDER BY job_row LIMIT 1)
RETURNING id, (SELECT a.id FROM asset a WHERE a.asset_row = job.asset_row),
    attempts, not_before_us;

-- name: job_claim_of_asset
UPDATE job
SET state = 'running', attempts = attempts + 1, changed_us = :now_us
WHERE job_row = (
    SELECT j.job_row FROM asset a
    JOIN job j INDEXED BY job_by_asset ON j.asset_row = a.asset_row
    WHERE a.id = :asset AND j.kind = :kind AND j.state = 'queued'
    ORDER BY j.job_row LIMIT 1)
RETURNING id, (SELECT a.id FROM asset a WHERE a.asset_row = job.asset_row),
    attempts, not_before_us;

-- name: job_move
-- Compare-and-set: changes no row when the job is not in state :from.
UPDATE job
SET state = :to, error = :error, not_before_us = :not_before_us,
    attempts = max(attempts - :given_back, 0), changed_us = :now_us
WHERE id = :id AND state = :from
RETURNING job_row;

-- name: job_get
SELECT j.id, j.kind, j.state, a.id, j.attempts, j.not_before_us,
    j.progress_done, j.progress_total, j.error, j.created_us, j.changed_us
FROM job j LEFT JOIN asset a ON a.asset_row = j.asset_row
WHERE j.id = :id;

-- name: job_list
-- Newest first, behind the one that :after names.
SELECT j.id, j.kind, j.state, a.id, j.attempts, j.not_before_us,
    j.progress_done, j.progress_total, j.error, j.created_us, j.changed_us
FROM job j LEFT JOIN asset a ON a.asset_row = j.asset_row
WHERE (:after IS NULL
        OR j.job_row < (SELECT job_row FROM job WHERE id = :after))
    AND (:state IS NULL OR j.state = :state)
    AND (:kind IS NULL OR j.kind = :kind)
    AND (:asset IS NULL OR a.id = :asset)
ORDER BY j.job_row DESC
LIMIT :limit;

-- name: job_progress
UPDATE job
SET progress_done = :done, progress_total = :total, changed_us = :now_us
WHERE id = :id AND state = 'running'
RETURNING (SELECT a.id FROM asset a WHERE a.asset_row = job.asset_row);

-- name: job_counts
SELECT kind, state, count(*) FROM job INDEXED BY job_by_state
GROUP BY kind, state;
