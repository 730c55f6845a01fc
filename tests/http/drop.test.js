// drop.test.js - an asset whose source was dropped plays on, and what would
// have to be made anew says so.
import assert from 'node:assert/strict';
import {createHash} from 'node:crypto';
import {existsSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';

import {command, startDaemon} from './daemon.js';
import {text} from './exact.js';
import {film} from './films.js';
import {isProblem} from './problem.js';
import {until} from './remote.js';
import {decodeErrors, frameHashes} from './run.js';

const FLAGS = ['--ladder', 'on_demand', '--playback', 'open', '--segment-wait', '60s', '--backup-lag', '0s'];
const blobOf = (daemon, key) => join(daemon.dataDir, 'blobs', key.slice(0, 2), key.slice(2));
const look = (daemon, asset) => daemon.json(`/v1/assets/${asset.id}`);
const drop = (daemon, asset) => daemon.call('DELETE', `/v1/assets/${asset.id}/source`);

async function whenOver(daemon, job, seconds = 180) {
  let now;
  await until(`the end of ${job.id}`, async () => {
    now = await daemon.json(`/v1/jobs/${job.id}?wait=10`);
    return !['queued', 'running'].includes(now.state);
  }, seconds);
  return now;
}

async function dropped(daemon, asset) {
  const answer = await drop(daemon, asset);
  assert.equal(answer.status, 202);
  const job = await answer.json();
  assert.equal(answer.headers.get('location'), `${daemon.base}/v1/jobs/${job.id}`);
  assert.equal(job.kind, 'drop');
  const end = await whenOver(daemon, job);
  assert.equal(end.state, 'done', JSON.stringify(end));
  assert.ok(Date.parse((await look(daemon, asset)).source_dropped_at) > 0);
}

// Every URI that a playlist names, and what those name; the file they are in.
async function walk(url, seen = new Map()) {
  if (seen.has(url))
    return seen;
  const answer = await fetch(url);
  const bytes = Buffer.from(await answer.arrayBuffer());
  assert.equal(answer.status, 200, `${url}: ${bytes}`.slice(0, 500));
  seen.set(url, createHash('sha256').update(bytes).digest('hex'));
  if (!/\.(m3u8|vtt)(\?|$)/.test(url))
    return seen;
  for (const line of bytes.toString().split('\n')) {
    const tagged = line.match(/URI="([^"]*)"/);
    const named = tagged ? tagged[1] : line.match(/^storyboard/) ? line.split('#')[0] : /^#|^$|-->|^WEBVTT/.test(line) ? null : line;
    if (named)
      await walk(new URL(named, url).href, seen);
  }
  return seen;
}

// All that an asset or a stream offers.
async function walkAll(playback) {
  const seen = await walk(playback.hls);
  await walk(`${playback.hls}?container=ts`, seen);
  if (playback.storyboard)
    await walk(playback.storyboard, seen);
  return seen;
}

async function addStream(daemon, clips) {
  const answer = await daemon.call('POST', '/v1/streams', {json: {clips}});
  return {status: answer.status, answer, body: answer.status === 201 ? await answer.json() : null};
}

let daemon;
before(async () => { daemon = await startDaemon(FLAGS); });
after(async () => daemon?.stop());

