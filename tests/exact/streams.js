// SPDX-License-Identifier: MIT
// streams.js - holds streams of unlike assets against their clips, each by
// itself. Pictures are the same pieces, byte for byte, so that what check.js
// proves of a clip goes for it in a stream. Sound, which all have at one rate
// there, lies where the asset's own does, and is silence where it has none.
import assert from 'node:assert/strict';
import {OFFSET_MAX_S, PACKET, capped, clipOf, clipUrl, lagOf, picturesIn} from './check.js';
import {asFile, pictures, samples} from './decode.js';
import {randomRange} from './ranges.js';
import {fetchPart, joined, parts, periods, rungs} from './walk.js';

const TICK_S = 2e-6; // a microsecond at each end
const RATE = 48000; // of sound in streams
const PACKETS_US = 50000; // in which a packet begins for certain
const LAG_MOST = 960; // samples

const sum = (list) => list.reduce((a, b) => a + b, 0);
const pick = (random, list) => list[Math.floor(random() * list.length)];

const countOf = (own, range) => (own.times ? picturesIn(own, range).times.length : Number(range[1] - range[0] > PACKETS_US));

// `count` clips of `owns`, of which each is another than the one before it.
export function randomClips(random, owns, count) {
  const clips = [];
  while (clips.length < count) {
    const own = pick(random, owns.filter((o) => o !== clips.at(-1)?.own));
    clips.push({own, range: randomRange(random, own, clips.length, (r) => countOf(own, r))});
  }
  return clips;
}

// How long a clip is, and its parts by itself: those of its rungs of pictures.
async function alone({own, range}) {
  const {videos, sounds} = await rungs(clipUrl(own.asset, range));
  const found = [];
  for (const r of videos)
    found.push(await fetchPart((await parts(r.url))[0]));
  if (own.times) {
    const {from, end} = picturesIn(own, range);
    return {parts: found, seconds: (end - from) / own.timescale};
  }
  return {parts: found, seconds: sum((await parts(sounds[0].url))[0].seconds)};
}

// One of the clip's own rungs, all of it.
async function assertPictures(part, clip, what, options) {
  const its = await fetchPart(part);
  const theirs = clip.parts.find((part) => its.init.bytes.equals(part.init.bytes));
  if (!theirs)
    return assertStandby(its, clip, what, options);
  assert.deepEqual(its.seconds, theirs.seconds, `${what}: lengths`);
  assert.deepEqual(its.segments.map((s) => s.etag), theirs.segments.map((s) => s.etag), `${what}: segments`);
  its.segments.forEach((s, i) => assert.ok(s.bytes.equals(theirs.segments[i].bytes), `${what}: segment ${i}`));
}

// Where a clip by itself has the copied rung, a stream has the one that stands by
// for it, which may be in no list of the asset: it shows the pictures of the range.
async function assertStandby(its, {own, range}, what, {name, directory}) {
  const times = its.segments.flatMap((s) => s.times);
  const starts = its.segments.flatMap((s) => s.starts);
  assert.deepEqual(times, capped(picturesIn(own, range).times, starts, own, name), `${what}: times`);
  const shown = await asFile(joined(its), directory, (path) => pictures(path));
  assert.deepEqual(shown.map((p) => Math.round(p.seconds * own.timescale)), times, `${what}: decoded pictures`);
  const video = [...own.videos.values()].find((v) => v.init.bytes.equals(its.init.bytes));
  for (const s of video ? its.segments : []) {
    const number = video.numberOf(s.from, s.end);
    assert.ok(number < 0 || s.bytes.equals((await video.segment(number)).bytes), `${what}: segment at ${s.from}`);
  }
}

async function assertSound(part, {own}, what, directory) {
  const {segments, ...rest} = await fetchPart(part);
  segments.slice(1).forEach((s, i) => assert.equal(s.from, segments[i].end, `${what}: segment ${i + 1} joins`));
  const pcm = await asFile(joined({segments, ...rest}), directory, (path) => samples(path));
  assert.equal(pcm.length, sum(segments.map((s) => s.times.length)) * PACKET, `${what}: samples without a gap`);
  const [sound] = own.sounds.values();
  if (!sound) {
    assert.ok(pcm.every((s) => Math.abs(s) <= 1), `${what}: silence`);
    return;
  }
  // On its own grid check.js has it; of less nothing can be told.
  if (sound.timescale !== RATE || pcm.length < 10 * PACKET)
    return;
  const heard = await sound.heard(segments[0].from, segments.at(-1).end);
  const lag = lagOf(heard.samples, pcm, segments[0].from - heard.from, LAG_MOST);
  assert.ok(lag === null || Math.abs(lag) <= OFFSET_MAX_S * RATE, `${what}: sound is ${lag} samples late`);
}

async function assertPart(part, clip, rung, what, directory) {
  assert.ok(Math.abs(sum(part.seconds) - clip.seconds) <= TICK_S, `${what}: ${sum(part.seconds)} s, not ${clip.seconds}`);
  if (rung.isSound)
    await assertSound(part, clip, what, directory);
  else if (clip.own.times)
    await assertPictures(part, clip, what, {name: rung.name, directory});
}

async function assertDash(url, listed, clips, what) {
  const all = await periods(url);
  assert.equal(all.length, clips.length, `${what}: a Period each clip`);
  for (const [i, period] of all.entries())
    for (const [name, list] of listed) {
      assert.deepEqual(period[name]?.urls, list[i].urls, `${what} ${name}: segments of Period ${i}`);
      assert.equal(period[name].map, list[i].map, `${what} ${name}: init of Period ${i}`);
    }
}

// Asserts a stream of `clips`, {own, range} each, in every form; gives how many
// parts it had.
export async function checkStream(daemon, clips) {
  const asked = clips.map(({own, range}) => clipOf(own, range));
  const answer = await daemon.call('POST', '/v1/streams', {json: {clips: asked}});
  const stream = JSON.parse(await answer.text());
  assert.equal(answer.status, 201, JSON.stringify(stream));
  const all = [];
  for (const clip of clips)
    all.push({...clip, ...await alone(clip)});
  const {videos, sounds} = await rungs(stream.playback.hls);
  const listed = new Map();
  for (const rung of [...videos, ...sounds.map((r) => ({...r, isSound: true}))]) {
    const list = await parts(rung.url);
    listed.set(rung.name, list);
    assert.equal(list.length, clips.length, `${rung.name}: a part each clip`);
    for (const [i, part] of list.entries())
      await assertPart(part, all[i], rung, `${rung.name}, clip ${i}: ${all[i].own.asset.name} ${all[i].range}`, daemon.dataDir);
  }
  await assertDash(stream.playback.dash, listed, clips, 'DASH');
  const length = sum(all.map((c) => c.seconds));
  assert.ok(Math.abs(stream.duration - length) <= TICK_S * clips.length, `${stream.duration} s, not ${length}`);
  return listed.size * clips.length;
}
