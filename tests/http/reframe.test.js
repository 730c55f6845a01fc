// SPDX-License-Identifier: MIT
// reframe.test.js - parts of assets and of their pictures as assets: exactly
// the pictures of the range, the right part of each, in step with the sound.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {promisify} from 'node:util';
import {startDaemon} from './daemon.js';
import {assertLength, assertTimes, fromZero, text, variants} from './exact.js';
import {film} from './films.js';
import {hasMedia, media} from './media.js';
import {isProblem} from './problem.js';
import {frameTimes, sound} from './run.js';

const SECONDS = 1000;
const exec = promisify(execFile);

let daemon;
before(async () => { daemon = await startDaemon(['--ladder', 'on_demand', '--playback', 'open']); });
after(async () => daemon?.stop());

const reframe = (asset, json, headers) => daemon.call('POST', `/v1/assets/${asset.id}/reframe`, {json, headers});

async function reframed(asset, json) {
  const answer = await reframe(asset, json);
  const body = await answer.json();
  assert.equal(answer.status, 201, JSON.stringify(body));
  assert.equal(answer.headers.get('location'), `${daemon.base}/v1/assets/${body.id}`);
  assert.equal(body.state, 'ready');
  return body;
}

const GRID = 32; // pictures are compared that small

// Gray pictures of an input, as one buffer each; `most` of them.
async function grays(input, filters, most = 1000) {
  const {stdout} = await exec('ffmpeg', ['-v', 'error', '-i', input, '-map', '0:v:0', '-frames:v', String(most),
    '-vf', `${filters}scale=${GRID}:${GRID}:flags=area,format=gray`, '-fps_mode', 'passthrough', '-f', 'rawvideo', '-'],
  {encoding: 'buffer', maxBuffer: 256 << 20});
  return Array.from({length: stdout.length / GRID / GRID}, (_, i) => stdout.subarray(i * GRID * GRID, (i + 1) * GRID * GRID));
}

function difference(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++)
    sum += Math.abs(a[i] - b[i]);
  return sum / a.length;
}

const mean = (list) => list.reduce((a, b) => a + b, 0) / list.length;

// Each picture is what ffmpeg makes of the same one, and is less like what lies
// beside it.
async function assertRegion(url, source, first, shape, square) {
  const got = await grays(url, '');
  const at = async (dx, dy) => {
    const [w, h] = [`min(iw,ih*${shape})`, `min(ih,iw/${shape})`];
    const crop = `crop='${w}':'${h}':'(iw-${w})/2+iw*${dx}':'(ih-${h})/2+ih*${dy}'`;
    const all = await grays(source, `${square}${crop},`, first + got.length);
    return mean(got.map((picture, i) => difference(picture, all[first + i])));
  };
  const centre = await at(0, 0);
  assert.ok(centre < 3, `${url}: ${centre} off`);
  for (const [dx, dy] of [[-0.02, 0], [0.02, 0], [0, -0.02], [0, 0.02]])
    assert.ok(await at(dx, dy) >= centre, `${url}: more like what lies ${dx}, ${dy} beside it`);
}

// `square`: filters that give the picture as it is shown.
const SOURCES = [
  {file: 'film/bbb-1080p25-44s.mp4', start: 2.01, end: 5.53, square: ''},
  {file: 'timing/open-gop-bpyramid.mp4', start: 1.01, end: 3.01, square: ''},
  {file: 'timing/plain.ts', start: 1.41, end: 4.01, square: ''},
  {file: 'timing/vfr-dropped-frames.mp4', start: 0.51, end: 2.51, square: ''},
  {file: 'timing/start-offset-1h.mkv', start: 1.01, end: 2.51, square: ''},
  {file: 'formats/anamorphic-576i25-mpeg2-ac3.mpg', start: 0.53, end: 1.61, square: 'bwdif=mode=send_frame,scale=iw*sar:ih,setsar=1,'},
  {file: 'formats/odd-853x481-h264-444.mp4', start: 0.31, end: 1.61, square: ''},
  {file: 'phone/portrait-4k60-rot90.mp4', start: 0.11, end: 0.21, square: ''},
];

