// SPDX-License-Identifier: MIT
// check.js - holds clips against the assets they are of: every picture of the
// range and no other, at every rung and in every form (CLIP-01 to 05).
//
// Whole segments have to be the asset's own, byte for byte. What is left are
// edges: as many pictures, at the same times, and like the source.
import assert from 'node:assert/strict';
import {asFile, firstTime, likeness, pictures, samples, sizeOf} from './decode.js';
import {fetchPart, joined, parts, periods, rungs} from './walk.js';

// Pictures a second of a rung at the most; daemons are started with RUNGS.
const CAPS = {'1080p': 60, '720p': 60, '480p': 30, '360p': 30, '240p': 30};
export const RUNGS = '1080p:4800k:60 720p:2700k:60 480p:1300k:30 360p:750k:30 240p:400k:30';

const TS_ZERO_S = 10; // where MPEG-TS begins
const TS_TICK_S = 1 / 90000;
const PACKET = 1024;
const ALIKE = 0.98;
// How much worse than the asset's own rendition an edge may be, where that
// itself is further from the source than ALIKE.
const WORSE = 0.01;
const OFFSET_MAX_S = 0.001;
const EDGES_MAX = 4; // two at each end, where a short one was joined

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
function capped(times, starts, own, name) {
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
function edgesOf(segments, own, what) {
  const isEdge = segments.map((s) => {
    const whole = own.byRange.get(`${s.from}-${s.end}`);
    if (!whole)
      return true;
    assert.equal(s.etag, whole.etag, `${what}: segment at ${s.from} is the asset's own`);
    assert.ok(s.bytes.equals(whole.bytes), `${what}: bytes of the segment at ${s.from}`);
    return false;
  });
  const edges = segments.filter((_, i) => isEdge[i]);
  assert.ok(edges.length <= EDGES_MAX, `${what}: ${edges.length} edges`);
  const middle = isEdge.slice(2, -2);
  assert.ok(!middle.includes(true), `${what}: nothing is encoded between the ends`);
  return edges;
}

// Indexes of the pictures at `times` in what they are compared with.
function indexesOf(times, own, video, against) {
  const list = against === 'own' ? video.times : own.times;
  const place = new Map(list.map((t, i) => [t, i]));
  return times.map((t) => place.get(t));
}

// Edges against the source, or against the asset's own rendition.
async function assertAlike(path, times, edges, own, video, {against, directory, what}) {
  const size = video.size ?? await sizeOf(path);
  const inEdge = new Set(edges.flatMap((s) => s.times));
  if (inEdge.size === 0)
    return 1;
  const of = async (file, shown, other, kind) => likeness(file, other, indexesOf(shown, own, video, kind), size, directory);
  if (video.isStandby && against === 'own')
    return 1;
  const other = against === 'own' ? video.path : own.path;
  const all = await of(path, times, other, against);
  assert.equal(all.length, times.length, `${what}: every picture is compared`);
  const values = all.filter((_, i) => inEdge.has(times[i]));
  const mean = sum(values) / values.length;
  if (mean >= ALIKE || against === 'own') {
    assert.ok(mean >= ALIKE - WORSE, `${what}: edges are ${mean} like the asset's own`);
    return mean;
  }
  assert.ok(!video.isStandby || mean >= ALIKE - WORSE, `${what}: it is ${mean} like the source`);
  if (video.isStandby)
    return mean;
  const ownTimes = video.times.filter((t) => t >= times[0] && t <= times.at(-1));
  const base = await of(video.path, video.times, other, 'source');
  const first = video.times.indexOf(ownTimes[0]);
  const its = sum(base.slice(first, first + ownTimes.length)) / ownTimes.length;
  assert.ok(mean >= its - WORSE, `${what}: edges are ${mean} like the source, the asset's own rendition ${its}`);
  return mean;
}

async function assertPictures(part, own, video, expected, options) {
  const {what, directory} = options;
  assertJoined(part.segments, what);
  assertLength(part, (expected.end - expected.from) / own.timescale, what);
  const times = part.segments.flatMap((s) => s.times);
  assert.deepEqual(times, capped(expected.times, part.segments.flatMap((s) => s.starts), own, video.name), `${what}: times`);
  const edges = video.isStandby ? part.segments : edgesOf(part.segments, video, what);
  const inEdge = new Set(edges.flatMap((s) => s.times));
  return asFile(joined(part), directory, async (path) => {
    const shown = await pictures(path);
    assert.deepEqual(shown.map((p) => Math.round(p.seconds * own.timescale)), times, `${what}: decoded pictures`);
    shown.forEach((p, i) => assert.ok(inEdge.has(times[i]) || p.hash === video.hashes.get(times[i]),
      `${what}: the picture at ${times[i]} differs from the asset's own`));
    const alike = await assertAlike(path, times, edges, own, video, options);
    return {hashes: shown.map((p) => p.hash), seconds: shown.map((p) => p.seconds), alike,
      edges: edges.length, segments: part.segments.length};
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
  const isLast = segments.at(-1).end === sound.segments.at(-1).end;
  assert.ok(Math.abs(end - range.end) <= frame || isLast, `${what}: sound until ${end}, pictures until ${range.end}`);
  edgesOf(segments, sound, what);
  const pcm = await asFile(joined(part), directory, (path) => samples(path));
  const packets = sum(segments.map((s) => s.times.length));
  assert.equal(pcm.length, packets * PACKET, `${what}: samples without a gap`);
  const lag = lagOf(sound.samples, pcm, segments[0].from - sound.times[0], 960);
  assert.ok(lag === null || Math.abs(lag) <= OFFSET_MAX_S * sound.timescale, `${what}: sound is ${lag} samples late`);
  return {samples: pcm, from};
}

// ---- a clip ----------------------------------------------------------------

const seconds = (us) => (us === null ? '' : (us / 1e6).toFixed(6));
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
  return {from: startUs / 1e6, end: Math.min(endUs === null ? Infinity : endUs / 1e6, main.segments.at(-1).end / main.timescale)};
}

// A rung that stands by for the copied one is offered by clips alone: all of it
// is held against the source.
const standby = (own, name) => ({name, times: own.times, hashes: new Map(), byRange: new Map(), isStandby: true});

// Asserts one range of an asset in every form; gives what was found.
export async function checkClip(own, range, {against = 'source', directory}) {
  const url = clipUrl(own.asset, range);
  const master = await rungs(url);
  const expected = own.times ? picturesIn(own, range) : null;
  const at = expected ? {from: expected.from / own.timescale, end: expected.end / own.timescale} : soundRange(own, range);
  const listed = new Map(), sounds = [], found = {rungs: 0, pictures: 0, edges: 0, whole: 0, alike: 1};
  for (const r of master.sounds) {
    const what = `${own.asset.name} ${range} ${r.name}`;
    listed.set(r.name, await onePart(r.url));
    sounds.push(await assertSound(listed.get(r.name), own.sounds.get(r.name), at, {what, directory}));
  }
  assert.ok(!own.times || master.videos.length > 0, `${own.asset.name} ${range}: a rung of pictures`);
  for (const r of master.videos) {
    const options = {what: `${own.asset.name} ${range} ${r.name}`, directory, against};
    listed.set(r.name, await onePart(r.url));
    const video = own.videos.get(r.name) ?? standby(own, r.name);
    const shown = await assertPictures(listed.get(r.name), own, video, expected, options);
    await assertTs(await onePart(r.url.replace('index.m3u8', 'ts.m3u8')), shown, sounds[0], options);
    found.rungs++;
    found.pictures += shown.hashes.length;
    found.edges += shown.edges;
    found.whole += shown.segments - shown.edges;
    found.alike = Math.min(found.alike, shown.alike);
  }
  // Media time of the clip's begin, as every Representation has to map it.
  const zero = own.times ? at.from : null;
  if (zero !== null)
    await assertDash(url.replace('index.m3u8', 'manifest.mpd'), listed, zero, `${own.asset.name} ${range}`);
  return found;
}
