// SPDX-License-Identifier: MIT
// gaps.test.js - time between clips: black and silence of exactly that length.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {createWriteStream} from 'node:fs';
import {join} from 'node:path';
import {Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import {after, before, test} from 'node:test';
import {promisify} from 'node:util';
import {startDaemon} from './daemon.js';
import {text, variants} from './exact.js';
import {film} from './films.js';
import {isProblem} from './problem.js';
import {decodeErrors, frameTimes, sound} from './run.js';

const SECONDS = 1000;
const exec = promisify(execFile);
const RATE = 48000;
const FRAME_S = 1024 / RATE;

let daemon;
const id = {};
before(async () => {
  daemon = await startDaemon(['--ladder', 'on_demand', '--playback', 'open']);
  for (const name of ['plain.mp4', 'silent.mp4', 'sound.mp3'])
    id[name] = (await daemon.upload(film(name))).id;
});
after(async () => daemon?.stop());

const post = (clips) => daemon.call('POST', '/v1/streams', {json: {clips}});

async function create(clips) {
  const answer = await post(clips);
  const body = await answer.json();
  assert.equal(answer.status, 201, JSON.stringify(body));
  return body;
}

// The playlists of each rung, of pictures or, where there are none, of sound.
async function rungs(url) {
  const lines = (await text(url)).split('\n');
  return lines.filter((line, i) => line && line[0] !== '#' && lines[i - 1].startsWith('#EXT-X-STREAM-INF'))
    .map((line) => new URL(line, url).href);
}

// Seconds between discontinuities.
async function stretches(url) {
  const parts = (await text(url)).split('#EXT-X-DISCONTINUITY\n');
  return parts.map((part) => [...part.matchAll(/#EXTINF:([\d.]+)/g)].reduce((sum, m) => sum + Number(m[1]), 0));
}

// How bright each picture is, in order.
async function brightness(url) {
  const {stdout} = await exec('ffmpeg', ['-v', 'error', '-i', url, '-map', '0:v:0', '-vf', 'scale=16:16:flags=area,format=gray',
    '-fps_mode', 'passthrough', '-f', 'rawvideo', '-'], {encoding: 'buffer', maxBuffer: 64 << 20});
  return Array.from({length: stdout.length / 256}, (_, i) => stdout.subarray(i * 256, (i + 1) * 256).reduce((a, b) => a + b) / 256);
}

const loudness = (samples, from, to) => {
  const part = samples.subarray(Math.round(from * RATE), Math.round(to * RATE));
  return Math.sqrt(part.reduce((sum, s) => sum + s * s, 0) / part.length);
};

// Leading, between, trailing; of lengths that are no whole pictures.
const film1 = () => ({asset: id['plain.mp4'], start: 1, end: 2});
const LENGTHS = [0.77, 1, 5.123457, 1, 0.04];
const clips = () => [{gap: LENGTHS[0]}, film1(), {gap: LENGTHS[2]}, film1(), {gap: LENGTHS[4]}];
const TOTAL = LENGTHS.reduce((a, b) => a + b, 0);

test('gaps last exactly as long as they are said to, at every rung, in every form', {timeout: 200 * SECONDS}, async () => {
  const stream = await create(clips());
  assert.ok(Math.abs(stream.duration - TOTAL) < 0.00003, `${stream.duration} s`);
  assert.deepEqual(stream.clips.map((c) => c.gap && Math.abs(c.gap - LENGTHS[0]) < 0.00002), [true, undefined, false, undefined, false]);
  for (const url of await rungs(stream.playback.hls)) {
    const got = await stretches(url);
    assert.equal(got.length, LENGTHS.length);
    got.forEach((s, i) => assert.ok(Math.abs(s - LENGTHS[i]) < 0.00003, `${url}: stretch ${i} of ${s} s`));
  }
  const [ts] = await rungs(`${stream.playback.hls}?container=ts`);
  // The last picture of a gap is as short as it must be; by that ffmpeg guesses a
  // rate, and of a picture's length by that where to go on at a join, so that two
  // may get one time there. All are there (below).
  const isOfClock = (line) => /non monotonically increasing dts to muxer/.test(line);
  assert.deepEqual((await decodeErrors(ts)).filter((line) => !isOfClock(line)), []);
  const bright = await brightness(ts);
  const black = [0.77, 5.123457, 0.04].map((s) => Math.ceil(s * 25 - 0.01));
  assert.equal(bright.length, black[0] + 25 + black[1] + 25 + black[2]);
  const shown = bright.map((b) => b > 20);
  const wanted = [black[0], 25, black[1], 25, black[2]].flatMap((count, i) => Array(count).fill(i % 2 === 1));
  assert.deepEqual(shown, wanted);
  const mpd = await text(stream.playback.dash);
  const periods = [...mpd.matchAll(/<Period[^>]* duration="PT([\d.]+)S"/g)].map((m) => Number(m[1]));
  assert.equal(periods.length, LENGTHS.length);
  periods.forEach((s, i) => assert.ok(Math.abs(s - LENGTHS[i]) < 0.0015, `period ${i} of ${s} s`));
});

test('a gap is silent, and what follows it begins when it should', {timeout: 120 * SECONDS}, async () => {
  const stream = await create([film1(), {gap: 1.5}, film1()]);
  const samples = await sound(`${stream.playback.hls}?container=ts`);
  assert.ok(Math.abs(samples.length / RATE - 3.5) < 3 * FRAME_S, `${samples.length / RATE} s`);
  assert.ok(loudness(samples, 0.1, 0.9) > 1000);
  assert.ok(loudness(samples, 1.1, 2.4) < 10);
  assert.ok(loudness(samples, 2.6, 3.4) > 1000);
});

test('a download shows the gaps as well', {timeout: 120 * SECONDS}, async () => {
  const stream = await create([{gap: 0.8}, film1(), {gap: 1.2}]);
  const file = join(daemon.dataDir, 'gaps.mp4');
  const answer = await fetch(stream.playback.hls.replace('index.m3u8', 'download.mp4'));
  assert.equal(answer.status, 200);
  await pipeline(Readable.fromWeb(answer.body), createWriteStream(file));
  const times = await frameTimes(file);
  assert.equal(times.length, 20 + 25 + 30);
  times.forEach((t, i) => assert.ok(Math.abs(t - i / 25) < 0.002, `picture ${i} at ${t}`));
  const samples = await sound(file);
  assert.ok(loudness(samples, 0, 0.75) < 10);
  assert.ok(loudness(samples, 0.9, 1.7) > 1000);
});

test('among sound alone a gap is silence, among silent films it is black', {timeout: 120 * SECONDS}, async () => {
  const songs = await create([{asset: id['sound.mp3'], start: 0, end: 1}, {gap: 2}, {asset: id['sound.mp3'], start: 1, end: 2}]);
  assert.doesNotMatch(await text(songs.playback.hls), /RESOLUTION|avc1/);
  const samples = await sound(`${songs.playback.hls}?container=ts`);
  assert.ok(Math.abs(samples.length / RATE - 4) < 4 * FRAME_S, `${samples.length / RATE} s`);
  assert.ok(loudness(samples, 1.1, 2.9) < 10);
  const silent = await create([{asset: id['silent.mp4'], start: 0, end: 1}, {gap: 1}]);
  assert.doesNotMatch(await text(silent.playback.hls), /mp4a/);
  const [url] = await variants(`${silent.playback.hls}?container=ts`);
  assert.equal((await frameTimes(url)).length, 30 + 25);
});

test('what is made of a gap is made once, and there after a restart', {timeout: 120 * SECONDS}, async () => {
  const one = await create([{gap: 9}, film1()]);
  const other = await create([film1(), {gap: 12}]);
  assert.notEqual(one.id, other.id);
  assert.equal((await create([{gap: 9}, film1()])).id, one.id);
  const first = (stream, number) => fetch(stream.playback.hls.replace('index.m3u8', `240p/${number}.m4s`));
  const [mine, its] = [await first(one, 0), await first(other, 1)];
  assert.equal(mine.status, 200);
  assert.equal(mine.headers.get('etag'), its.headers.get('etag'));
  const [url] = await rungs(one.playback.hls);
  const before = await text(url);
  await daemon.kill();
  daemon = await daemon.restart();
  const again = await daemon.json(`/v1/streams/${one.id}`);
  assert.deepEqual(again.clips, one.clips);
  const [same] = await rungs(again.playback.hls);
  assert.equal(await text(same), before);
  assert.equal((await first(again, 0)).headers.get('etag'), mine.headers.get('etag'));
});

const BAD = [
  [[{gap: 1}], '/clips'], [[{gap: 1}, {gap: 2}], '/clips'], [[film1, {gap: 0}], '/clips/1/gap'], [[film1, {gap: -1}], '/clips/1/gap'],
  [[film1, {gap: 0.039}], '/clips/1/gap'], [[film1, {gap: 3600.1}], '/clips/1/gap'], [[film1, {gap: 'x'}], '/clips/1/gap'],
  [[film1, {gap: null}], '/clips/1/gap'], [[film1, {gap: 1, start: 0}], '/clips/1'], [[{gap: 1, asset: 'm-x'}, film1], '/clips/0'],
];

test('gaps that are none are refused and named', async () => {
  for (const [list, pointer] of BAD) {
    const problem = await isProblem(await post(list.map((c) => (c === film1 ? film1() : c))), 400, 'invalid_request');
    assert.equal(problem.errors[0].pointer, pointer, JSON.stringify(list));
  }
});