for (const {file, start, end, square} of SOURCES) {
  test(`a part of ${file} has exactly its pictures, and the middle of each`, {timeout: 300 * SECONDS, skip: !hasMedia}, async () => {
    const asset = await daemon.upload(media(file));
    const times = fromZero(await frameTimes(media(file)));
    const inside = times.filter((t) => t >= start && t < end);
    const child = await reframed(asset, {target: {width: 4, height: 5}, start, end});
    const length = (times.find((t) => t >= end) ?? asset.duration) - inside[0];
    assert.ok(Math.abs(child.duration - length) < 0.002, `${child.duration} s, not ${length}`);
    const rungs = await variants(child.playback.hls);
    for (const url of rungs) {
      const {width, height, frame_rate} = child.renditions.find((r) => url.includes(`/${r.name}/`));
      if (frame_rate !== child.renditions[0].frame_rate)
        continue; // it leaves pictures out
      assert.ok(Math.abs(width / height - 0.8) < 0.02, `${width}x${height}`);
      assert.equal(width % 2 + height % 2, 0);
      assertTimes(fromZero(await frameTimes(url)), fromZero(inside), url);
      await assertLength(url, length, url);
    }
    const isBest = (url) => url.includes(`/${child.renditions[0].name}/`);
    const ts = (await variants(`${child.playback.hls}?container=ts`)).find(isBest);
    assertTimes(fromZero(await frameTimes(ts)), fromZero(inside), ts);
    assertTimes(fromZero(await frameTimes(child.playback.dash)), fromZero(inside), 'DASH');
    await assertRegion(rungs.find(isBest), media(file), times.indexOf(inside[0]), 0.8, square);
  });
}

// When the picture becomes white and when the tone begins, both in seconds. As
// a file, whose clock is that of both.
async function blips(input) {
  const url = join(daemon.dataDir, 'blips.mkv');
  await exec('ffmpeg', ['-v', 'error', '-y', '-i', input, '-map', '0:v:0', '-map', '0:a:0', '-c', 'copy', url]);
  const pictures = await grays(url, '');
  const white = pictures.findIndex((p, i) => i > 5 && p[0] > 128) / 25;
  const samples = await sound(url, 48000, ['-af', 'aresample=async=1:first_pts=0']);
  const tone = samples.findIndex((s, i) => i > 0.2 * 48000 && Math.abs(s) > 4000) / 48000;
  return {white, tone};
}

for (const start of [0, 1.24, 3.48]) {
  test(`sound stays in step with pictures cut at ${start} s`, {timeout: 120 * SECONDS}, async () => {
    const asset = await daemon.upload(film('blips.mp4'));
    const child = await reframed(asset, {target: 'square', start, end: start + 3});
    const expected = Math.ceil(start + 0.3) - start;
    for (const url of [child.playback.hls, `${child.playback.hls}?container=ts`, child.playback.dash]) {
      const {white, tone} = await blips(url);
      assert.ok(Math.abs(white - expected) < 0.001, `${url}: white at ${white}, not ${expected}`);
      assert.ok(Math.abs(tone - expected) < 0.005, `${url}: tone at ${tone}, not ${expected}`);
    }
  });
}

test('shapes: words, ratios, sizes; never more than the picture has', async () => {
  const asset = await daemon.upload(film('plain.mp4')); // 320x240
  const top = async (target) => {
    const {renditions} = await reframed(asset, {target});
    assert.ok(renditions.every((r) => r.mode === 'encode' || r.name.startsWith('audio')));
    return `${renditions[0].width}x${renditions[0].height}`;
  };
  assert.equal(await top('vertical'), '136x240');
  assert.equal(await top('square'), '240x240');
  assert.equal(await top('landscape'), '320x180');
  assert.equal(await top({width: 64, height: 48}), '320x240');
  assert.equal(await top({width: 100, height: 200}), '100x200');
  assert.equal(await top({width: 1000, height: 2000}), '120x240');
});

