// SPDX-License-Identifier: MIT
// exact.test.js - the same few random ranges in every run, and streams of them;
// `make exact` tries all that there are.
import {after, before, test} from 'node:test';
import {startDaemon} from '../http/daemon.js';
import {hasMedia, media} from '../http/media.js';
import {numbers} from '../http/random.js';
import {RUNGS, checkClip, checkSnapped, picturesIn} from './check.js';
import {ownOf} from './own.js';
import {randomRange} from './ranges.js';
import {checkStream, randomClips} from './streams.js';

const SECONDS = 1000;
const SEED = 7;
const KINDS = 6; // of ranges, two of them a file
const STREAMS = 2;
const CLIPS = 6; // of each
const FILES = ['timing/open-gop-bpyramid.mp4', 'timing/vfr-dropped-frames.mp4', 'timing/negative-start.mp4',
  'timing/plain.ts', 'formats/av1-opus-360p.webm'];

let daemon;
const owns = [];
before(async () => { daemon = await startDaemon(['--ladder', 'on_demand', '--rungs', RUNGS]); });
after(async () => daemon?.stop());

for (const [index, file] of FILES.entries()) {
  test(`clips of ${file} are the asset's own pictures`, {timeout: 900 * SECONDS, skip: !hasMedia}, async () => {
    const own = await ownOf(await daemon.upload(media(file)), media(file), daemon.dataDir);
    owns.push(own);
    for (const i of [index % KINDS, (index + 3) % KINDS]) {
      const random = numbers(SEED * 100003 + index * 1009 + i);
      const range = randomRange(random, own, i, (r) => picturesIn(own, r).times.length);
      await checkClip(own, range, daemon.dataDir);
      await checkSnapped(own, range, daemon);
    }
  });
}

for (let i = 0; i < STREAMS; i++)
  test(`stream ${i} of them has each clip as it is by itself`, {timeout: 900 * SECONDS, skip: !hasMedia}, async () => {
    const bear = media('audio/bear.opus'); // sound alone
    const all = [...owns, await ownOf(await daemon.upload(bear), bear, daemon.dataDir)];
    await checkStream(daemon, randomClips(numbers(SEED * 100003 + i), all, CLIPS));
  });
