// SPDX-License-Identifier: MIT
// check.js - holds clips against the assets they are of: every picture of the
// range and no other, at every rung and in every form (CLIP-01 to 05).
//
// Whole segments have to be the asset's own, byte for byte, and so have their
// pictures. What is left are edges: as many pictures, at the same times, and
// each edge like the source.
import assert from 'node:assert/strict';
import {alikeOf} from './alike.js';
import {asFile, firstTime, pictures, samples} from './decode.js';
import {fetchPart, joined, parts, periods, rungs} from './walk.js';

// Pictures a second of a rung at the most; daemons are started with RUNGS.
const CAPS = {'1080p': 60, '720p': 60, '480p': 30, '360p': 30, '240p': 30};
export const RUNGS = '1080p:4800k:60 720p:2700k:60 480p:1300k:30 360p:750k:30 240p:400k:30';
export const FINE_RUNGS = RUNGS.replace(/:\d+k/g, ':60000k');

const TS_ZERO_S = 10; // where MPEG-TS begins
const TS_TICK_S = 1 / 90000;
export const PACKET = 1024;
export const OFFSET_MAX_S = 0.001;

const sum = (list) => list.reduce((a, b) => a + b, 0);

// ---- what has to be there --------------------------------------------------

// Pictures and end of a range in microseconds, end null for an open one. A time
// is meant to half a microsecond.
export function picturesIn(own, [startUs, endUs]) {
  const isBefore = (ticks, us) => ticks * 2e6 < (2 * us - 1) * own.timescale;
  const inside = own.times.filter((t) => !isBefore(t, startUs) && (endUs === null || isBefore(t, endUs)));
  const behind = endUs === null ? undefined : own.times.find((t) => !isBefore(t, endUs));
  return {times: inside, from: inside[0], end: behind ?? own.end};
}

// What the cap of a rung leaves of them: in a GOP, nearer to the one before
// than 0.9 of its step are dropped.
export function capped(times, starts, own, name) {
  const least = name in CAPS ? Math.ceil(9 * own.timescale / (10 * CAPS[name])) : 0;
  const isStart = new Set(starts);
  let kept = -Infinity;
  return times.filter((t) => {
    const keeps = isStart.has(t) || t - kept >= least;
    kept = keeps ? t : kept;
    return keeps;
  });
}

// ---- pictures --------------------------------------------------------------

function assertJoined(segments, what) {
  for (let i = 1; i < segments.length; i++)
    assert.equal(segments[i].from, segments[i - 1].end, `${what}: segment ${i} begins where the one before ends`);
}

function assertLength(part, seconds, what) {
  const listed = sum(part.seconds);
  assert.ok(Math.abs(listed - seconds) < 2e-5 * (part.seconds.length + 1), `${what}: ${listed} s listed, not ${seconds}`);
}

// The segments that are not the asset's own; those that lie where one of its
// own does have to be that one.
async function edgesOf(segments, own, what) {
  const edges = [];
  for (const [i, s] of segments.entries()) {
    const number = own.numberOf(s.from, s.end);
    if (number < 0) {
      edges.push(s);
      assert.ok(i < 2 || i >= segments.length - 2, `${what}: nothing is encoded between the ends`);
      continue;
    }
    const whole = await own.segment(number);
    assert.equal(s.etag, whole.etag, `${what}: segment at ${s.from} is the asset's own`);
    assert.ok(s.bytes.equals(whole.bytes), `${what}: bytes of the segment at ${s.from}`);
  }
  return edges;
}

// What the asset itself shows in the segments of a clip that are its own.
async function hashesOf(segments, video) {
  const all = new Map();
  for (const s of segments) {
    const number = video.numberOf(s.from, s.end);
    for (const [time, hash] of number < 0 ? [] : await video.hashesOf(number))
      all.set(time, hash);
  }
  return all;
}

async function assertPictures(part, own, video, expected, {what, directory}) {
  assertJoined(part.segments, what);
  assertLength(part, (expected.end - expected.from) / own.timescale, what);
  const times = part.segments.flatMap((s) => s.times);
  assert.deepEqual(times, capped(expected.times, part.segments.flatMap((s) => s.starts), own, video.name), `${what}: times`);
  const edges = await edgesOf(part.segments, video, what);
  const hashes = await hashesOf(part.segments, video);
  assert.equal(hashes.size + edges.reduce((n, s) => n + s.times.length, 0), times.length, `${what}: pictures of segments and edges`);
  return asFile(joined(part), directory, async (path) => {
    const shown = await pictures(path);
    assert.deepEqual(shown.map((p) => Math.round(p.seconds * own.timescale)), times, `${what}: decoded pictures`);
    shown.forEach((p, i) => assert.ok(!hashes.has(times[i]) || p.hash === hashes.get(times[i]),
      `${what}: the picture at ${times[i]} differs from the asset's own`));
    return {times, edges, hashes: shown.map((p) => p.hash), seconds: shown.map((p) => p.seconds)};
  });
}

