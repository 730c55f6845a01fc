// open.js - from start to the first answer, after a kill, with 100,000 assets
// in the catalog; and with 10,000 of which 1,000 wait for their ladder (REL-11).
import {execFileSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {rm, stat} from 'node:fs/promises';
import {join} from 'node:path';
import {startDaemon} from '../http/daemon.js';
import {film} from '../http/films.js';
import {until} from '../http/remote.js';
import {median, now, table} from './tools.js';

const ROUNDS = 5;
const SIZES = [1, 10000, 100000];
const QUEUE = [10000, 1000]; // assets, jobs

export const sqlite = (path, sql) => execFileSync('sqlite3', [path], {input: sql, maxBuffer: 1 << 24}).toString().trim();

// Rows of `table` for every new asset, as the first one has them.
function copies(path, name) {
  const columns = sqlite(path, `SELECT group_concat(name) FROM pragma_table_info('${name}') WHERE name <> 'asset_row';`);
  return `INSERT INTO ${name} (asset_row, ${columns}) SELECT a.asset_row, ${columns.replace(/[^,]+/g, 't.$&')}
    FROM asset a, (SELECT * FROM ${name} WHERE asset_row = 1) t
    WHERE a.asset_row > 1 AND a.asset_row NOT IN (SELECT asset_row FROM ${name});`;
}

// As many READY assets as that, each with a source of its own.
export function growTo(path, count) {
  const have = Number(sqlite(path, 'SELECT count(*) FROM asset;'));
  sqlite(path, `BEGIN;
    CREATE TEMP TABLE fresh AS WITH RECURSIVE n(i) AS (SELECT ${have} UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${count})
      SELECT i FROM n;
    INSERT INTO source (source_row, sha256, size_bytes) SELECT 1000 + i, randomblob(32), 1000 FROM fresh;
    INSERT INTO asset (id, birth, state, kind, name, description, metadata, filename, collection_id, created_us, source_row, epoch)
      SELECT 'm-' || printf('%026d', i), printf('%026d', i), 'ready', kind, name, description, metadata, filename,
        collection_id, created_us, 1000 + i, epoch FROM fresh, asset WHERE asset_row = 1;
    ${['plan', 'track', 'rendition'].map((name) => copies(path, name)).join('\n')}
    COMMIT;`);
}

// How long each start after a kill takes, in ms, until `path` is answered; each
// is killed once `work` is over.
async function starts(daemon, path, work = async () => {}) {
  const times = [];
  for (let i = 0; i < ROUNDS; i++) {
    const begun = now();
    const again = await daemon.restart();
    const answer = await again.call('GET', path);
    if (answer.status !== 200)
      throw new Error(`HTTP ${answer.status}`);
    times.push(now() - begun);
    await work(again);
    await again.kill();
  }
  return times;
}

// The film with a box that nobody reads behind it: bytes of its own.
function another(bytes, i) {
  const box = Buffer.alloc(16);
  box.writeUInt32BE(box.length);
  box.write('free', 4);
  box.writeUInt32BE(i, 8);
  return Buffer.concat([bytes, box]);
}

const isAtWork = (daemon) => until('a ladder is made', async () =>
  /^reeld_workers\{state="busy"\} [1-9]/m.test(await (await fetch(`${daemon.base}/metrics`)).text()));

async function queued(rows) {
  const [assets, jobs] = QUEUE;
  const bytes = readFileSync(film('plain.mp4'));
  const daemon = await startDaemon(['--ladder', 'on_demand', '--requests-per-key', '0'], {keeps: true});
  const path = join(daemon.dataDir, 'catalog.db');
  for (let i = 0; i < jobs; i++) {
    const answer = await daemon.call('POST', '/v1/assets', {body: another(bytes, i), headers: {'content-type': 'video/mp4'}});
    if (answer.status !== 201)
      throw new Error(`HTTP ${answer.status}: ${await answer.text()}`);
    await answer.arrayBuffer();
  }
  await daemon.stop();
  growTo(path, assets);
  sqlite(path, `INSERT INTO job (id, kind, asset_row, state, attempts, not_before_us, created_us, changed_us)
    SELECT 'j-' || printf('%026d', asset_row), 'ladder', asset_row, 'queued', 0, 0, created_us, created_us
    FROM asset ORDER BY asset_row LIMIT ${jobs};`);
  daemon.flags = ['--ladder', 'background'];
  const first = await daemon.restart();
  await isAtWork(first);
  await first.kill();
  const times = await starts(daemon, '/readyz', isAtWork);
  const left = sqlite(path, "SELECT count(*) FROM job WHERE state IN ('queued', 'running');");
  rows.push([String(assets), `${jobs} to ${left}`, median(times).toFixed(0), Math.max(...times).toFixed(0)]);
  await rm(daemon.dataDir, {recursive: true});
}

export default async function open() {
  const rows = [['assets', 'catalog, MiB', 'first answer, ms']];
  const daemon = await startDaemon(['--ladder', 'on_demand'], {keeps: true});
  await daemon.upload(film('plain.mp4'));
  await daemon.stop();
  const path = join(daemon.dataDir, 'catalog.db');
  for (const count of SIZES) {
    if (count > 1)
      growTo(path, count);
    const times = await starts(daemon, '/v1/assets?limit=1');
    rows.push([String(count), ((await stat(path)).size / 1048576).toFixed(0), median(times).toFixed(0)]);
  }
  await rm(daemon.dataDir, {recursive: true});
  table(rows);
  const waiting = [['assets', 'jobs queued', 'ready, ms', 'the longest, ms']];
  await queued(waiting);
  table(waiting);
}
