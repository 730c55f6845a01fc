// SPDX-License-Identifier: MIT
// faults.test.js - a daemon whose machine fails it: full and read-only disks,
// system calls that fail, clocks that jump, a second daemon, SIGTERM under load.
import assert from 'node:assert/strict';
import {execFileSync, spawn} from 'node:child_process';
import {createHash} from 'node:crypto';
import {mkdirSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync} from 'node:fs';
import {mkdtemp} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {childrenOf, command, isSanitized, startDaemon} from './daemon.js';
import {text, variants} from './exact.js';
import {film} from './films.js';
import {sendFile, startRemote, until} from './remote.js';

const SECONDS = 1000;
const FLAGS = ['--playback', 'open', '--keep-free', '0'];
// What a commit and its log may want on a disk beside the bytes of an upload.
const CHANGE_BYTES = 256 << 10;
const bytes = readFileSync(film('plain.mp4'));

// The film with a box that nobody reads, of `size` bytes: bytes of its own.
function filmWith(size) {
  const box = Buffer.alloc(size, Math.random().toString());
  box.writeUInt32BE(size);
  box.write('free', 4);
  return Buffer.concat([bytes, box]);
}

async function tryUpload(daemon, body = filmWith(64)) {
  const answer = await daemon.call('POST', '/v1/assets?name=x', {body, headers: {'content-type': 'application/octet-stream'}});
  const json = await answer.json();
  if (answer.status >= 400)
    assert.match(answer.headers.get('content-type'), /problem\+json/);
  return {status: answer.status, json};
}

async function upload(daemon, body) {
  const {status, json} = await tryUpload(daemon, body);
  assert.equal(status, 201, JSON.stringify(json));
  return json;
}

// Everything that one rung of an asset names.
async function play(daemon, id) {
  const [url] = await variants(`${daemon.base}/p/open/${id}/index.m3u8`);
  for (const line of (await text(url)).split('\n').filter((l) => l && l[0] !== '#')) {
    const answer = await fetch(new URL(line, url));
    assert.equal(answer.status, 200, `${line}: ${(await answer.arrayBuffer()).byteLength} bytes`);
  }
}

async function whole(daemon, id) {
  for (let i = 0; i < 60; i++) {
    const asset = await daemon.json(`/v1/assets/${id}?wait=2`);
    if (asset.progress === 1)
      return;
  }
  assert.fail(`${id} is never whole`);
}

// A probe that the machine failed is tried again, after a while.
async function ready(daemon, id) {
  let asset = await daemon.json(`/v1/assets/${id}`);
  for (let i = 0; asset.state === 'uploaded' && i < 60; i++)
    asset = await daemon.json(`/v1/assets/${id}?wait=2`);
  assert.equal(asset.state, 'ready', `${id}: ${JSON.stringify(asset.error)}`);
}

async function sourceOf(daemon, id) {
  const answer = await daemon.call('GET', `/v1/assets/${id}/source`);
  return createHash('sha256').update(Buffer.from(await answer.arrayBuffer())).digest('hex');
}

// ---- the directory ---------------------------------------------------------

test('a second daemon on the same directory ends, and harms nobody (REL-13)', async () => {
  const daemon = await startDaemon(FLAGS);
  try {
    const asset = await upload(daemon);
    await assert.rejects(startDaemon(FLAGS, {directory: daemon.dataDir, keeps: true}), /ended with [1-9]\d*:[^]*(in use|another|holds|has it)/);
    await play(daemon, asset.id);
    assert.equal((await upload(daemon)).state, 'ready');
  } finally {
    await daemon.stop();
  }
});

// A name space of its own, where everybody may mount.
const inside = (script) => ['unshare', '-rm', 'sh', '-c', `${script} && exec "$@"`, 'sh'];

test('a read-only directory is refused in a clear line', async () => {
  const daemon = await startDaemon(FLAGS, {keeps: true});
  await upload(daemon);
  await daemon.stop();
  const under = inside(`mount --bind ${daemon.dataDir} ${daemon.dataDir} && mount -o remount,bind,ro ${daemon.dataDir}`);
  await assert.rejects(startDaemon(FLAGS, {directory: daemon.dataDir, keeps: true, under}), /ended with [1-9]\d*:[^]*[Rr]ead-only/);
  const again = await startDaemon(FLAGS, {directory: daemon.dataDir});
  await again.stop();
});

