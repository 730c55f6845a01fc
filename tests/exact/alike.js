// SPDX-License-Identifier: MIT
// alike.js - judges edges, each by itself: more than ALIKE like the source, or as
// like it as the asset's own rendition is in the same pictures, within WORSE.
//
// What an asset is asked to show may not be what its file has (fields, colours
// of HDR). There `own.truth` is the same asset by the same chain of filters, with
// hardly anything lost to the encoder, and takes the source's place.
import assert from 'node:assert/strict';
import {asFile, likeness} from './decode.js';
import {joined} from './walk.js';

const ALIKE = 0.98; // SSIM that an edge is above
const WORSE = 0.005; // than the rendition, where an edge is not above ALIKE

const mean = (list) => list.reduce((a, b) => a + b, 0) / list.length;

// What pictures of a rung are held against: {path, place: time to index}.
function truthOf(own, video) {
  if (!own.truth)
    return {path: own.path, places: own.places};
  const {path, times} = own.truth.get(video.name);
  return {path, places: new Map(times.map((t, i) => [t, i]))};
}

// Lends each of `parts`, {init, segments}, as a file.
async function asFiles(parts, directory, work, paths = []) {
  if (paths.length === parts.length)
    return work(paths);
  return asFile(joined(parts[paths.length]), directory, (path) => asFiles(parts, directory, work, [...paths, path]));
}

// SSIM of pictures against the truth: `asked` is of {video, init, segments,
// times}, the times being those that count. All of one asset.
async function compare(own, asked, directory) {
  return asFiles(asked, directory, async (paths) => {
    const byTruth = new Map();
    asked.forEach((one, i) => {
      const truth = truthOf(own, one.video);
      const all = one.segments.flatMap((s) => s.times);
      const job = {path: paths[i], shown: one.times.map((t) => all.indexOf(t)),
        others: one.times.map((t) => truth.places.get(t)), size: one.video.size, i};
      assert.ok(![...job.shown, ...job.others].some((x) => x === undefined || x < 0), `${one.what}: every picture has its like`);
      byTruth.set(truth.path, [...byTruth.get(truth.path) ?? [], job]);
    });
    const values = [];
    for (const [path, jobs] of byTruth)
      (await likeness(jobs, path)).forEach((list, i) => { values[jobs[i].i] = list; });
    return values;
  });
}

// The asset's own pictures that are shown at the times of an edge: a cap of the
// rate may have left others in.
async function ownPictures(edge) {
  const {video, what} = edge;
  const part = await video.around(edge.from, edge.end);
  const all = part.segments.flatMap((s) => s.times);
  return {...part, video, what, times: [...new Set(edge.times.map((t) => all.findLast((own) => own <= t) ?? all[0]))]};
}

// Asserts that edges, {video, init, times, bytes, what}, show what they should.
// Gives the least mean of an edge, how many were judged by the rendition, how
// many of these where that is above ALIKE itself, and by how much the worst is
// worse than it.
export async function alikeOf(own, edges, directory) {
  const found = {alike: 1, fallback: 0, grazed: 0, worse: 0};
  if (edges.length === 0)
    return found;
  const means = (await compare(own, edges.map((e) => ({...e, segments: [e]})), directory)).map(mean);
  found.alike = Math.min(...means);
  const doubtful = edges.filter((_, i) => !(means[i] > ALIKE));
  if (doubtful.length === 0)
    return found;
  const theirs = (await compare(own, await Promise.all(doubtful.map(ownPictures)), directory)).map(mean);
  const failures = [];
  doubtful.forEach((edge, i) => {
    const its = means[edges.indexOf(edge)];
    if (its < theirs[i] - WORSE)
      failures.push(`${edge.what} of ${edge.times.length} pictures: ${its.toFixed(4)} like the source, the rendition ${theirs[i].toFixed(4)}`);
    found.fallback++;
    found.grazed += theirs[i] > ALIKE ? 1 : 0;
    found.worse = Math.max(found.worse, theirs[i] - its);
  });
  assert.deepEqual(failures, []);
  return found;
}
