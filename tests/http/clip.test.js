// SPDX-License-Identifier: MIT
// clip.test.js - ranges of an asset by ?t=: exactly the pictures in [start,
// end), in HLS of both forms and DASH, and what is refused (CLIP-01 to 04).
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {existsSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {startDaemon} from './daemon.js';
import {TOLERANCE_S, assertLength, assertTimes, fromZero, text, variants} from './exact.js';
import {film} from './films.js';
import {MEDIA, hasMedia, media} from './media.js';
import {isProblem} from './problem.js';
import {numbers} from './random.js';
import {frameHashes, frameTimes, run} from './run.js';

const SECONDS = 1000;
const XSD = process.env.REELD_TEST_XSD || join(MEDIA, '..', 'reference', 'xsd', 'DASH-MPD.xsd');
const SOURCES = ['timing/open-gop-bpyramid.mp4', 'timing/vfr-dropped-frames.mp4', 'film/tos-1080p2997-qr-cmaf-8s.mp4'];
const RANGES_A_SOURCE = 3;

let daemon;
before(async () => { daemon = await startDaemon(['--ladder', 'background']); });
after(async () => daemon?.stop());

// No border so near to a picture that rounding could decide about it.
const isClear = (t, times) => times.every((f) => Math.abs(f - t) > 2 * TOLERANCE_S);

function randomRange(random, times, duration) {
  for (;;) {
    const [start, end] = [random(), random()].map((x) => Math.round(x * duration * 1000) / 1000).sort((a, b) => a - b);
    if (end - start > 0.2 && isClear(start, times) && isClear(end, times))
      return [start, end];
  }
}

const clip = (asset, ranges, more = '') =>
  `${asset.playback.hls}?${ranges.map(([a, b]) => `t=${a},${b}`).join('&')}${more}`;

function assertValid(mpd) {
  if (!existsSync(XSD))
    return;
  const file = join(daemon.dataDir, 'clip.mpd');
  writeFileSync(file, mpd);
  execFileSync('xmllint', ['--nonet', '--noout', '--schema', XSD, file], {stdio: 'pipe'});
}

// What one range must show, at each rung and in each form.
async function assertExact(asset, range, times) {
  const [start, end] = range;
  const inside = times.filter((t) => t >= start && t < end);
  const length = (times.find((t) => t >= end) ?? asset.duration) - inside[0];
  for (const form of ['', '&container=ts']) {
    const rungs = await variants(clip(asset, [range], form));
    assert.ok(rungs.length > 0);
    for (const url of rungs) {
      const what = `${range} of ${asset.name}: ${url.split('/').slice(-2).join('/')}`;
      assertTimes(fromZero(await frameTimes(url)), fromZero(inside), what);
      await assertLength(url, length, what);
    }
  }
  const dash = clip(asset, [range]).replace('index.m3u8', 'manifest.mpd');
  assertTimes(fromZero(await frameTimes(dash)), fromZero(inside), `${range} of ${asset.name}: DASH`);
  assertValid(await text(dash));
}

for (const [seed, file] of SOURCES.entries()) {
  test(`clips of ${file} show exactly the pictures in the range`, {timeout: 300 * SECONDS, skip: !hasMedia}, async () => {
    const asset = await daemon.upload(media(file));
    const times = fromZero(await frameTimes(media(file)));
    const random = numbers(seed + 1);
    for (let i = 0; i < RANGES_A_SOURCE; i++)
      await assertExact(asset, randomRange(random, times, asset.duration), times);
  });
}

test('several ranges follow each other, with a discontinuity between', {timeout: 120 * SECONDS}, async () => {
  const asset = await daemon.upload(film('plain.mp4'));
  const [url] = await variants(clip(asset, [["", 0.99], [1.01, 2.01], [3.01, 5.01]]));
  const playlist = await text(url);
  assert.equal(playlist.match(/#EXT-X-DISCONTINUITY\n/g).length, 2);
  await assertLength(url, 1 + 1 + 2, url);
  const {stdout} = await run('ffprobe', ['-v', 'error', '-count_frames', '-select_streams', 'v:0',
    '-show_entries', 'stream=nb_read_frames', '-of', 'csv=p=0', url]);
  assert.equal(parseInt(stdout, 10), 50 + 25 + 25);
});

// Segments are of 2, 2, 4 and 4 s: the one from 4 to 8 is not cut.
test('between encoded edges stand the packets of the source', {timeout: 120 * SECONDS}, async () => {
  const file = film('tagged.mp4');
  const hashes = await frameHashes(file);
  const asset = await daemon.upload(file);
  const cut = (more = '') => clip(asset, [[2.6, 9.4]], more);
  const [first, end] = [65, 235];
  const check = async (url) => {
    const shown = await frameHashes(url);
    assert.equal(shown.length, end - first, url);
    assert.deepEqual(shown.slice(100 - first, 200 - first), hashes.slice(100, 200), url);
    assert.notEqual(shown[0], hashes[first]);
    assert.notEqual(shown.at(-1), hashes[end - 1]);
  };
  for (const form of ['', '&container=ts']) {
    const own = (await variants(cut(form))).filter((url) => /\/(source|360p)\//.test(url));
    assert.equal(own.length, 1);
    assert.match(own[0], /\/source\//);
    await check(own[0]);
    // One kind of header, and no join: not even where the encoder changes.
    assert.doesNotMatch(await text(own[0]), /DISCONTINUITY/);
  }
  await check(cut().replace('index.m3u8', 'manifest.mpd'));
  await check(cut('&rendition=source').replace('index.m3u8', 'download.mp4'));
});

test('what has other colours than reeld makes leaves its packets out of a cut', async () => {
  const asset = await daemon.upload(film('plain.mp4'));
  const names = async (url) => (await variants(url)).map((v) => v.split('/').at(-2));
  assert.ok((await names(clip(asset, [[2, 4]]))).includes('source'));
  const cut = await names(clip(asset, [[2, 4.1]]));
  assert.ok(cut.includes('240p') && !cut.includes('source'), String(cut));
});

test('ends are open, times are seconds or clock, an asset is its own clip', async () => {
  const asset = await daemon.upload(film('plain.mp4'));
  const length = async (t) => {
    const [url] = await variants(`${asset.playback.hls}?t=${t}`);
    const parts = [...(await text(url)).matchAll(/#EXTINF:([\d.]+)/g)].map((m) => Number(m[1]));
    return Math.round(parts.reduce((a, b) => a + b, 0) * 1000) / 1000;
  };
  assert.equal(await length('2'), asset.duration - 2);
  assert.equal(await length(',2'), 2);
  assert.equal(await length('npt:0:01,0:00:03.00'), 2);
  assert.equal(await length('1%2C99'), asset.duration - 1);
  assert.equal(await length('0'), asset.duration);
});

test('a clip under /v1 names whole URLs that need no key', async () => {
  const asset = await daemon.upload(film('plain.mp4'));
  for (const name of ['clip.m3u8?t=1,2', 'clip.m3u8?t=1,2&container=ts', 'clip.mpd?t=1,2']) {
    const path = `/v1/assets/${asset.id}/${name}`;
    await isProblem(await daemon.call('GET', path, {key: ''}), 401, 'unauthorized');
    const answer = await daemon.call('GET', path);
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get('cache-control'), /no-store/);
    const file = join(daemon.dataDir, name.includes('mpd') ? 'clip.mpd' : 'clip.m3u8');
    writeFileSync(file, await answer.text());
    const {stdout, stderr} = await run('ffprobe', ['-v', 'error', '-protocol_whitelist', 'file,http,tcp,crypto,data',
      '-count_frames', '-select_streams', 'v:0', '-show_entries', 'stream=nb_read_frames', '-of', 'csv=p=0', file]);
    assert.equal(parseInt(stdout, 10), 25, `${name}: ${stderr}`);
  }
});

test('what a clip answers is the same every time, and has one spelling of its ranges', async () => {
  const asset = await daemon.upload(film('plain.mp4'));
  const url = clip(asset, [[0.51, 2.49]]);
  const first = await fetch(url);
  const again = await fetch(url);
  assert.equal(await first.text(), await again.text());
  const etag = first.headers.get('etag');
  assert.equal(again.headers.get('etag'), etag);
  assert.equal((await fetch(url, {headers: {'if-none-match': etag}})).status, 304);
  const [playlist] = await variants(url);
  const ranges = playlist.match(/\/t\/(\d+)-(\d+)\//);
  for (const bad of [`0${ranges[1]}-${ranges[2]}`, `${Number(ranges[1]) + 1}-${ranges[2]}`, `${ranges[1]}-`, '-1-5', `${ranges[2]}-${ranges[1]}`, ''])
    assert.equal((await fetch(playlist.replace(ranges[0], `/t/${bad}/`))).status, 404, bad);
});

const BAD = ['5,1', '1,1', '-1,2', 'NaN', 'NaN,2', 'x', '', ',', '1,2,3', '99,100', '0.001,0.002', '1e3', '0:61,2', '0x1',
  '1;2', '99999999999999999999', 'smpte:0:0:1'];

test('ranges that are none are refused and named', async () => {
  const asset = await daemon.upload(film('plain.mp4'));
  for (const t of BAD) {
    const query = `t=${encodeURIComponent(t)}`;
    for (const url of [`${asset.playback.hls}?${query}`, `${asset.playback.dash}?${query}`])
      assert.match((await isProblem(await fetch(url), 400, 'invalid_request')).detail, /\?t=/, t);
    const clipped = await daemon.call('GET', `/v1/assets/${asset.id}/clip.m3u8?${query}`);
    assert.match((await isProblem(clipped, 400, 'invalid_request')).detail, /\?t=/, t);
  }
  const second = await isProblem(await fetch(`${asset.playback.hls}?t=1,2&t=9,8`), 400, 'invalid_request');
  assert.match(second.detail, /number 2/);
  await isProblem(await daemon.call('GET', `/v1/assets/${asset.id}/clip.m3u8`), 400, 'invalid_request');
  await isProblem(await daemon.call('GET', `/v1/assets/${asset.id}/clip.mpd?t=1&x=2`), 400, 'invalid_request');
  await isProblem(await daemon.call('GET', '/v1/assets/m-nope/clip.mpd?t=1'), 404, 'not_found');
  const [playlist] = await variants(asset.playback.hls);
  await isProblem(await fetch(`${playlist}?t=1,2`), 400, 'invalid_request');
});
