// SPDX-License-Identifier: MIT
// playback.test.js - /p/: grants, manifests, pieces, and how they are cached.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {gunzipSync} from 'node:zlib';

import {startDaemon} from './daemon.js';
import {film} from './films.js';
import {isProblem} from './problem.js';

let reeld, asset, root;
before(async () => {
  reeld = await startDaemon(['--ladder', 'on_demand']);
  asset = await reeld.upload(film('plain.mp4'));
  root = asset.playback.hls.slice(reeld.base.length, -'/index.m3u8'.length);
});
after(() => reeld.stop());

const get = (path, headers = {}) => reeld.raw('GET', root + path, headers);
const lines = (text) => text.split('\n').filter(Boolean);

// Every URI of a playlist, relative to it.
function uris(text) {
  const inTags = [...text.matchAll(/URI="([^"]+)"/g)].map((m) => m[1]);
  return [...lines(text).filter((l) => l[0] !== '#'), ...inTags];
}

test('every URI that a manifest names answers 200', {timeout: 120000}, async () => {
  const seen = new Set();
  async function walk(path) {
    if (seen.has(path))
      return;
    seen.add(path);
    const answer = await get(path);
    assert.equal(answer.status, 200, path);
    assert.ok(answer.body.length > 0, path);
    assert.equal(answer.headers['access-control-allow-origin'], '*');
    assert.equal(Number(answer.headers['content-length']), answer.body.length);
    if (!/m3u8/.test(path))
      return;
    const folder = path.slice(0, path.lastIndexOf('/') + 1);
    for (const uri of uris(answer.body.toString()))
      await walk(folder + uri);
  }
  await walk('/index.m3u8');
  await walk('/index.m3u8?container=ts');
  await walk('/ts.m3u8');
  assert.ok(seen.size > 20, [...seen].join());
});

test('types are those of the kinds', async () => {
  const types = {
    '/index.m3u8': 'application/vnd.apple.mpegurl',
    '/manifest.mpd': 'application/dash+xml',
    '/source/index.m3u8': 'application/vnd.apple.mpegurl',
    '/source/init.mp4': 'video/mp4',
    '/source/0.m4s': 'video/mp4',
    '/source/0.ts': 'video/mp2t',
    '/audio-source/0.m4s': 'audio/mp4',
  };
  for (const [path, type] of Object.entries(types)) {
    const answer = await get(path);
    assert.equal(answer.status, 200, path);
    assert.equal(answer.headers['content-type'], type, path);
    assert.equal(answer.headers['x-content-type-options'], 'nosniff');
    assert.equal(answer.headers['referrer-policy'], 'no-referrer');
  }
});

test('segments are immutable, with a strong ETag and ranges', async () => {
  const whole = await get('/source/0.m4s');
  const etag = whole.headers.etag;
  const size = whole.body.length;
  assert.match(etag, /^"[0-9a-f]{64}"$/);
  assert.equal(whole.headers['cache-control'], 'public, max-age=31536000, immutable');
  assert.equal(whole.headers['accept-ranges'], 'bytes');
  for (const match of [etag, `"x", ${etag}`, '*', `W/${etag}`]) {
    const same = await get('/source/0.m4s', {'if-none-match': match});
    assert.equal(same.status, 304);
    assert.equal(same.body.length, 0);
    assert.equal(same.headers['access-control-allow-origin'], '*');
  }
  for (const [range, from, to] of [['bytes=0-9', 0, 10], ['bytes=10-', 10, size], ['bytes=-5', size - 5, size]]) {
    const part = await get('/source/0.m4s', {range});
    assert.equal(part.status, 206, range);
    assert.equal(part.headers['content-range'], `bytes ${from}-${to - 1}/${size}`);
    assert.deepEqual(part.body, whole.body.subarray(from, to));
    assert.equal(part.headers['access-control-allow-origin'], '*');
  }
  const past = await get('/source/0.m4s', {range: `bytes=${size}-`});
  assert.equal(past.status, 416);
  assert.equal(past.headers['content-range'], `bytes */${size}`);
  assert.equal(past.headers['access-control-allow-origin'], '*');
  const other = await get('/source/0.m4s', {range: 'bytes=0-9', 'if-range': '"x"'});
  assert.equal(other.status, 200);
  assert.equal(other.body.length, size);
  const head = await reeld.raw('HEAD', `${root}/source/0.m4s`);
  assert.equal(head.status, 200);
  assert.equal(Number(head.headers['content-length']), size);
  assert.equal(head.headers.etag, etag);
  assert.equal(head.body.length, 0);
});

