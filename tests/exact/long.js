// SPDX-License-Identifier: MIT
// long.js - make exact: RANGES random ranges over all sources, and STREAMS
// streams of CLIPS of them each. What was proved is kept in build/exact, so that
// a run that was cut off goes on where it was; SEED names another.
import {appendFileSync, existsSync, mkdirSync, readFileSync} from 'node:fs';
import {basename, join} from 'node:path';
import {startDaemon} from '../http/daemon.js';
import {media} from '../http/media.js';
import {numbers} from '../http/random.js';
import {FINE_RUNGS, RUNGS, checkClip, checkSnapped, picturesIn} from './check.js';
import {ownOf, truthOf} from './own.js';
import {randomRange} from './ranges.js';
import {SOURCES} from './sources.js';
import {checkStream, randomClips} from './streams.js';

const RANGES = Number(process.env.RANGES ?? 210);
const STREAMS = Number(process.env.STREAMS ?? 20);
const UNLIKE = 5; // sources of a stream
const CLIPS = 8;
const SEED = Number(process.env.SEED || 1);
const ONLY = process.env.ONLY;
const PLACE = new URL('../../build/exact/', import.meta.url).pathname;
const LOG = join(PLACE, `seed-${SEED}.jsonl`);

mkdirSync(PLACE, {recursive: true});
const done = new Map();
if (existsSync(LOG))
  for (const line of readFileSync(LOG, 'utf8').split('\n').filter(Boolean)) {
    const one = JSON.parse(line);
    done.set(`${one.file} ${one.number}`, one);
  }

function note(one) {
  done.set(`${one.file} ${one.number}`, one);
  appendFileSync(LOG, `${JSON.stringify(one)}\n`);
}

// The asset as it comes out of the chain of filters, hardly encoded at all.
async function trueOf(file) {
  const fine = await startDaemon(['--ladder', 'on_demand', '--rungs', FINE_RUNGS, '--crf', '10', '--requests-per-key', '0']);
  try {
    return await truthOf(await fine.upload(media(file)), media(file), PLACE);
  } finally {
    await fine.stop();
  }
}

async function checkSource(daemon, source, index, count) {
  const wanted = Array.from({length: count}, (_, i) => i).filter((i) => !done.get(`${source.file} ${i}`)?.found);
  if (wanted.length === 0)
    return;
  const asset = await daemon.upload(media(source.file));
  const own = await ownOf(asset, media(source.file), daemon.dataDir);
  if (source.against === 'chain')
    own.truth = await trueOf(source.file);
  for (const number of wanted) {
    const random = numbers(SEED * 100003 + index * 1009 + number);
    const range = randomRange(random, own, number, (r) => (own.times ? picturesIn(own, r).times.length : 1));
    const one = {file: source.file, number, range};
    try {
      one.found = await checkClip(own, range, daemon.dataDir);
      one.found.snapped = own.times ? await checkSnapped(own, range, daemon) : 0;
    } catch (error) {
      one.error = String(error.message ?? error).slice(0, 2000);
    }
    note(one);
    console.log(`${one.error ? 'FAILED' : 'ok    '} ${source.file} ${number} ${range} ${one.error ?? JSON.stringify(one.found)}`);
  }
}

// Streams over sources that stand apart in the list, which has like ones together.
async function checkStreams() {
  const daemon = await startDaemon(['--ladder', 'on_demand', '--rungs', RUNGS, '--requests-per-key', '0']);
  const owns = new Map();
  const ownFor = async ({file}) => {
    if (!owns.has(file))
      owns.set(file, await ownOf(await daemon.upload(media(file)), media(file), daemon.dataDir));
    return owns.get(file);
  };
  try {
    for (let number = 0; number < STREAMS; number++) {
      if (done.get(`stream ${number}`)?.parts)
        continue;
      const random = numbers(SEED * 100003 + 77 * 1009 + number);
      const step = Math.floor(SOURCES.length / UNLIKE), first = Math.floor(random() * step);
      const few = [];
      for (let i = 0; i < UNLIKE; i++)
        few.push(await ownFor(SOURCES[i * step + (first + i) % step]));
      const one = {file: 'stream', number};
      try {
        one.parts = await checkStream(daemon, randomClips(random, few, CLIPS));
      } catch (error) {
        one.error = String(error.message ?? error).slice(0, 2000);
      }
      note(one);
      console.log(`${one.error ? 'FAILED' : 'ok    '} stream ${number} ${one.error ?? `${one.parts} parts`}`);
    }
  } finally {
    await daemon.stop();
  }
}

const sources = SOURCES.filter((s) => !ONLY || s.file.includes(ONLY));
console.log(`SEED=${SEED} RANGES=${RANGES}, kept in ${LOG}`);
for (const [i, source] of sources.entries()) {
  // A daemon each, so that what one has filled goes with it.
  const daemon = await startDaemon(['--ladder', 'on_demand', '--rungs', RUNGS, '--requests-per-key', '0']);
  const index = SOURCES.indexOf(source);
  const count = Math.floor(RANGES / sources.length) + (i < RANGES % sources.length ? 1 : 0);
  try {
    await checkSource(daemon, source, index, count);
  } catch (error) {
    note({file: source.file, number: -1, error: String(error.stack ?? error).slice(0, 900)});
    console.log(`FAILED ${basename(source.file)}: ${error.stack}`);
  } finally {
    await daemon.stop();
  }
}
if (!ONLY)
  await checkStreams();
const failed = [...done.values()].filter((one) => one.error);
const found = [...done.values()].filter((one) => one.found).map((one) => one.found);
const total = (name) => found.reduce((a, b) => a + b[name], 0);
console.log(`${total('fallback')} edges judged by the asset's own rendition, ${total('grazed')} of these where that is above 0.98; ` +
  `the worst ${Math.max(0, ...found.map((one) => one.worse))} worse, ${total('snapped')} rungs snapped to key frames`);
console.log(`${found.length} ranges, ${total('pictures')} pictures at ${total('rungs')} rungs in CMAF, TS and DASH; ` +
  `${total('whole')} whole segments, ${total('edges')} edges`);
const streams = [...done.values()].filter((one) => one.parts);
console.log(`${streams.length} streams of ${CLIPS} clips over ${UNLIKE} sources, ${streams.reduce((n, one) => n + one.parts, 0)} parts`);
console.log(`${found.length + streams.length} passed, ${failed.length} failed`);
process.exitCode = failed.length > 0 ? 1 : 0;
