// SPDX-License-Identifier: MIT
// own.js - an asset's own renditions, whole, against which clips are held.
import assert from 'node:assert/strict';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {pictures, samples, sizeOf, sourceTimes} from './decode.js';
import {fetchPart, joined, parts, rungs} from './walk.js';
import {find, boxes} from '../http/boxes.js';

const LOUD = 200; // of 32768: below it nothing can be said of its place

// Ticks a second of what an init announces.
export function timescaleOf(init) {
  const body = find(boxes(init), 'moov', 'trak', 'mdia', 'mdhd').body;
  return body[0] === 1 ? body.readUInt32BE(20) : body.readUInt32BE(12);
}

async function load(rung, directory, name) {
  const list = await parts(rung.url);
  assert.equal(list.length, 1, `${rung.url}: an asset has no discontinuity`);
  const part = await fetchPart(list[0]);
  const path = join(directory, name);
  await writeFile(path, joined(part));
  const times = part.segments.flatMap((s) => s.times);
  return {name: rung.name, path, segments: part.segments, timescale: timescaleOf(part.init.bytes), times,
    // What a range is searched in: each whole segment by where it lies.
    byRange: new Map(part.segments.map((s) => [`${s.from}-${s.end}`, s]))};
}

async function loadVideo(rung, directory, name) {
  const own = await load(rung, directory, name);
  own.size = await sizeOf(own.path);
  own.hashes = new Map();
  for (const p of await pictures(own.path))
    own.hashes.set(Math.round(p.seconds * own.timescale), p.hash);
  assert.equal(own.hashes.size, own.times.length, `${name}: as many pictures as samples`);
  return own;
}

async function loadSound(rung, directory, name) {
  const own = await load(rung, directory, name);
  own.samples = await samples(own.path);
  assert.equal(own.samples.length, own.times.length * 1024, `${name}: a packet is 1024 samples`);
  own.isLoud = own.samples.some((s) => Math.abs(s) > LOUD);
  return own;
}

// Everything of an asset: {asset, videos, sounds, source: {path, times}}. Times
// of the source are on the asset's timeline.
export async function ownOf(asset, path, directory) {
  const {videos, sounds} = await rungs(asset.playback.hls);
  const own = {asset, path, videos: new Map(), sounds: new Map()};
  for (const r of videos)
    own.videos.set(r.name, await loadVideo(r, directory, `${asset.id}-${r.name}`));
  for (const r of sounds)
    own.sounds.set(r.name, await loadSound(r, directory, `${asset.id}-${r.name}`));
  if (videos.length === 0)
    return own;
  // The best rung has every picture of the source.
  const best = [...own.videos.values()].reduce((a, b) => (b.times.length > a.times.length ? b : a));
  const times = await sourceTimes(path);
  const zero = best.times.length > 1 ? times[1] - best.times[1] / best.timescale : times[0];
  own.sourceZero = zero;
  own.sourceTimes = times.map((t) => Math.max(0, t - zero));
  own.timescale = best.timescale;
  own.times = best.times;
  own.end = best.segments.at(-1).end;
  return own;
}
