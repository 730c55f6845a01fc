// SPDX-License-Identifier: MIT
// operations.test.js - fsck, gc and backup, beside a daemon that serves and
// without one.
import assert from 'node:assert/strict';
import {createHash, randomBytes} from 'node:crypto';
import {chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, statSync,
  utimesSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, test} from 'node:test';

import {command, startDaemon} from './daemon.js';
import {film} from './films.js';
import {until} from './remote.js';

const FINE = 0, FOUND = 1, FAILED = 2;
const DAY_S = 24 * 3600;

let reeld, plain, path;
before(async () => {
  reeld = await startDaemon(['--ladder', 'on_demand']);
  plain = await reeld.upload(film('plain.mp4'));
  path = blobOf(reeld.dataDir, plain.sha256);
});
after(() => reeld.stop());

const blobOf = (dataDir, key) => join(dataDir, 'blobs', key.slice(0, 2), key.slice(2));
const fsck = (...words) => command(reeld.dataDir, 'fsck', ...words);

// A file that the daemon has not written, as a crash may leave one.
function orphan(dataDir, bytes = randomBytes(1000)) {
  const at = blobOf(dataDir, createHash('sha256').update(bytes).digest('hex'));
  writeFileSync(at, bytes, {mode: 0o400});
  return at;
}

function age(file, seconds) {
  const then = Date.now() / 1000 - seconds;
  utimesSync(file, then, then);
}

// Fetches what a manifest names, two levels deep, and gives how many it were.
async function play(asset) {
  const master = await (await fetch(asset.playback.hls)).text();
  const first = master.split('\n').find((l) => l.endsWith('.m3u8'));
  const url = new URL(first, asset.playback.hls);
  const media = await (await fetch(url)).text();
  const segments = media.split('\n').filter((l) => l && l[0] !== '#');
  for (const s of segments) {
    const answer = await fetch(new URL(s, url));
    assert.equal(answer.status, 200);
    await answer.arrayBuffer();
  }
  return segments.length;
}

test('fsck is quiet beside a daemon that is in order', async () => {
  assert.ok(await play(plain) > 0);
  for (const words of [[], ['--scrub']]) {
    const {code, stdout, stderr} = await fsck(...words);
    assert.equal(stderr, '');
    assert.equal(code, FINE, stdout);
    assert.match(stdout, /^database: in order$/m);
    assert.match(stdout, /^sources: 1 looked at.*, 0 missing, 0 damaged$/m);
    assert.match(stdout, /^pieces: [1-9]\d* looked at, 0 missing/m);
  }
});

test('a lost upload is told, with its asset', async () => {
  renameSync(path, `${path}.away`);
  const {code, stdout} = await fsck();
  assert.equal(code, FOUND);
  assert.match(stdout, new RegExp(`^source blobs/${plain.sha256.slice(0, 2)}/.*: missing; it is that of asset ${plain.id}$`, 'm'));
  assert.match(stdout, /^stranger blobs\/.*\.away/m);
  renameSync(`${path}.away`, path);
  assert.equal((await fsck()).code, FINE);
});

test('a shorter file is damaged', async () => {
  const whole = readFileSync(path);
  chmodSync(path, 0o600);
  writeFileSync(path, whole.subarray(0, 1000));
  const {code, stdout} = await fsck();
  writeFileSync(path, whole);
  assert.equal(code, FOUND);
  assert.match(stdout, new RegExp(`: has 1000 bytes instead of ${whole.length}; it is that of asset`));
});

test('a flipped bit is found by scrub (REL-15)', async () => {
  const whole = readFileSync(path);
  const bad = Buffer.from(whole);
  bad[whole.length >> 1] ^= 1;
  chmodSync(path, 0o600);
  writeFileSync(path, bad);
  const quick = await fsck(), slow = await fsck('--scrub');
  writeFileSync(path, whole);
  assert.equal(quick.code, FINE);
  assert.equal(slow.code, FOUND);
  assert.match(slow.stdout, /its SHA-256 is another one; it is that of asset/);
});

test('a lost piece is no loss: it is made again', async () => {
  const {stdout: before} = await fsck();
  const pieces = Number(before.match(/^pieces: (\d+)/m)[1]);
  let removed = 0;
  for (const fan of readdirSync(join(reeld.dataDir, 'blobs')))
    for (const name of readdirSync(join(reeld.dataDir, 'blobs', fan)))
      if (fan + name !== plain.sha256) {
        rmSync(join(reeld.dataDir, 'blobs', fan, name));
        removed++;
      }
  assert.equal(removed, pieces);
  const {code, stdout} = await fsck();
  assert.equal(code, FINE);
  assert.match(stdout, new RegExp(`^pieces: ${pieces} looked at, ${pieces} missing`, 'm'));
  assert.ok(await play(plain) > 0);
});

test('gc has the daemon take what nobody needs', async () => {
  const old = orphan(reeld.dataDir), young = orphan(reeld.dataDir);
  age(old, DAY_S);
  const dry = await command(reeld.dataDir, 'gc', '--dry-run');
  assert.equal(dry.code, FINE, dry.stderr);
  assert.match(dry.stdout, /^blobs without a fact: 1 of 1000 bytes, and 1 of the last hour$/m);
  assert.ok(existsSync(old));
  const {code, stdout, stderr} = await command(reeld.dataDir, 'gc');
  assert.equal(code, FINE, stderr);
  assert.match(stdout, new RegExp(`process ${reeld.pid}\\)`));
  await until('the old one going', () => !existsSync(old));
  assert.ok(existsSync(young), 'its fact might be on the way');
  rmSync(young);
});