test('a full disk refuses uploads, plays on, and is forgotten when there is room (REL-06)', {timeout: 200 * SECONDS}, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'reeld-full-'));
  const under = inside(`mount -t tmpfs -o size=12m tmpfs ${directory}`);
  const flags = ['--playback', 'open', '--keep-free', '2MiB', '--ladder', 'on_demand'];
  const daemon = await startDaemon(flags, {directory, under});
  const root = `/proc/${daemon.pid}/root${directory}`;
  try {
    const first = await upload(daemon);
    let refused;
    for (let i = 0; i < 40 && !refused; i++) {
      const {status, json} = await tryUpload(daemon, filmWith(1 << 20));
      if (status !== 201)
        refused = {status, json};
    }
    assert.equal(refused?.status, 507, JSON.stringify(refused));
    assert.equal(refused.json.code, 'no_space');
    fill(join(root, 'filler'));
    const full = await tryUpload(daemon);
    assert.equal(full.status, 507, JSON.stringify(full));
    await play(daemon, first.id); // made in memory
    assert.equal((await fetch(`${daemon.base}/healthz`)).status, 200);
    rmSync(join(root, 'filler'));
    for (const {id} of (await daemon.json('/v1/assets?limit=200')).items)
      if (id !== first.id)
        assert.equal((await daemon.call('DELETE', `/v1/assets/${id}`)).status, 204);
    const later = await upload(daemon);
    await play(daemon, later.id);
    assert.equal(await sourceOf(daemon, first.id), first.sha256);
  } finally {
    await daemon.stop();
  }
});

test('a disk that is full before the ladder is made: it waits, spends no attempt, and is whole once there is room (REL-06)', {timeout: 300 * SECONDS}, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'reeld-full-'));
  const under = inside(`mount -t tmpfs -o size=12m tmpfs ${directory}`);
  const daemon = await startDaemon(FLAGS, {directory, under});
  const filler = join(`/proc/${daemon.pid}/root${directory}`, 'filler');
  try {
    const body = filmWith(64);
    fill(filler);
    truncateSync(filler, statSync(filler).size - body.length - CHANGE_BYTES);
    const asset = await upload(daemon, body);
    await until('the disk is full', () => daemon.lines.some((l) => / publish\.disk_full /.test(l)));
    fill(filler);
    await play(daemon, asset.id);
    const ladder = async () => (await daemon.json(`/v1/jobs?kind=ladder&asset=${asset.id}`)).items[0];
    const waiting = await ladder();
    assert.ok(['queued', 'running'].includes(waiting.state), JSON.stringify(waiting));
    assert.ok((await daemon.json(`/v1/assets/${asset.id}`)).progress < 1);
    rmSync(filler);
    await whole(daemon, asset.id);
    await until('the job is done', async () => (await ladder()).state === 'done');
    assert.ok((await ladder()).attempts <= 1, JSON.stringify(await ladder()));
    await play(daemon, asset.id);
    assert.equal(await sourceOf(daemon, asset.id), asset.sha256);
  } finally {
    await daemon.stop();
  }
});

function fill(path) {
  try {
    for (let size = 1 << 20; size >= 4096; size >>= 1)
      while (writeMore(path, size))
        continue;
  } catch {
    // there is no room left
  }
}

function writeMore(path, size) {
  try {
    writeFileSync(path, Buffer.alloc(size), {flag: 'a'});
    return true;
  } catch {
    return false;
  }
}

// ---- system calls ----------------------------------------------------------

// Once the daemon runs, the first and every third of these calls in each of its
// threads fails.
const FAULTS = [
  ['fsync', 'EIO'], ['fdatasync', 'EIO'], ['pwrite64', 'ENOSPC'], ['pwrite64', 'EIO'], ['write', 'ENOSPC'], ['fallocate', 'ENOSPC'],
  ['renameat2', 'EIO'], ['unlinkat', 'EIO'], ['memfd_create', 'EMFILE'], ['openat', 'EMFILE'], ['ftruncate', 'EIO'],
  ['pread64', 'EIO'],
];
const ROUNDS = 4;

// It stays until the daemon is killed: strace cannot let go of a process that
// starts another one at that moment.
async function attach(daemon, call, fault, more = []) {
  const child = spawn('strace', ['-f', '-b', 'execve', '-p', String(daemon.pid), '-o', '/dev/null', '-e', `trace=${call}`,
    '-e', `inject=${call}:${fault}`, ...more], {stdio: ['ignore', 'ignore', 'pipe']});
  let words = '';
  await new Promise((resolve, reject) => {
    child.once('exit', () => reject(new Error(`strace: ${words}`)));
    child.stderr.on('data', (part) => {
      words += part;
      if (/attached/.test(words))
        resolve();
    });
  });
  // In an object, or it would be waited for: it ends when the last of the
  // daemon's threads has.
  return {ended: new Promise((resolve) => { child.removeAllListeners('exit'); child.once('exit', resolve); })};
}

