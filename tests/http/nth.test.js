// SPDX-License-Identifier: MIT
// nth.test.js - whole flows in which the Nth call to the machine fails, for one
// N after the other until the flow gets through without meeting it (REL-05,
// REL-07, REL-21). Each time: a clear error or success, nothing acknowledged is
// lost, the next request is served, no descriptor leaks.
//
//   NTH_STRIDE=1   every N (make faults); otherwise a slice
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {createHash, randomBytes} from 'node:crypto';
import {closeSync, mkdirSync, openSync, readFileSync, readSync, readdirSync, rmSync, writeFileSync, writeSync} from 'node:fs';
import {mkdtemp} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {test} from 'node:test';
import {command, isSanitized, startDaemon} from './daemon.js';
import {film} from './films.js';
import {until} from './remote.js';

const STRIDE = Number(process.env.NTH_STRIDE || 23);
const SECONDS = 1000;
const MOST = 2 ** 31 - 1;
const FLAGS = ['--playback', 'open', '--keep-free', '0', '--ladder', 'on_demand', '--cache-budget', '400KiB', '--requests-per-key', '0',
  '--segment-wait', '20s', '--read-ahead', '0'];
const LOCKS = 50; // that somebody else has, one after the other
// Long flows fail at many calls; a leak of one descriptor each shows.
const FILES_SPARE = 16;

// As in tests/crash/fault_shim.c; numbers of errors are Linux's.
const KINDS = {OPEN: 1, WRITE: 2, READ: 3, SYNC: 4, RENAME: 5, UNLINK: 6, ROOM: 7, MEMORY: 8, ALLOCATE: 9, LOCK: 10, CHANGE: 11};
const ERRORS = {short: 0, EIO: 5, EAGAIN: 11, ENOMEM: 12, EMFILE: 24, ENOSPC: 28, EROFS: 30};
const FAULTS = [
  ['OPEN', 'EMFILE'], ['WRITE', 'ENOSPC'], ['WRITE', 'EIO'], ['WRITE', 'short'], ['READ', 'EIO'], ['SYNC', 'EIO'], ['RENAME', 'EIO'],
  ['UNLINK', 'EIO'], ['ROOM', 'ENOSPC'], ['MEMORY', 'EMFILE'], ['LOCK', 'EAGAIN'],
];
const FAILURES = [500, 503, 507];
// Each of a flow's first allocations: a daemon that has just started fills its tables.
const DENSE = 6;

// ---- a daemon under the shim -------------------------------------------------

function shim() {
  const place = new URL('../../build/shims/', import.meta.url).pathname;
  const library = join(place, 'fault_shim.so');
  mkdirSync(place, {recursive: true});
  execFileSync('cc', ['-shared', '-fPIC', '-O1', '-D_GNU_SOURCE', '-o', library, new URL('../crash/fault_shim.c', import.meta.url).pathname]);
  return library;
}

class Rig {
  async open() {
    this.directory = await mkdtemp(join(tmpdir(), 'reeld-nth-'));
    this.path = join(this.directory, 'control');
    writeFileSync(this.path, Buffer.alloc(24));
    this.control = openSync(this.path, 'r+');
    this.env = {LD_PRELOAD: shim(), FAULT_SHIM: this.path};
    this.kept = new Map(); // id -> SHA-256
    this.leaving = new Set(); // their DELETE failed: done or not
    await this.start();
    this.first = await this.upload();
    await this.piece();
    this.files = this.openFiles();
    return this;
  }

  async start() {
    this.daemon = await startDaemon(FLAGS, {directory: this.directory, keeps: true, env: this.env});
  }

  set(...numbers) {
    writeSync(this.control, Buffer.from(Int32Array.from(numbers).buffer), 0, 4 * numbers.length, 0);
  }

  arm(kind, from, to, error) {
    this.set(0, from, to, ERRORS[error], 0, 0);
    this.set(KINDS[kind]);
  }

  // How many calls failed.
  disarm() {
    const was = Buffer.alloc(24);
    this.set(0);
    readSync(this.control, was, 0, 24, 0);
    return was.readInt32LE(20);
  }

  openFiles() {
    return readdirSync(`/proc/${this.daemon.pid}/fd`).length;
  }

  async close() {
    closeSync(this.control);
    rmSync(this.directory, {recursive: true});
  }

  // ---- flows: each answers or throws what is wrong ---------------------------

