// SPDX-License-Identifier: MIT
// own.js - an asset's own renditions, against which clips are held, and the
// times of its pictures, which are read from its source. Of renditions only what
// is asked for is fetched: a film at five rungs takes an hour to encode.
import assert from 'node:assert/strict';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {asFile, pictures, samples, sizeOf, sourceTimes} from './decode.js';
import {fetchSegment, get, joined, periods} from './walk.js';

// A rendition as DASH lists it; `set` is of periods().
class Rendition {
  constructor(name, set, directory) {
    Object.assign(this, {name, set, directory, timescale: set.timescale, end: set.end});
    this.fetched = new Map();
    this.hashes = new Map();
  }

  async open() {
    this.init = await get(this.set.map);
    return this;
  }

  // The number of the segment that lies exactly there, or -1.
  numberOf(from, end) {
    const i = this.set.times.indexOf(from);
    return i >= 0 && (this.set.times[i + 1] ?? this.end) === end ? i : -1;
  }

  async segment(i) {
    if (!this.fetched.has(i))
      this.fetched.set(i, await fetchSegment(this.set.urls[i], true));
    return this.fetched.get(i);
  }

  // The segments that have something of [from, to), with the init.
  async around(from, to) {
    const segments = [];
    for (const [i, at] of this.set.times.entries())
      if (at < to && (this.set.times[i + 1] ?? this.end) > from)
        segments.push(await this.segment(i));
    return {init: this.init, segments};
  }
}

class Pictures extends Rendition {
  async open() {
    await super.open();
    const first = {init: this.init, segments: [await this.segment(0)]};
    this.size = await asFile(joined(first), this.directory, (path) => sizeOf(path));
    return this;
  }

  // Hashes of what a segment shows, by time.
  async hashesOf(i) {
    if (!this.hashes.has(i)) {
      const one = await this.segment(i);
      const list = await asFile(joined({init: this.init, segments: [one]}), this.directory, (path) => pictures(path));
      assert.equal(list.length, one.times.length, `${this.name} ${i}: as many pictures as samples`);
      this.hashes.set(i, new Map(list.map((p, n) => [one.times[n], p.hash])));
    }
    return this.hashes.get(i);
  }

  // All of it as a file: {path, times}.
  async whole(path) {
    const all = await this.around(0, Infinity);
    await writeFile(path, joined(all));
    return {path, times: all.segments.flatMap((s) => s.times)};
  }
}

class Sound extends Rendition {
  // What is heard of segments, which begin with packet number `from` / 1024.
  async heard(from, to) {
    const part = await this.around(from, to);
    const list = await asFile(joined(part), this.directory, (path) => samples(path));
    const packets = part.segments.reduce((n, s) => n + s.times.length, 0);
    assert.equal(list.length, packets * 1024, `${this.name}: a packet is 1024 samples`);
    return {from: part.segments[0].from, samples: list};
  }
}

const isSound = (name) => name.startsWith('audio');

async function setsOf(url) {
  const all = await periods(url.replace('index.m3u8', 'manifest.mpd'));
  assert.equal(all.length, 1, `${url}: one Period`);
  return Object.entries(all[0]);
}

// Clips alone have a rung that stands by for the copied one: its own is what a
// clip of all but the first picture has, but for the first segment.
async function addStandby(own, directory) {
  if (own.times.length < 3)
    return;
  const from = Math.round(own.times[1] * 1e6 / own.timescale);
  for (const [name, set] of await setsOf(`${own.asset.playback.hls}?t=${(from / 1e6).toFixed(6)},`))
    if (!isSound(name) && !own.videos.has(name))
      own.videos.set(name, await new Pictures(name, set, directory).open());
}

// Times of the source in ticks of the asset's timeline, on which its first
// picture is at 0, whatever time that has. `first` are the first ones as the
// rung with all pictures has them: what they leave open is a time of the source
// that is 0.
function ticksOf({pts, num, den}, timescale, first, what) {
  const ticksAt = (zero) => pts.map((p, i) => (i === 0 ? 0 : Math.round((p - zero) * num * timescale / den)));
  const near = pts.length > 1 ? pts[1] - Math.round(first[1] * den / (num * timescale)) : pts[0];
  for (const more of [0, -1, 1, -2, 2]) {
    const ticks = ticksAt(near + more);
    if (first.every((t, i) => t === ticks[i]))
      return ticks;
  }
  assert.fail(`${what}: its pictures are at ${first.slice(0, 5)}, those of the source at ${ticksAt(near).slice(0, 5)}`);
}

// Everything of an asset: {asset, path, videos, sounds, times, end, timescale,
// places}. Times are on the asset's timeline; `places` are those of pictures in
// the source.
export async function ownOf(asset, path, directory) {
  const own = {asset, path, videos: new Map(), sounds: new Map()};
  for (const [name, set] of await setsOf(asset.playback.hls))
    if (isSound(name))
      own.sounds.set(name, await new Sound(name, set, directory).open());
    else
      own.videos.set(name, await new Pictures(name, set, directory).open());
  if (own.videos.size === 0)
    return own;
  const best = own.videos.get('source') ?? [...own.videos.values()][0];
  own.timescale = best.timescale;
  own.end = best.end;
  own.times = ticksOf(await sourceTimes(path), own.timescale, (await best.segment(0)).times, asset.name);
  own.borders = best.set.times;
  own.places = new Map(own.times.map((t, i) => [t, i]));
  await addStandby(own, directory);
  return own;
}

// What the chain of filters makes of an asset that is hardly encoded at all.
export async function truthOf(asset, path, directory) {
  const own = await ownOf(asset, path, directory);
  const files = new Map();
  for (const [name, video] of own.videos)
    files.set(name, await video.whole(join(directory, `truth-${asset.id}-${name}`)));
  return files;
}