const openFiles = (daemon) => readdirSync(`/proc/${daemon.pid}/fd`).length;
const FAILURES = [500, 503, 507];

// What fails is told as what it is. `doubt`: a DELETE that failed may be done.
async function liveThrough(daemon, kept, doubt) {
  const {status, json} = await tryUpload(daemon);
  assert.ok([201, 202, ...FAILURES].includes(status), `upload: ${status} ${JSON.stringify(json)}`);
  if (status < 300)
    kept.set(json.id, json.sha256);
  for (const id of [...kept.keys()].slice(-1)) {
    const answer = await fetch(`${daemon.base}/p/open/${id}/240p/1.m4s`);
    await answer.arrayBuffer();
    assert.ok([200, 404, ...FAILURES].includes(answer.status), `play: ${answer.status}`);
  }
  if (kept.size < 4)
    return;
  const [id] = kept.keys();
  const gone = await daemon.call('DELETE', `/v1/assets/${id}`);
  assert.ok([204, ...FAILURES].includes(gone.status), `DELETE: ${gone.status}`);
  if (gone.status !== 204)
    doubt.set(id, kept.get(id));
  kept.delete(id);
}

for (const [call, fault] of FAULTS) {
  test(`${call} fails with ${fault}: it is told, nothing acknowledged is lost (REL-05, REL-07)`, {timeout: 200 * SECONDS}, async () => {
    let daemon = await startDaemon([...FLAGS, '--segment-wait', '10s', '--ladder', 'on_demand'], {keeps: true});
    const first = await upload(daemon);
    const kept = new Map([[first.id, first.sha256]]);
    const doubt = new Map();
    const files = openFiles(daemon);
    const traced = await attach(daemon, call, `error=${fault}:when=1+3`);
    for (let i = 0; i < ROUNDS; i++)
      await liveThrough(daemon, kept, doubt);
    assert.ok(openFiles(daemon) < files + 30, `${openFiles(daemon)} open files, ${files} before`);
    await daemon.kill();
    await traced.ended;
    daemon = await daemon.restart();
    for (const [id, digest] of [...kept, ...doubt]) {
      const answer = await daemon.call('GET', `/v1/assets/${id}`);
      if (answer.status === 404 && doubt.has(id))
        continue;
      assert.equal(await sourceOf(daemon, id), digest);
      await ready(daemon, id);
      await play(daemon, id);
    }
    assert.equal((await upload(daemon)).state, 'ready');
    await daemon.stop();
    const checked = await command(daemon.dataDir, 'fsck', '--scrub');
    assert.equal(checked.code, 0, checked.stdout);
    rmSync(daemon.dataDir, {recursive: true});
  });
}

// ---- workers ---------------------------------------------------------------

// A line of what the kernel says of a process; '' when it is gone.
function statusOf(pid, name) {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8').match(new RegExp(`^${name}:\\t(\\S+)`, 'm'))[1];
  } catch {
    return '';
  }
}
const isThere = (pid) => !['', 'Z'].includes(statusOf(pid, 'State'));

// Has all workers stand still, once they are behind their walls and so ready for
// work; gives them.
async function stopWorkers(daemon) {
  const pids = await until('a worker that waits', () => {
    const found = childrenOf(daemon.pid);
    return found.length > 0 && found.every((pid) => statusOf(pid, 'Seccomp') === '2') && found;
  });
  for (const pid of pids)
    process.kill(pid, 'SIGSTOP');
  return pids;
}

// Those that got no work may go on.
function wakeWorkers(pids) {
  for (const pid of pids)
    try {
      process.kill(pid, 'SIGCONT');
    } catch (error) {
      assert.equal(error.code, 'ESRCH');
    }
}