  async told(answer, allowed) {
    const bytes = Buffer.from(await answer.arrayBuffer());
    assert.ok([...allowed, ...FAILURES].includes(answer.status), `${answer.status} ${bytes.subarray(0, 300)}`);
    if (answer.status >= 400) {
      assert.match(answer.headers.get('content-type'), /problem\+json/);
      const problem = JSON.parse(bytes);
      assert.ok(problem.code && problem.title, bytes.toString());
      assert.doesNotMatch(bytes.toString(), /blobs\/|\/tmp\//, 'what failed inside is told to a client');
      return null;
    }
    return bytes;
  }

  async upload() {
    const box = Buffer.concat([Buffer.from([0, 0, 0, 40]), Buffer.from('free'), randomBytes(32)]);
    const body = Buffer.concat([readFileSync(film('plain.mp4')), box]);
    const answer = await this.daemon.call('POST', '/v1/assets?name=x', {body, headers: {'content-type': 'application/octet-stream'}});
    const bytes = await this.told(answer, [201, 202]);
    if (!bytes)
      return null;
    const {id, sha256} = JSON.parse(bytes);
    assert.equal(sha256, createHash('sha256').update(body).digest('hex'));
    this.kept.set(id, sha256);
    return id;
  }

  // One that nobody has asked for: the beginning of a new clip.
  async piece() {
    const bytes = await this.clip();
    const line = bytes?.toString().split('\n').find((l) => l && l[0] !== '#');
    return line && this.told(await fetch(new URL(line, this.list)), [200]);
  }

  async clip() {
    this.clips = (this.clips ?? 0) + 1;
    const master = `${this.daemon.base}/p/open/${this.first}/index.m3u8?t=${(0.1 + this.clips / 1000).toFixed(3)},5.5`;
    const bytes = await this.told(await fetch(master), [200]);
    const line = bytes?.toString().split('\n').find((l) => l && l[0] !== '#');
    if (!line)
      return null;
    this.list = new URL(line, master).href;
    return this.told(await fetch(this.list), [200]);
  }

  async stream() {
    const clips = [{asset: this.first, start: 1, end: 2}, {gap: 1}, {asset: this.first, start: 3}];
    const bytes = await this.told(await this.daemon.call('POST', '/v1/streams', {json: {clips}}), [201]);
    if (!bytes)
      return;
    const {id} = JSON.parse(bytes);
    (this.streams ??= new Set()).add(id);
    await this.told(await fetch(`${this.daemon.base}/p/open/${id}/index.m3u8`), [200]);
  }

  async remove() {
    const [id] = [...this.kept.keys()].filter((one) => one !== this.first);
    const sha256 = this.kept.get(id);
    this.kept.delete(id);
    this.leaving.add(id);
    if (await this.told(await this.daemon.call('DELETE', `/v1/assets/${id}`), [204]))
      this.leaving.delete(id);
    else
      assert.ok(sha256);
  }

  // ---- and afterwards ----------------------------------------------------------

  async serves() {
    const health = await fetch(`${this.daemon.base}/healthz`);
    assert.equal(health.status, 200, await health.text());
    const asset = await this.daemon.json(`/v1/assets/${this.first}`);
    assert.equal(asset.sha256, this.kept.get(this.first));
    const answer = await fetch(`${this.daemon.base}/p/open/${this.first}/index.m3u8`);
    assert.equal(answer.status, 200, await answer.text());
  }

  async closesFiles(label) {
    const few = () => this.openFiles() <= this.files + FILES_SPARE;
    await until(`${label}: ${this.openFiles()} open files, ${this.files} before`, few);
  }

  // What a fault has put off is done in the end, without a restart.
  async looks(label) {
    for (const id of this.leaving) {
      const {status} = await this.daemon.call('GET', `/v1/assets/${id}`);
      assert.ok([200, 404].includes(status));
    }
    for (const [id, sha256] of this.kept) {
      const asset = await until(`${label}: ${id} is ready`, async () => {
        const found = await this.daemon.json(`/v1/assets/${id}?wait=2`);
        return found.state !== 'uploaded' && found;
      }, 600);
      assert.equal(asset.state, 'ready', `${label}: ${JSON.stringify(asset.error)}`);
      assert.equal(asset.sha256, sha256);
    }
    for (const id of this.streams ?? [])
      assert.equal((await this.daemon.call('GET', `/v1/streams/${id}`)).status, 200, label);
  }

  async audits() {
    const {code, stdout} = await command(this.directory, 'fsck', '--scrub');
    assert.equal(code, 0, stdout);
  }
}

// Every how many calls fail in a slice, and what comes before the fault: there
// is something to delete.
const FLOWS = {
  upload: {stride: STRIDE},
  piece: {stride: Math.min(STRIDE, 4)},
  clip: {stride: Math.min(STRIDE, 2)},
  stream: {stride: Math.min(STRIDE, 6)},
  remove: {stride: STRIDE, before: (rig) => (rig.kept.size > 1 ? null : rig.upload())},
};

// One call fails, or all from the Nth on. Slices begin elsewhere from fault to
// fault, and have one of both.
async function failEach(rig, flow, [kind, error], index) {
  let failed = 0;
  for (const isLasting of STRIDE === 1 ? [false, true] : [index % 2 === 1])
    for (let n = 1 + index % FLOWS[flow].stride; ; n += FLOWS[flow].stride) {
      await FLOWS[flow].before?.(rig);
      // Nobody has a lock for ever: SQLite waits ten seconds for each.
      const last = kind === 'LOCK' ? n + LOCKS : MOST;
      rig.arm(kind, n, isLasting ? last : n, error);
      try {
        await rig[flow]();
      } catch (error_) {
        throw new Error(`${flow}, ${kind} ${n}${isLasting ? ' and on' : ''} ${error}: ${error_.message}`, {cause: error_});
      }
      if (rig.disarm() === 0)
        break;
      failed++;
      await rig.serves().catch((error_) => {
        const said = rig.daemon.lines.slice(-20).join('\n');
        throw new Error(`after ${flow}, ${kind} ${n} ${error}: ${error_.message} ${error_.cause}\n${said}`, {cause: error_});
      });
    }
  return failed;
}

for (const flow of Object.keys(FLOWS))
  test(`${flow}: whichever call fails, it is told and nothing is lost`, {timeout: 3000 * SECONDS}, async (t) => {
    const rig = await new Rig().open();
    let failed = 0;
    try {
      for (const [index, fault] of FAULTS.entries()) {
        failed += await failEach(rig, flow, fault, index);
        await rig.closesFiles(`${flow}, ${fault}`);
      }
      await rig.looks(flow);
      await rig.daemon.kill();
      await rig.start();
      await rig.looks('after a kill');
    } finally {
      await rig.daemon.stop();
    }
    await rig.audits();
    await rig.close();
    t.diagnostic(`Measured: ${failed} calls failed`);
    assert.ok(failed > 0 || STRIDE > 1);
  });

// As ext4 does when its disk fails (errors=remount-ro).
test('a disk that turns read-only: what is there plays, changes are refused, and all goes on when it is mended', {timeout: 600 * SECONDS}, async () => {
  const rig = await new Rig().open();
  rig.arm('CHANGE', 1, MOST, 'EROFS');
  for (let i = 0; i < 3; i++) {
    assert.equal(await rig.upload(), null, 'an upload is acknowledged');
    assert.ok(await rig.clip(), 'a manifest');
    await rig.serves();
  }
  assert.ok(await rig.piece(), 'a piece that nobody has asked for is made in memory');
  const {status} = await rig.daemon.call('DELETE', `/v1/assets/${rig.first}`);
  assert.ok(FAILURES.includes(status), `${status}`);
  await rig.serves();
  assert.ok(rig.disarm() > 0);
  const later = await until('an upload is accepted', () => rig.upload(), 120);
  await rig.looks('mended');
  assert.ok(await rig.piece());
  assert.equal((await rig.daemon.call('DELETE', `/v1/assets/${later}`)).status, 204);
  await rig.closesFiles('read-only');
  await rig.daemon.stop();
  await rig.audits();
  await rig.close();
});

// Whether a flow ended with its connection.
async function isBroken(rig, flow, what) {
  try {
    await flow.call(rig);
    return false;
  } catch (error) {
    assert.match(error.message, /fetch failed|terminated/, `${what}: ${error.message}`);
    return true;
  }
}

// 1 if the daemon has ended, or does within a moment: it is started again.
async function restarts(rig, what) {
  const how = await Promise.race([rig.daemon.ended, new Promise((resolve) => { setTimeout(resolve, 2 * SECONDS); })]);
  if (!how)
    return 0;
  assert.equal(how.signal, 'SIGABRT', `${what}: it ended with ${how.code}`);
  await rig.start();
  return 1;
}

// An allocation that fails ends the daemon (style.md: "small allocations
// abort"); where it was the HTTP library's, the connection; elsewhere it is told
// like any other failure. The next request is served, and all is there.
test('whichever allocation fails, nothing is lost', {timeout: 3000 * SECONDS, skip: isSanitized && 'its allocator is another'}, async (t) => {
  const rig = await new Rig().open();
  let failed = 0, ended = 0;
  for (const flow of Object.keys(FLOWS))
    for (let n = 1; ; n += n < DENSE ? 1 : STRIDE * 23) {
      await FLOWS[flow].before?.(rig);
      rig.arm('ALLOCATE', n, n, 'ENOMEM');
      const what = `${flow}, allocation ${n}`;
      const isDown = await isBroken(rig, rig[flow], what);
      if (rig.disarm() === 0) {
        assert.ok(!isDown, `${what} was never asked for, and yet it broke`);
        break;
      }
      failed++;
      // A thread that the answer does not wait for may have met it, too.
      if (isDown || await isBroken(rig, rig.serves, what))
        ended += await restarts(rig, what);
      await rig.serves();
    }
  await rig.looks('allocations');
  await rig.daemon.stop();
  await rig.audits();
  await rig.close();
  t.diagnostic(`Measured: ${failed} allocations failed, ${ended} ended the daemon`);
});
