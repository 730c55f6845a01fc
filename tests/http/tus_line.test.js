// SPDX-License-Identifier: MIT
// tus_line.test.js - tus-js-client over a line that drops, to a daemon that
// dies: the same bytes, once.
import assert from 'node:assert/strict';
import {createHash} from 'node:crypto';
import {createReadStream, mkdtempSync, readdirSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {Readable} from 'node:stream';
import {after, before, test} from 'node:test';
import {Upload} from 'tus-js-client';

import {startDaemon} from './daemon.js';
import {film} from './films.js';
import {startLine, writeLongFilm} from './line.js';

const BYTES = 200e6;
const CUTS = 20;
const KILLS = [7, 14]; // of these cuts
const MINUTE = 60e3;

let place, path, sha256, reeld, line;

async function digestOf(file) {
  const hash = createHash('sha256');
  for await (const part of createReadStream(file))
    hash.update(part);
  return hash.digest('hex');
}

before(async () => {
  place = mkdtempSync(join(tmpdir(), 'reeld-line-'));
  path = join(place, 'long.mp4');
  writeLongFilm(film('plain.mp4'), path, BYTES);
  sha256 = await digestOf(path);
  reeld = await startDaemon(['--ladder', 'on_demand', '--keep-free', '0', '--requests-per-key', '0']);
  line = await startLine(() => reeld.port);
});

after(async () => {
  await line?.stop();
  await reeld?.stop();
  rmSync(place, {recursive: true, force: true});
});

// Resolves to the id of the asset.
function send(options = {}, from = createReadStream(path)) {
  return new Promise((resolve, reject) => {
    new Upload(from, {
      endpoint: `${line.base}/v1/uploads`,
      headers: {authorization: `Bearer ${reeld.key}`},
      metadata: {filename: 'long.mp4'},
      retryDelays: Array(100).fill(100),
      onError: reject,
      onSuccess: ({lastResponse}) => resolve(lastResponse.getHeader('Reeld-Asset')),
      ...options,
    }).start();
  });
}

async function isThereOnce(id) {
  const assets = (await reeld.json('/v1/assets')).items;
  assert.deepEqual(assets.map((a) => [a.id, a.sha256, a.size_bytes]), [[id, sha256, BYTES]]);
  assert.deepEqual(readdirSync(join(reeld.dataDir, 'drafts')), []);
  assert.equal((await reeld.call('DELETE', `/v1/assets/${id}`)).status, 204);
}

test('200 MB arrive over 20 cuts and two kills, once', {timeout: 4 * MINUTE}, async () => {
  let cuts = 0;
  line.most = BYTES / (CUTS + 1);
  line.onMost = async () => {
    line.most = Infinity;
    cuts++;
    if (KILLS.includes(cuts)) {
      await reeld.kill();
      reeld = await reeld.restart();
    }
    line.cut();
    if (cuts < CUTS)
      line.most = line.sent + BYTES / (CUTS + 1);
  };
  const id = await send();
  assert.equal(cuts, CUTS);
  await isThereOnce(id);
  // Nothing was thrown away but what was between here and the disk.
  assert.ok(line.sent < 1.5 * BYTES, `${line.sent} bytes were sent`);
});

test('four parts at once over lines that drop are put together', {timeout: 4 * MINUTE}, async () => {
  let cuts = 0;
  line.most = line.sent + 30e6;
  line.onMost = () => {
    line.cut();
    line.most = ++cuts < 5 ? line.sent + 30e6 : Infinity;
  };
  await isThereOnce(await send({parallelUploads: 4}));
  assert.equal(cuts, 5);
});

test('a stream whose length is told at its end', {timeout: MINUTE}, async () => {
  line.most = Infinity;
  const short = join(place, 'short.mp4');
  writeLongFilm(film('plain.mp4'), short, 5e6);
  const id = await send({uploadLengthDeferred: true, chunkSize: 1 << 20}, Readable.from(createReadStream(short)));
  assert.equal((await reeld.json(`/v1/assets/${id}`)).sha256, await digestOf(short));
});