test('what is there plays on, bit by bit, and what is not says why', async () => {
  const plain = await daemon.upload(film('plain.mp4'));
  const other = await daemon.upload(film('mpeg4.mkv'));
  const {body: stream} = await addStream(daemon, [{asset: plain.id, start: 0.52, end: 2.2}, {asset: other.id, end: 1.5},
    {gap: 0.5}, {asset: plain.id, start: 3}]);
  const {body: alone} = await addStream(daemon, [{asset: plain.id, start: 1.04, end: 3.6}]);
  const pictures = await frameHashes(`${plain.playback.hls}?t=1.04,3.6`);
  const before = await walkAll(plain.playback);
  const source = blobOf(daemon, plain.sha256);
  assert.ok(existsSync(source));

  await dropped(daemon, plain);
  assert.ok(!existsSync(source));
  // The same bytes, each of them.
  const now = await walkAll(plain.playback);
  for (const [url, hash] of before)
    if (!/\.m3u8/.test(url)) // rates are measured by now
      assert.equal(now.get(url), hash, url);
  assert.ok(now.size >= before.size);
  await walkAll(stream.playback);
  await walkAll(alone.playback);
  assert.deepEqual(await frameHashes(alone.playback.hls), pictures);
  assert.deepEqual(await decodeErrors(plain.playback.dash), []);
  for (const url of [plain.playback.thumbnail, plain.playback.hls.replace('index.m3u8', 'download.mp4'),
    stream.playback.hls.replace('index.m3u8', 'download.mp4'), plain.playback.hls.replace('index.m3u8', 'download.mp3')])
    assert.equal((await fetch(url)).status, 200, url);
  // Whole segments make clips and streams; a cut that a stream has made, too.
  const playlist = await text(new URL('source/index.m3u8', plain.playback.hls));
  const first = Number(playlist.match(/#EXTINF:([\d.]+)/)[1]);
  await walk(`${plain.playback.hls}?t=0,${first}`);
  await walk(`${plain.playback.hls}?t=1.04,3.6`);
  assert.equal((await addStream(daemon, [{asset: plain.id, end: first}])).status, 201);

  const path = `/v1/assets/${plain.id}`;
  await isProblem(await daemon.call('GET', `${path}/source`), 410, 'source_dropped');
  await isProblem(await daemon.call('POST', `${path}/frames`, {json: {time: 2}}), 410, 'source_dropped');
  await isProblem(await daemon.call('POST', `${path}/reframe`, {json: {target: 'square'}}), 410, 'source_dropped');
  await isProblem(await daemon.call('GET', `${path}/clip.m3u8?t=0.2,1.2`), 410, 'source_dropped');
  await isProblem(await fetch(`${plain.playback.hls}?t=0.2,1.2`), 410, 'source_dropped');
  await isProblem(await fetch(`${plain.playback.dash}?t=0.2,1.2`), 410, 'source_dropped');
  await isProblem(await fetch(`${plain.playback.thumbnail}?t=3.1`), 410, 'source_dropped');
  await isProblem((await addStream(daemon, [{asset: plain.id, start: 0.2}])).answer, 410, 'source_dropped');
  assert.equal((await drop(daemon, plain)).status, 204);
  const events = await daemon.call('GET', '/v1/events?after=0');
  let told = '';
  for await (const part of events.body) {
    told += Buffer.from(part);
    if (told.includes(`asset.source_dropped`))
      break;
  }
  assert.match(told, new RegExp(`event: asset.source_dropped\ndata: .*${plain.id}`));
});

test('what is kept goes for no room, is looked for by fsck, and counts', async () => {
  const asset = await daemon.upload(film('silent.mp4'));
  const folder = await (await daemon.call('POST', '/v1/collections', {json: {name: 'kept'}})).json();
  assert.equal((await daemon.call('PATCH', `/v1/assets/${asset.id}`, {json: {collection: folder.id},
    headers: {'content-type': 'application/merge-patch+json'}})).status, 200);
  await dropped(daemon, asset);
  const {used_bytes: held} = await daemon.json(`/v1/collections/${folder.id}`);
  assert.notEqual(held, asset.size_bytes);
  const flags = ['--cache-budget', '1MiB'];
  await daemon.kill();
  const gone = await command(daemon.dataDir, 'gc', ...flags);
  assert.equal(gone.code, 0, gone.stderr);
  const fine = await command(daemon.dataDir, 'fsck', '--scrub');
  assert.equal(fine.code, 0, fine.stdout);
  const [, looked, read] = fine.stdout.match(/kept pieces of dropped sources: (\d+) looked at, (\d+) read, 0 missing/);
  assert.equal(read, looked, 'the hash of each is known');
  daemon = await daemon.restart();
  const playback = (await look(daemon, asset)).playback;
  const {size} = await walkAll(playback);
  assert.ok(size > 10);
  const segment = [...(await walk(playback.hls)).keys()].find((url) => url.endsWith('/0.m4s'));
  const key = (await fetch(segment)).headers.get('etag').replaceAll('"', '');
  // One bit of it: its size says nothing.
  const blob = blobOf(daemon, key), bytes = readFileSync(blob);
  bytes[bytes.length >> 1] ^= 1;
  rmSync(blob);
  writeFileSync(blob, bytes, {mode: 0o400});
  assert.equal((await command(daemon.dataDir, 'fsck')).code, 0);
  const scrubbed = await command(daemon.dataDir, 'fsck', '--scrub');
  assert.equal(scrubbed.code, 1, scrubbed.stdout);
  assert.match(scrubbed.stdout, new RegExp(`kept piece blobs/${key.slice(0, 2)}/${key.slice(2)}: its SHA-256 is another one; it is that of asset ${asset.id}`));
  rmSync(blob);
  const found = await command(daemon.dataDir, 'fsck');
  assert.equal(found.code, 1);
  assert.match(found.stdout, new RegExp(`kept piece blobs/${key.slice(0, 2)}/${key.slice(2)}: missing; it is that of asset ${asset.id}`));
  // Deleted, it leaves nothing that counts.
  assert.equal((await daemon.call('DELETE', `/v1/assets/${asset.id}`)).status, 204);
  assert.equal((await daemon.json(`/v1/collections/${folder.id}`)).used_bytes, 0);
});

test('the same bytes again bring all of it back', async () => {
  const first = await daemon.upload(film('tall.mkv'));
  await dropped(daemon, first);
  await isProblem(await fetch(`${first.playback.hls.replace(/^.*?\/p\//, `${daemon.base}/p/`)}?t=0.2,1.2`), 410, 'source_dropped');
  const second = await daemon.upload(film('tall.mkv'));
  assert.equal(second.sha256, first.sha256);
  const now = await look(daemon, first);
  assert.equal(now.source_dropped_at, null);
  assert.equal((await daemon.call('GET', `/v1/assets/${first.id}/source`)).status, 200);
  await walk(`${now.playback.hls}?t=0.2,1.2`);
  // Two have it: neither can drop it for the other.
  await isProblem(await drop(daemon, first), 409, 'conflict');
  assert.equal((await daemon.call('DELETE', `/v1/assets/${second.id}`)).status, 204);
  await dropped(daemon, first);
  await walkAll(now.playback);
});

test('an image is its source, and a job that was cancelled changes nothing', async () => {
  const image = await daemon.upload(film('still.png'));
  await isProblem(await drop(daemon, image), 409, 'conflict');
  await isProblem(await drop(daemon, {id: 'm-01jd8zk3v5x2n9q4t7w0y1b6ce'}), 404, 'not_found');
  const long = await daemon.upload(film('long.mp4'));
  const job = await (await drop(daemon, long)).json();
  assert.equal((await (await drop(daemon, long)).json()).id, job.id); // the same
  const cancelled = await daemon.call('POST', `/v1/jobs/${job.id}/cancel`);
  if (cancelled.status === 409)
    return; // it was quicker
  assert.equal(cancelled.status, 200);
  assert.equal((await look(daemon, long)).source_dropped_at, null);
  assert.equal((await daemon.call('GET', `/v1/assets/${long.id}/source`)).status, 200);
  const again = await (await drop(daemon, long)).json();
  assert.notEqual(again.id, job.id);
  await daemon.call('POST', `/v1/jobs/${again.id}/cancel`);
});

test('killed at any moment, it has its source or all that it plays', async () => {
  let own = await startDaemon(FLAGS);
  try {
    const asset = await own.upload(film('blips.mp4'));
    const {body: stream} = await addStream(own, [{asset: asset.id, start: 0.52, end: 2.2}]);
    const source = blobOf(own, asset.sha256);
    const {id} = await (await drop(own, asset)).json();
    for (const delay of [0, 100, 200, 400, 800, 1600]) {
      await new Promise((resolve) => setTimeout(resolve, delay));
      await own.kill();
      own = await own.restart();
      const {source_dropped_at: at, playback} = await look(own, asset);
      if (at === null)
        assert.ok(existsSync(source));
      else
        await walkAll(playback);
    }
    const end = await whenOver(own, {id});
    assert.equal(end.state, 'done', JSON.stringify(end));
    await walkAll((await look(own, asset)).playback);
    await walkAll((await own.json(`/v1/streams/${stream.id}`)).playback);
    // A crash between fact and file leaves what the sweep takes.
    writeFileSync(source, 'left behind', {mode: 0o400});
    await own.kill();
    assert.equal((await command(own.dataDir, 'gc')).code, 0);
    assert.ok(!existsSync(source));
    assert.equal((await command(own.dataDir, 'fsck')).code, 0);
    own = await own.restart();
  } finally {
    await own.stop();
  }
});