// A manifest may change while pieces are being made, as rates are measured:
// runs `check` until the manifest was the same before and after it.
async function whileUnchanged(path, check) {
  for (let i = 0; ; i++) {
    const before = await get(path);
    const failure = await check(before).catch((error) => error);
    if ((await get(path)).headers.etag === before.headers.etag || i === 20) {
      assert.ifError(failure);
      return;
    }
  }
}

test('manifests are gzipped when asked for, under another ETag', async () => {
  for (const path of ['/index.m3u8', '/manifest.mpd', '/source/index.m3u8'])
    await whileUnchanged(path, async (plain) => {
      const zipped = await get(path, {'accept-encoding': 'gzip, br'});
      assert.equal(plain.headers['content-encoding'], undefined);
      assert.equal(zipped.headers['content-encoding'], 'gzip');
      assert.deepEqual(gunzipSync(zipped.body), plain.body);
      assert.notEqual(zipped.headers.etag, plain.headers.etag);
      for (const answer of [plain, zipped]) {
        assert.match(answer.headers.vary, /Accept-Encoding/);
        assert.equal(answer.headers['cache-control'], 'public, max-age=60');
      }
      const same = await get(path, {'accept-encoding': 'gzip', 'if-none-match': zipped.headers.etag});
      assert.equal(same.status, 304);
      const ranged = await get(path, {'accept-encoding': 'gzip', range: 'bytes=0-3'});
      assert.equal(ranged.status, 200);
      assert.deepEqual(ranged.body, zipped.body);
    });
});

test('a request id is kept', async () => {
  const answer = await get('/index.m3u8', {'x-request-id': 'my-id-1'});
  assert.equal(answer.headers['x-request-id'], 'my-id-1');
});

test('no altered grant passes', async () => {
  const [, , grant, id] = root.split('/');
  const altered = [];
  for (let i = 0; i < grant.length; i++)
    altered.push(grant.slice(0, i) + (grant[i] === 'A' ? 'B' : 'A') + grant.slice(i + 1));
  altered.push(`${grant}=`, `0${grant}`, 'open', grant.slice(0, -1), '1.2.3');
  for (const other of altered) {
    const answer = await reeld.raw('GET', `/p/${other}/${id}/index.m3u8`);
    assert.equal(answer.status, 403, other);
    assert.equal(answer.headers['access-control-allow-origin'], '*');
    assert.equal(answer.headers['cache-control'], 'no-store');
  }
});

test('a grant opens one asset only, and tells no stranger which there are', async () => {
  const second = await reeld.upload(film('sound.mp3'));
  const grant = root.split('/')[2];
  const there = await reeld.raw('GET', `/p/${grant}/${second.id}/index.m3u8`);
  const absent = await reeld.raw('GET', `/p/${grant}/m-00000000000000000000000000/index.m3u8`);
  const nonsense = await reeld.raw('GET', `/p/${grant}/nonsense/index.m3u8`);
  for (const answer of [there, absent, nonsense])
    assert.equal(answer.status, 403);
  assert.deepEqual(there.body, absent.body);
  await reeld.call('DELETE', `/v1/assets/${second.id}`);
});

test('a grant ends on time, and its manifests are not kept longer', async () => {
  const answer = await reeld.call('POST', `/v1/assets/${asset.id}/grants`, {json: {expires_in: 2}});
  assert.equal(answer.status, 201);
  const links = await answer.json();
  const path = new URL(links.hls).pathname;
  const left = Date.parse(links.expires_at) - Date.now();
  assert.ok(left > 0 && left <= 2000, String(left));
  const now = await reeld.raw('GET', path);
  assert.equal(now.status, 200);
  assert.match(now.headers['cache-control'], /^public, max-age=[012]$/);
  await sleep(left + 50);
  assert.equal((await reeld.raw('GET', path)).status, 403);
  assert.equal((await get('/index.m3u8')).status, 200);
});

test('a link without a wish has the usual life', async () => {
  for (const what of [{}, {json: {}}]) {
    const answer = await reeld.call('POST', `/v1/assets/${asset.id}/grants`, what);
    assert.equal(answer.status, 201);
    const life = Date.parse((await answer.json()).expires_at) - Date.now();
    assert.ok(Math.abs(life - 24 * 3600e3) < 5000, String(life));
  }
});