// A worker that stands still past its time is taken for dead, and is: it cannot
// come back to a job that another one has done (fencing).
test('a worker that is late changes nothing (REL-10)', {timeout: 240 * SECONDS}, async () => {
  const daemon = await startDaemon([...FLAGS, '--ladder', 'on_demand', '--probe-timeout', '3s', '--make-timeout', '3s',
    '--job-attempts', '20', '--spares', '1', '--read-ahead', '0'], {keeps: true});
  try {
    const spare = await stopWorkers(daemon);
    const {status, json: asset} = await tryUpload(daemon);
    assert.ok([201, 202].includes(status), `${status}`);
    await ready(daemon, asset.id);
    const late = spare.filter((pid) => !isThere(pid));
    assert.ok(late.length > 0, 'the one that had the job is still there');
    wakeWorkers(spare);
    const before = await daemon.json(`/v1/assets/${asset.id}`);

    const makers = await stopWorkers(daemon);
    const clip = `${daemon.base}/p/open/${asset.id}/index.m3u8?t=0.3,2.1`;
    const [url] = await variants(clip);
    const line = (await text(url)).split('\n').find((l) => l && l[0] !== '#');
    const asked = () => fetch(new URL(line, url)).then(async (answer) => answer.status === 200 && Buffer.from(await answer.arrayBuffer()));
    const piece = await until('the piece', asked, 120);
    assert.ok(makers.some((pid) => !isThere(pid)), 'the one that made it is still there');
    wakeWorkers(makers);
    assert.deepEqual(await asked(), piece);
    assert.deepEqual({...await daemon.json(`/v1/assets/${asset.id}`), playback: null}, {...before, playback: null});
  } finally {
    await daemon.stop();
  }
  const checked = await command(daemon.dataDir, 'fsck', '--scrub');
  assert.equal(checked.code, 0, checked.stdout);
  rmSync(daemon.dataDir, {recursive: true});
});

// ---- who comes just before a source is dropped ------------------------------

async function dropSource(daemon, id) {
  const job = await (await daemon.call('DELETE', `/v1/assets/${id}/source`)).json();
  await until('its source is dropped', async () => (await daemon.json(`/v1/jobs/${job.id}?wait=5`)).state === 'done', 100);
}

// An asset of which all is made that is kept without its source, which it has.
async function uploadKept(daemon) {
  const body = filmWith(64);
  const asset = await upload(daemon, body);
  await dropSource(daemon, asset.id);
  const again = await upload(daemon, body);
  assert.equal((await daemon.call('DELETE', `/v1/assets/${again.id}`)).status, 204);
  return daemon.json(`/v1/assets/${asset.id}`);
}

const RACE_FLAGS = [...FLAGS, '--ladder', 'on_demand', '--backup-lag', '0s', '--workers', '1', '--job-attempts', '2', '--read-ahead', '0'];

async function isToldDropped(answer) {
  const words = await answer.text();
  assert.equal(answer.status, 410, `${answer.url}: ${answer.status} ${words.slice(0, 300)}`);
  assert.equal(JSON.parse(words).code, 'source_dropped');
}

// The first segment of a clip: its beginning is cut.
async function cutPiece(daemon, id) {
  const [url] = await variants(`${daemon.base}/p/open/${id}/index.m3u8?t=0.3,2.1`);
  return new URL((await text(url)).split('\n').find((l) => l && l[0] !== '#'), url);
}

test('a source that is dropped while its bytes are asked for', {timeout: 120 * SECONDS}, async () => {
  const daemon = await startDaemon(RACE_FLAGS, {keeps: true});
  const {id, sha256} = await uploadKept(daemon);
  // Whoever opens it waits first, and so has seen the asset as it was.
  const traced = await attach(daemon, 'openat', 'delay_enter=3000000', ['-P', `blobs/${sha256.slice(0, 2)}/${sha256.slice(2)}`]);
  const asked = daemon.call('GET', `/v1/assets/${id}/source`);
  await sleep(500);
  await dropSource(daemon, id);
  await isToldDropped(await asked);
  await daemon.kill();
  await traced.ended;
  rmSync(daemon.dataDir, {recursive: true});
});

test('a source that is dropped while a piece of it waits for its turn', {timeout: 240 * SECONDS}, async () => {
  const daemon = await startDaemon(RACE_FLAGS);
  try {
    const {id} = await uploadKept(daemon);
    const other = await cutPiece(daemon, (await upload(daemon)).id);
    const own = await cutPiece(daemon, id);
    for (const pid of childrenOf(daemon.pid)) // they have a source open
      process.kill(pid, 'SIGKILL');
    const still = await stopWorkers(daemon);
    const before = fetch(other);
    await sleep(500);
    const asked = fetch(own);
    await sleep(500);
    await dropSource(daemon, id);
    wakeWorkers(still);
    assert.equal((await before).status, 200);
    // A worker may have opened the source in time, for what its playlist has made
    // ahead; and then it is made.
    const answer = await asked;
    if (answer.status !== 200)
      await isToldDropped(answer);
  } finally {
    await daemon.stop();
  }
});