test('a part can be cut, joined, reframed again, and outlives its parent', {timeout: 200 * SECONDS}, async () => {
  const asset = await daemon.upload(film('blips.mp4'));
  const child = await reframed(asset, {target: 'square', start: 1.24, end: 6.24, name: 'Part'});
  assert.equal(child.name, 'Part');
  assert.deepEqual(child.reframe, {asset: asset.id, start: 1.24, end: 6.24, width: 1, height: 1});
  assert.equal((await daemon.json(`/v1/assets/${asset.id}`)).reframe, null);
  const again = await reframed(child, {target: 'vertical', start: 1, end: 4});
  assert.deepEqual({...again.reframe, asset: ''}, {asset: '', start: 1, end: 4, width: 9, height: 16});
  const stream = await (await daemon.call('POST', '/v1/streams', {json: {clips: [
    {asset: child.id, start: 0.52, end: 1.52}, {asset: asset.id, start: 1, end: 2}, {asset: again.id}]}})).json();
  const whole = async () => {
    const {white, tone} = await blips(again.playback.hls); // 2.24 to 5.24
    assert.ok(Math.abs(white - 0.76) < 0.001 && Math.abs(tone - 0.76) < 0.005, `${white} ${tone}`);
    const [clip] = await variants(`${child.playback.hls}?t=0.52,1.52`); // 1.76 to 2.76
    const shown = await grays(clip, '');
    assert.equal(shown.length, 25);
    assert.equal(shown.findIndex((p) => p[0] > 128), 6);
  };
  await whole();
  const [joined] = await variants(`${stream.playback.hls}?container=ts`);
  assert.equal((await frameTimes(joined)).length, 25 + 25 + 75);
  const [before] = await variants(again.playback.hls);
  const playlist = await text(before);
  assert.equal((await daemon.call('DELETE', `/v1/assets/${asset.id}`)).status, 204);
  await whole();
  await daemon.kill();
  daemon = await daemon.restart();
  for (const one of [child, again])
    one.playback = (await daemon.json(`/v1/assets/${one.id}`)).playback;
  await whole();
  const [behind] = await variants(again.playback.hls);
  assert.equal(await text(behind), playlist);
  for (const one of [child, again])
    assert.equal((await daemon.call('DELETE', `/v1/assets/${one.id}`)).status, 204);
  assert.equal((await fetch(again.playback.hls)).status, 404);
});

test('the sound of the whole is the one of the parent', async () => {
  const asset = await daemon.upload(film('mpeg4.mkv'));
  const child = await reframed(asset, {target: 'square'});
  const segment = (one) => fetch(one.playback.hls.replace('index.m3u8', 'audio-128k/1.m4s'));
  const [mine, its] = [await segment(child), await segment(asset)];
  assert.equal(its.status, 200);
  assert.equal(mine.headers.get('etag'), its.headers.get('etag'));
  const part = await reframed(asset, {target: 'square', start: 1});
  assert.notEqual((await segment(part)).headers.get('etag'), its.headers.get('etag'));
});

const BAD = [
  [{}, '/target'], [{target: 'round'}, '/target'], [{target: 1}, '/target'], [{target: null}, '/target'],
  [{target: {width: 9}}, '/target'], [{target: {width: 0, height: 1}}, '/target'], [{target: {width: -9, height: 16}}, '/target'],
  [{target: {width: 1.5, height: 1}}, '/target'], [{target: {width: 1, height: 11}}, '/target'],
  [{target: {width: 9, height: 16, x: 1}}, '/target'], [{target: {width: 9000, height: 9000}}, '/target'],
  [{target: {width: 65, height: 8}}, '/target'],
  [{target: 'square', start: 4, end: 3}, '/end'], [{target: 'square', start: 6}, '/start'],
  [{target: 'square', start: 0.001, end: 0.002}, '/start'], [{target: 'square', start: -1}, '/start'],
  [{target: 'square', end: 'x'}, '/end'], [{target: 'square', mode: 'smart'}, '/mode'], [{target: 'square', mode: 'x'}, '/mode'],
  [{target: 'square', name: 5}, '/name'], [{target: 'square', colour: 'red'}, '/colour'],
];

test('what cannot be reframed is refused and named', async () => {
  const asset = await daemon.upload(film('plain.mp4'));
  for (const [json, pointer] of BAD) {
    const problem = await isProblem(await reframe(asset, json), 400, 'invalid_request');
    assert.equal(problem.errors[0].pointer, pointer, JSON.stringify(json));
  }
  await isProblem(await reframe({id: 'm-nope'}, {target: 'square'}), 404, 'not_found');
  const song = await daemon.upload(film('sound.mp3'));
  const refused = await isProblem(await reframe(song, {target: 'square'}), 422, 'unsupported_media');
  assert.match(refused.detail, /no pictures/);
  const answer = await reframe(asset, {target: 'square'}, {'idempotency-key': 'once'});
  const repeat = await reframe(asset, {target: 'square'}, {'idempotency-key': 'once'});
  assert.equal((await answer.json()).id, (await repeat.json()).id);
});