test('what a command cannot do it says', async () => {
  const empty = mkdtempSync(join(tmpdir(), 'reeld-none-'));
  for (const words of [['fsck'], ['gc'], ['gc', '--dry-run'], ['backup', join(empty, 'copy')]]) {
    const {code, stderr} = await command(empty, ...words);
    assert.equal(code, FAILED, words.join(' '));
    assert.match(stderr, /there is no .*catalog\.db/);
  }
  assert.deepEqual(readdirSync(empty), [], 'nothing was made by looking');
  rmSync(empty, {recursive: true});
});

test('keys are the running daemon\'s to change', async () => {
  for (const words of [['key', 'list'], ['key', 'add', '--scope', 'read']]) {
    const {code, stderr} = await command(reeld.dataDir, ...words);
    assert.equal(code, 1);
    assert.match(stderr, /in use by another reeld/);
    assert.match(stderr, /\/v1\/keys/);
  }
});

test('a backup under load comes back whole (REL-16)', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'reeld-restore-'));
  const copy = join(directory, 'catalog.db');
  let isOver = false;
  const load = (async () => {
    const ids = [];
    for (let i = 0; !isOver; i++) {
      const asset = await reeld.upload(film('plain.mp4'), {name: `load ${i}`});
      ids.push(asset.id);
      if (i % 3 === 2)
        await reeld.call('DELETE', `/v1/assets/${ids.shift()}`);
    }
    return ids;
  })();
  await until('two uploads', () => reeld.lines.filter((l) => / asset\.ready /.test(l)).length > 2);
  const {code, stderr} = await command(reeld.dataDir, 'backup', copy);
  assert.equal(code, FINE, stderr);
  assert.equal(statSync(copy).mode & 0o777, 0o600);
  cpSync(join(reeld.dataDir, 'blobs'), join(directory, 'blobs'), {recursive: true});
  isOver = true;
  for (const id of await load)
    await reeld.call('DELETE', `/v1/assets/${id}`);

  assert.equal((await command(reeld.dataDir, 'backup', copy)).code, FAILED, 'nothing is written over');
  const checked = await command(directory, 'fsck', '--scrub');
  assert.equal(checked.code, FINE, checked.stdout + checked.stderr);
  const restored = await startDaemon(['--ladder', 'on_demand'], {directory});
  // The keys came along.
  const answer = await restored.call('GET', `/v1/assets/${plain.id}`, {key: reeld.key});
  assert.equal(answer.status, 200);
  assert.ok(await play(await answer.json()) > 0);
  await restored.stop();
});

test('what is removed after a backup can still be copied, for a while', async () => {
  for (const [lag, stays] of [['1h', true], ['0s', false]]) {
    const other = await startDaemon(['--ladder', 'on_demand', '--backup-lag', lag], {keeps: true});
    const kept = await other.upload(film('plain.mp4'));
    const directory = mkdtempSync(join(tmpdir(), 'reeld-lag-'));
    assert.equal((await command(other.dataDir, 'backup', join(directory, 'catalog.db'))).code, FINE);
    assert.equal((await other.call('DELETE', `/v1/assets/${kept.id}`)).status, 204);
    const blob = blobOf(other.dataDir, kept.sha256);
    assert.equal(existsSync(blob), stays, `lag ${lag}`);
    await other.stop();
    if (stays) {
      // gc knows; and once that time is over it takes it.
      assert.equal((await command(other.dataDir, 'gc', '--backup-lag', lag)).code, FINE);
      assert.ok(existsSync(blob));
      cpSync(join(other.dataDir, 'blobs'), join(directory, 'blobs'), {recursive: true});
      const {code, stdout} = await command(directory, 'fsck', '--scrub');
      assert.equal(code, FINE, stdout);
      assert.match(stdout, /^sources: 1 looked at/m);
      age(join(other.dataDir, 'catalog.db.copied'), 2 * 3600);
      assert.equal((await command(other.dataDir, 'gc', '--backup-lag', lag)).code, FINE);
      assert.ok(!existsSync(blob));
    }
    for (const d of [directory, other.dataDir])
      rmSync(d, {recursive: true});
  }
});

test('without a daemon gc takes all of it, and fsck says what is damaged (REL-14)', async () => {
  const other = await startDaemon(['--ladder', 'on_demand'], {keeps: true});
  await other.upload(film('plain.mp4'));
  await other.stop();
  const young = orphan(other.dataDir);
  writeFileSync(join(other.dataDir, 'temp', 'w-left'), 'x');
  const {code, stdout, stderr} = await command(other.dataDir, 'gc');
  assert.equal(code, FINE, stderr);
  assert.match(stdout, /^removed: 2 files/);
  assert.ok(!existsSync(young));
  assert.equal((await command(other.dataDir, 'fsck')).code, FINE);

  const database = join(other.dataDir, 'catalog.db');
  const bytes = readFileSync(database);
  bytes.fill(0xa5, bytes.length >> 1, (bytes.length >> 1) + 8192);
  writeFileSync(database, bytes);
  const before = readFileSync(database);
  const checked = await command(other.dataDir, 'fsck');
  assert.equal(checked.code, FOUND, checked.stdout + checked.stderr);
  assert.match(checked.stderr, /damaged/);
  assert.deepEqual(readFileSync(database), before, 'nothing is repaired in silence');
  await assert.rejects(startDaemon([], {directory: other.dataDir, keeps: true}), /damaged|malformed/);
  rmSync(other.dataDir, {recursive: true});
});