// ---- clocks ----------------------------------------------------------------

const DAY_S = 24 * 3600, YEAR_S = 365 * DAY_S;

function clockShim() {
  const place = new URL('../../build/shims/', import.meta.url).pathname;
  const library = join(place, 'clock_shim.so');
  mkdirSync(place, {recursive: true});
  execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, new URL('../crash/clock_shim.c', import.meta.url).pathname]);
  return library;
}

const cpuTicks = (pid) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ').slice(11, 13).reduce((a, b) => a + Number(b), 0);

async function startWithClock(flags) {
  const directory = await mkdtemp(join(tmpdir(), 'reeld-clock-'));
  const clock = join(directory, 'clock');
  const set = (seconds) => {
    const offset = Buffer.alloc(8);
    offset.writeBigInt64LE(BigInt(seconds));
    writeFileSync(clock, offset, {flag: 'r+'});
  };
  writeFileSync(clock, Buffer.alloc(8));
  const env = {LD_PRELOAD: clockShim(), CLOCK_SHIM: clock};
  return {daemon: await startDaemon(['--keep-free', '0', ...flags], {directory, env}), set};
}

async function isIdle(daemon) {
  const before = cpuTicks(daemon.pid);
  await sleep(1000);
  assert.ok(cpuTicks(daemon.pid) - before < 30, 'an idle daemon is busy'); // of 100 a second
}

test('clocks that jump by a day stop nothing and spin nothing (REL-19)', {timeout: 120 * SECONDS, skip: isSanitized}, async () => {
  const {daemon, set} = await startWithClock([]);
  try {
    const first = await upload(daemon);
    for (const offset of [DAY_S, -DAY_S, 0]) {
      set(offset);
      const asset = await upload(daemon);
      assert.ok(Math.abs(Date.parse(asset.created_at) / 1000 - Date.now() / 1000 - offset) < 60, asset.created_at);
      await whole(daemon, asset.id);
      assert.equal((await fetch(asset.playback.hls)).status, 200);
      assert.equal(await sourceOf(daemon, first.id), first.sha256);
      await isIdle(daemon);
    }
  } finally {
    await daemon.stop();
  }
});

// What is promised until a time of day goes by the clock on the wall; what waits
// does not wait a year longer because that clock was wrong for a while.
test('a clock that is a year ahead, then right, then a year behind (REL-19)', {timeout: 240 * SECONDS, skip: isSanitized}, async () => {
  let isUp = false;
  const remote = await startRemote((q, r) => {
    if (!isUp)
      r.writeHead(503, {'retry-after': '1'}).end();
    else if (q.method === 'POST')
      r.writeHead(204).end();
    else
      sendFile(q, r, filmWith(96));
  });
  const {daemon, set} = await startWithClock(['--ladder', 'on_demand', '--pull-allow', '127.0.0.1/32', '--pull-retry', '100ms',
    '--callback-retry', '100ms', '--callback-pause', '200ms', '--callback-tries', '100']);
  const tried = (method) => remote.asked.filter((q) => q.method === method).length;
  const plays = async (asset) => (await fetch(asset.playback.hls)).status;
  try {
    const {id: hook} = await (await daemon.call('POST', '/v1/webhooks', {json: {url: `${remote.base}/told`}})).json();
    const first = await upload(daemon);
    assert.equal(await plays(first), 200);

    set(YEAR_S);
    assert.equal(await plays(first), 403, 'its grant is over');
    assert.equal(await plays(await daemon.json(`/v1/assets/${first.id}`)), 200, 'a new one is not');
    const pulled = await (await daemon.call('POST', '/v1/assets', {json: {url: `${remote.base}/film.mp4`}})).json();
    const second = await upload(daemon);
    await until('both were tried', () => tried('GET') > 0 && tried('POST') > 1);
    await isIdle(daemon);

    set(0);
    isUp = true;
    assert.equal(await plays(first), 200, 'its grant is valid again');
    await until('the pull is tried again', async () => (await daemon.json(`/v1/assets/${pulled.id}?wait=2`)).state === 'ready');
    await until('the webhook is told', () => remote.asked.some((q) => q.method === 'POST' && q.body.includes(pulled.id)));
    await until('of what was when the clock was ahead, too', async () => {
      const {items} = await daemon.json(`/v1/webhooks/${hook}/deliveries`);
      return items.length > 0 && items.every((d) => d.state === 'delivered');
    });

    set(-YEAR_S);
    const third = await upload(daemon);
    for (const asset of [first, third])
      assert.equal(await plays(asset), 200);
    await until('a webhook is told of it', () => remote.asked.some((q) => q.method === 'POST' && q.body.includes(third.id)));
    for (const {id, sha256} of [first, second, third])
      assert.equal(await sourceOf(daemon, id), sha256);
    await isIdle(daemon);
  } finally {
    await daemon.stop();
    await remote.stop();
  }
});

