// SPDX-License-Identifier: MIT
// clip_sound.test.js - the sound of a clip: it begins and ends with the pictures,
// to a packet, and lies in media time where the source's does, to a millisecond.
// Pictures lie there to the frame (clip.test.js), so neither leads the other.
import assert from 'node:assert/strict';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {startDaemon} from './daemon.js';
import {text} from './exact.js';
import {film} from './films.js';
import {frameTimes, sound} from './run.js';

const SECONDS = 1000;
const RATE = 48000;
const PACKET_S = 1024 / RATE;
const MILLISECOND = RATE / 1000;
const SEARCH = 30 * MILLISECOND;
const WINDOW = RATE / 10;
const RANGES = [[0, 1.5], [1.03, 4.51], [3.98, 4.02], [5.5, 9.99], [8.37, 12]];

const FILMS = {'noise.mp4': 'copied', 'noise.mov': 'encoded'};

let daemon;
before(async () => { daemon = await startDaemon(['--ladder', 'on_demand', '--playback', 'open']); });
after(async () => daemon?.stop());

// The playlists of sound alone, by name.
const listsOf = async (url) => [...(await text(url)).matchAll(/^#EXT-X-MEDIA:TYPE=AUDIO.*URI="([^"]*)"/gm)].map((m) => new URL(m[1], url).href);

// What a player appends, as a file.
async function appended(list) {
  const uris = [...(await text(list)).matchAll(/^#EXT-X-MAP:URI="([^"]*)"|^([^#\n].*)$/gm)].map((m) => m[1] ?? m[2]);
  const parts = [];
  for (const uri of uris)
    parts.push(Buffer.from(await (await fetch(new URL(uri, list))).arrayBuffer()));
  const path = join(daemon.dataDir, 'appended.mp4');
  writeFileSync(path, Buffer.concat(parts));
  return path;
}

// How many samples later than in the source what begins at sample `from` of
// `samples` is, which lies at sample `place` of the source.
function lagOf(source, samples, from, place) {
  const count = Math.min(WINDOW, samples.length - from, source.length - place - SEARCH);
  let best = {lag: 0, sum: -Infinity};
  for (let lag = -SEARCH; lag <= SEARCH; lag++) {
    let sum = 0;
    for (let i = 0; i < count; i++)
      sum += samples[from + i] * (source[place + i - lag] ?? 0);
    if (sum > best.sum)
      best = {lag, sum};
  }
  return best.lag;
}

for (const [name, mode] of Object.entries(FILMS))
  test(`the sound of clips lies with the pictures, ${mode}`, {timeout: 120 * SECONDS}, async () => {
    const asset = await daemon.upload(film(name));
    const source = await sound(film(name));
    for (const [start, end] of RANGES) {
      const [list] = await listsOf(`${asset.playback.hls}?t=${start},${end}`);
      const file = await appended(list);
      const times = await frameTimes(file, 'a:0');
      const [first, last] = [times[0], times.at(-1) + PACKET_S];
      assert.ok(Math.abs(first - start) < PACKET_S && Math.abs(last - end) < PACKET_S, `${start} to ${end}: ${first} to ${last}`);
      const samples = await sound(file);
      // A decoder that begins has nothing to overlap the first packet with.
      for (const from of [1024, samples.length >> 1, samples.length - WINDOW].filter((n) => n >= 1024 && samples.length - n >= 1024)) {
        const lag = lagOf(source, samples, from, Math.round(first * RATE) + from);
        assert.ok(Math.abs(lag) <= MILLISECOND, `${start} to ${end}: ${lag} samples late at ${from}`);
      }
    }
  });