test('a grant cannot be had for longer than allowed', async () => {
  for (const json of [{expires_in: 0}, {expires_in: 7 * 86400 + 1}, {expires_in: '60'}, {expires: 60}])
    await isProblem(await reeld.call('POST', `/v1/assets/${asset.id}/grants`, {json}), 400, 'invalid_request');
});

test('a key in the header plays too, and shared caches keep nothing', async () => {
  const path = `/p/key/${asset.id}`;
  const headers = {authorization: `Bearer ${reeld.key}`};
  const manifest = await reeld.raw('GET', `${path}/index.m3u8`, headers);
  assert.equal(manifest.status, 200);
  assert.match(manifest.headers['cache-control'], /^private/);
  const segment = await reeld.raw('GET', `${path}/source/0.m4s`, headers);
  assert.equal(segment.headers['cache-control'], 'private, max-age=31536000, immutable');
  assert.equal((await reeld.raw('GET', `${path}/index.m3u8`)).status, 401);
  assert.equal((await reeld.raw('GET', `/p/key/m-00000000000000000000000000/index.m3u8`, headers)).status, 404);
});

test('OPTIONS needs no grant', async () => {
  const answer = await reeld.raw('OPTIONS', '/p/x/y/index.m3u8',
    {origin: 'https://a.example', 'access-control-request-method': 'GET'});
  assert.equal(answer.status, 204);
  assert.equal(answer.headers['access-control-allow-origin'], '*');
  assert.match(answer.headers['access-control-allow-methods'], /GET, HEAD, OPTIONS/);
  assert.match(answer.headers['access-control-allow-headers'], /Range, If-None-Match/);
  assert.ok(Number(answer.headers['access-control-max-age']) > 0);
});

test('what is not there answers 404, other methods 405', async () => {
  const absent = ['/', '/x', '/index.m3u', '/source/', '/source/99.m4s', '/source/-1.m4s', '/source/00.m4s',
    '/source/4294967296.m4s', '/nope/index.m3u8', '/source/0.m4s/x', '/audio-source/0.ts'];
  for (const path of absent)
    assert.equal((await get(path)).status, 404, path);
  assert.equal((await get('/index.m3u8?container=x')).status, 400);
  assert.equal((await get('/index.m3u8?CMCD=bl%3D100')).status, 200);
  const post = await reeld.raw('POST', `${root}/index.m3u8`, {'content-length': '0'});
  assert.equal(post.status, 405);
  assert.match(post.headers.allow, /GET, HEAD/);
});

test('everybody who waits for a segment gets the same bytes', async () => {
  const encoded = await reeld.upload(film('mpeg4.mkv'));
  const path = new URL(encoded.playback.hls).pathname.replace('index.m3u8', '');
  const name = encoded.renditions[0].name;
  const answers = await Promise.all(Array.from({length: 12}, () => reeld.raw('GET', `${path}${name}/1.m4s`)));
  for (const answer of answers) {
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.body, answers[0].body);
  }
  await reeld.call('DELETE', `/v1/assets/${encoded.id}`);
  assert.notEqual((await reeld.raw('GET', `${path}${name}/1.m4s`)).status, 200);
  assert.notEqual((await reeld.raw('GET', `${path}index.m3u8`)).status, 200);
});

test('open playback knows the word and says no expiry', async () => {
  const open = await startDaemon(['--playback', 'open', '--ladder', 'on_demand', '--public-url', 'https://video.example/']);
  try {
    const mine = await open.upload(film('plain.mp4'));
    assert.equal(mine.playback.expires_at, null);
    assert.equal(mine.playback.hls, `https://video.example/p/open/${mine.id}/index.m3u8`);
    const answer = await open.raw('GET', `/p/open/${mine.id}/index.m3u8`);
    assert.equal(answer.status, 200);
    assert.equal((await open.raw('GET', '/p/open/m-00000000000000000000000000/index.m3u8')).status, 404);
  } finally {
    await open.stop();
  }
});

test('links outlive a restart', async () => {
  const first = await startDaemon(['--ladder', 'on_demand']);
  const mine = await first.upload(film('plain.mp4'));
  await first.kill();
  const second = await first.restart();
  try {
    const path = new URL(mine.playback.hls).pathname;
    assert.equal((await second.raw('GET', path)).status, 200);
    assert.equal((await second.raw('GET', path.replace('index.m3u8', 'source/2.m4s'))).status, 200);
  } finally {
    await second.stop();
  }
});