test('a resumable upload outlives a clock that is set, and no longer than it may (REL-19)', {timeout: 120 * SECONDS, skip: isSanitized}, async () => {
  const tus = (daemon, method, path, headers = {}, body = undefined) => daemon.call(method, path, {body, headers: {
    'tus-resumable': '1.0.0', 'content-type': 'application/offset+octet-stream', ...headers}});
  const begin = async (daemon) => {
    const answer = await tus(daemon, 'POST', '/v1/uploads', {'upload-length': String(bytes.length)}, bytes.subarray(0, 1000));
    assert.equal(answer.status, 201);
    return new URL(answer.headers.get('location'), daemon.base).pathname;
  };
  const sweep = async (daemon) => {
    const before = daemon.lines.length;
    process.kill(daemon.pid, 'SIGUSR1');
    await until('the janitor was there', () => daemon.lines.slice(before).some((line) => line.includes('janitor.swept')));
  };
  for (const [offset, next] of [[YEAR_S, 0], [-YEAR_S, YEAR_S]]) {
    const {daemon, set} = await startWithClock(['--ladder', 'on_demand']);
    try {
      const path = await begin(daemon);
      for (const seconds of [offset, next]) {
        set(seconds);
        await sweep(daemon);
        const {status, headers} = await tus(daemon, 'HEAD', path);
        assert.deepEqual([status, headers.get('upload-offset')], [200, '1000'], `${seconds} s`);
        const expires = Date.parse(headers.get('upload-expires'));
        assert.ok(Math.abs(expires - Date.now() - DAY_S * SECONDS) < 120 * SECONDS, headers.get('upload-expires'));
      }
      const answer = await tus(daemon, 'PATCH', path, {'upload-offset': '1000'}, bytes.subarray(1000));
      assert.equal(answer.status, 204);
      assert.ok(answer.headers.get('reeld-asset'));
    } finally {
      await daemon.stop();
    }
  }
  const {daemon, set} = await startWithClock(['--upload-expiry', '1s']);
  try {
    const path = await begin(daemon);
    set(-YEAR_S);
    await until('it is over', async () => (await tus(daemon, 'HEAD', path)).status === 410);
    await sweep(daemon);
    assert.equal((await tus(daemon, 'HEAD', path)).status, 404);
  } finally {
    await daemon.stop();
  }
});

// ---- the end ---------------------------------------------------------------

test('SIGTERM under load: the daemon ends in order, answers are whole, no job fails (REL-12)', {timeout: 120 * SECONDS}, async () => {
  const daemon = await startDaemon(FLAGS, {keeps: true});
  const kept = [await upload(daemon)];
  let isOver = false;
  const load = Array.from({length: 4}, async (_, i) => {
    for (let n = 0; !isOver; n++) {
      try {
        if (i === 0) {
          const {status, json} = await tryUpload(daemon);
          if (status < 300)
            kept.push(json);
          else
            assert.equal(status, 503, JSON.stringify(json));
          continue;
        }
        const answer = await fetch(`${daemon.base}/p/open/${kept[0].id}/240p/${n % 3}.m4s`);
        const part = await answer.arrayBuffer(); // throws where it is cut short
        if (answer.status === 200)
          assert.equal(part.byteLength, Number(answer.headers.get('content-length')));
      } catch (error) {
        if (error.code === 'ERR_ASSERTION')
          throw error;
        await sleep(5);
      }
    }
  });
  await sleep(500);
  const begun = Date.now();
  const how = await daemon.stop();
  isOver = true;
  await Promise.all(load);
  assert.deepEqual(how, {code: 0, signal: null});
  assert.ok(Date.now() - begun < 30 * SECONDS);
  const again = await daemon.restart();
  try {
    for (const asset of kept) {
      assert.equal(await sourceOf(again, asset.id), asset.sha256);
      await whole(again, asset.id);
    }
  } finally {
    await again.stop();
    rmSync(daemon.dataDir, {recursive: true, force: true});
  }
});