// The MPEG-TS view decodes to the same pictures at the same times, with sound
// where it belongs.
async function assertTs(part, shown, sound, {what, directory}) {
  await asFile(joined(part), directory, async (path) => {
    const list = await pictures(path);
    assert.deepEqual(list.map((p) => p.hash), shown.hashes, `${what}: pictures as TS`);
    list.forEach((p, i) => assert.ok(Math.abs(p.seconds - TS_ZERO_S - shown.seconds[i]) <= TS_TICK_S,
      `${what}: picture ${i} at ${p.seconds} as TS, not ${shown.seconds[i]}`));
    if (!sound)
      return;
    assert.equal((await samples(path)).length, sound.samples.length, `${what}: sound as TS`);
    const at = await firstTime(path, 'a:0') - TS_ZERO_S;
    assert.ok(Math.abs(at - sound.from) <= TS_TICK_S, `${what}: sound at ${at} as TS, not ${sound.from}`);
  });
}

// ---- sound -----------------------------------------------------------------

// By how many samples `b` lies behind `a`, from its sample `at` on; searched
// within `most`. Null where nothing can be told.
export function lagOf(a, b, at, most) {
  const from = Math.max(most, PACKET * 2);
  const count = Math.min(48000, b.length - from - PACKET, a.length - at - from - most);
  const isLoud = b.subarray(from, from + Math.max(0, count)).some((s) => Math.abs(s) > 200);
  if (count < 4800 || !isLoud)
    return null;
  let best = {lag: 0, value: -Infinity};
  for (let lag = -most; lag <= most; lag++) {
    let dot = 0, energy = 0;
    for (let i = 0; i < count; i += 3) {
      const x = a[at + from + i + lag];
      dot += x * b[from + i];
      energy += x * x;
    }
    const value = dot / Math.sqrt(energy + 1);
    if (value > best.value)
      best = {lag, value};
  }
  return -best.lag;
}

// `range`: where the pictures begin and end, in seconds.
async function assertSound(part, sound, range, {what, directory}) {
  const {segments} = part;
  assertJoined(segments, what);
  const frame = PACKET / sound.timescale + 1e-6;
  const from = segments[0].from / sound.timescale, end = segments.at(-1).end / sound.timescale;
  assert.ok(Math.abs(from - range.from) <= frame, `${what}: sound from ${from}, pictures from ${range.from}`);
  const isLast = segments.at(-1).end === sound.end;
  assert.ok(Math.abs(end - range.end) <= frame || isLast, `${what}: sound until ${end}, pictures until ${range.end}`);
  await edgesOf(segments, sound, what);
  const pcm = await asFile(joined(part), directory, (path) => samples(path));
  const packets = sum(segments.map((s) => s.times.length));
  assert.equal(pcm.length, packets * PACKET, `${what}: samples without a gap`);
  const heard = await sound.heard(segments[0].from, segments.at(-1).end);
  const lag = lagOf(heard.samples, pcm, segments[0].from - heard.from, 960);
  assert.ok(lag === null || Math.abs(lag) <= OFFSET_MAX_S * sound.timescale, `${what}: sound is ${lag} samples late`);
  return {samples: pcm, from};
}

// ---- a clip ----------------------------------------------------------------

const seconds = (us) => (us === null ? '' : (us / 1e6).toFixed(6));
// As a clip of a stream.
export const clipOf = (own, [startUs, endUs]) =>
  ({asset: own.asset.id, start: startUs / 1e6, ...(endUs === null ? {} : {end: endUs / 1e6})});
export const clipUrl = (asset, range) => `${asset.playback.hls}?t=${seconds(range[0])},${seconds(range[1])}`;

async function onePart(url) {
  const list = await parts(url);
  assert.equal(list.length, 1, `${url}: one clip has no discontinuity`);
  return fetchPart(list[0]);
}

// DASH lists the very same files, at the times that they have.
async function assertDash(url, listed, from, what) {
  const all = await periods(url);
  assert.equal(all.length, 1, `${what}: one Period`);
  assert.deepEqual(Object.keys(all[0]).sort(), [...listed.keys()].sort(), `${what}: Representations`);
  for (const [name, part] of listed) {
    const set = all[0][name];
    assert.deepEqual(set.urls, part.segments.map((s) => s.url), `${what} ${name}: segments of DASH`);
    assert.equal(set.map, part.init.url);
    assert.deepEqual(set.times, part.segments.map((s) => s.from), `${what} ${name}: times of DASH`);
    assert.equal(set.end, part.segments.at(-1).end);
    assert.ok(Math.abs(set.offset / set.timescale - from) <= 0.5 / set.timescale + 1e-9, `${what} ${name}: offset of DASH`);
  }
}

// Of an asset without pictures the range is in packets, those that begin in it.
function soundRange(own, [startUs, endUs]) {
  const main = [...own.sounds.values()][0];
  return {from: startUs / 1e6, end: Math.min(endUs === null ? Infinity : endUs / 1e6, main.end / main.timescale)};
}

// Pictures of a range at every rung, as CMAF and as TS, and then their edges.
async function assertVideos(own, master, listed, expected, sound, {what: clip, directory}) {
  const found = {rungs: 0, pictures: 0, edges: 0, whole: 0, fallback: 0, alike: 1, worse: 0};
  const edges = [];
  for (const r of master.videos) {
    const options = {what: `${clip} ${r.name}`, directory};
    const video = own.videos.get(r.name), part = await onePart(r.url);
    listed.set(r.name, part);
    assert.ok(video, `${options.what}: a rung of the asset`);
    const shown = await assertPictures(part, own, video, expected, options);
    await assertTs(await onePart(r.url.replace('index.m3u8', 'ts.m3u8')), shown, sound, options);
    found.rungs++;
    found.pictures += shown.times.length;
    found.edges += shown.edges.length;
    found.whole += part.segments.length - shown.edges.length;
    edges.push(...shown.edges.map((edge) => ({...edge, init: part.init, video, what: `${options.what} edge at ${edge.from}`})));
  }
  return {...found, ...await alikeOf(own, edges, directory)};
}

// Snapped to key frames a range has nothing that is made for it: every segment
// is the asset's own, at every rung that it lists itself. Gives how many.
export async function checkSnapped(own, [startUs, endUs], daemon) {
  const what = `${own.asset.name} ${startUs},${endUs} snapped`;
  const clips = [clipOf(own, [startUs, endUs])];
  const answer = await daemon.call('POST', '/v1/streams', {json: {clips, snap: 'keyframe'}});
  assert.equal(answer.status, 201, `${what}: ${await answer.clone().text()}`);
  const {videos} = await rungs((await answer.json()).playback.hls);
  for (const r of videos) {
    const part = await onePart(r.url);
    assert.ok(own.videos.has(r.name), `${what}: ${r.name} is a rung of the asset`);
    assertJoined(part.segments, what);
    assert.equal((await edgesOf(part.segments, own.videos.get(r.name), what)).length, 0, `${what}: edges`);
    const [first, last] = [part.segments[0].from, part.segments.at(-1).end];
    const {times} = picturesIn(own, [startUs, endUs]);
    assert.ok(first <= times[0] && last > times.at(-1), `${what}: ${first} to ${last} has all of the range`);
  }
  return videos.length;
}

// Asserts one range of an asset in every form; gives what was found.
export async function checkClip(own, range, directory) {
  const url = clipUrl(own.asset, range);
  const what = `${own.asset.name} ${range}`;
  const master = await rungs(url);
  const expected = own.times ? picturesIn(own, range) : null;
  const at = expected ? {from: expected.from / own.timescale, end: expected.end / own.timescale} : soundRange(own, range);
  const listed = new Map(), sounds = [];
  for (const r of master.sounds) {
    listed.set(r.name, await onePart(r.url));
    sounds.push(await assertSound(listed.get(r.name), own.sounds.get(r.name), at, {what: `${what} ${r.name}`, directory}));
  }
  assert.equal(master.videos.length > 0, Boolean(own.times), `${what}: rungs of pictures`);
  const found = await assertVideos(own, master, listed, expected, sounds[0], {what, directory});
  if (own.times)
    await assertDash(url.replace('index.m3u8', 'manifest.mpd'), listed, at.from, what);
  return found;
}
