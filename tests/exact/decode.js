// SPDX-License-Identifier: MIT
// decode.js - what ffmpeg makes of bytes: hashes and times of pictures, their
// likeness to others, samples of sound. Anything that it complains about is a
// failure.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

const MOST_OUTPUT_BYTES = 512 << 20;
// What ffmpeg says of its own output, or of sources that are so on purpose.
const HARMLESS = /deprecated pixel format|Timestamps are unset|No accelerated colorspace|\[swscaler/;

let count = 0;

// Runs ffmpeg; gives {stdout, complaints}.
function ffmpeg(args) {
  return new Promise((resolve, reject) => {
    execFile('ffmpeg', ['-nostdin', '-v', 'warning', ...args], {encoding: 'buffer', maxBuffer: MOST_OUTPUT_BYTES},
      (error, stdout, stderr) => {
        const complaints = stderr.toString().split('\n').filter((l) => l.trim() && !HARMLESS.test(l));
        if (error)
          reject(new Error(`ffmpeg ${args.join(' ')}: ${complaints.slice(-5).join('\n')}`));
        else
          resolve({stdout, complaints});
      });
  });
}

// Lends the bytes as a file to `work`.
export async function asFile(bytes, directory, work) {
  const path = join(directory, `exact-${process.pid}-${count++}`);
  await writeFile(path, bytes);
  try {
    return await work(path);
  } finally {
    await rm(path, {force: true});
  }
}

// The pictures in order of presentation: [{seconds, hash}].
export async function pictures(path) {
  const {stdout, complaints} = await ffmpeg(['-copyts', '-i', path, '-map', '0:v:0', '-fps_mode', 'passthrough',
    '-enc_time_base', '-1', '-f', 'framemd5', '-']);
  assert.deepEqual(complaints, []);
  const lines = stdout.toString().split('\n');
  const [num, den] = lines.find((l) => l.startsWith('#tb 0:')).slice(6).split('/').map(Number);
  return lines.filter((l) => l && l[0] !== '#').map((l) => {
    const cells = l.split(',').map((c) => c.trim());
    return {seconds: Number(cells[2]) * num / den, hash: cells[5]};
  });
}

// "between(n,3,7)" for each run of a rising list of indexes, for select.
function selection(indexes) {
  const runs = [];
  for (const x of indexes) {
    const run = runs.at(-1);
    if (run && run[1] === x - 1)
      run[1] = x;
    else
      runs.push([x, x]);
  }
  return runs.map(([from, to]) => `between(n\\,${from}\\,${to})`).join('+');
}

// Some pictures of one stream, numbered anew: their times say nothing.
const chosen = (input, indexes, more = '') => `[${input}:v:0]trim=end_frame=${indexes.at(-1) + 1},` +
  `select='${selection(indexes)}',${more}format=yuv420p,setsar=1,settb=1/1000,setpts=N`;

// SSIM, picture by picture, of files to one `other`: `list` is of {path, shown,
// others, size}, where `shown` and `others` are as many indexes of pictures, and
// those of `other` are scaled to the size. It is decoded once for all.
export async function likeness(list, other) {
  const directory = await mkdtemp(join(tmpdir(), 'exact-'));
  try {
    const graph = list.map(({shown, others, size}, i) =>
      `${chosen(0, others, `scale=${size.width}:${size.height}:flags=lanczos+accurate_rnd,`)}[r${i}];` +
      `${chosen(i + 1, shown)}[a${i}];[a${i}][r${i}]ssim=stats_file=${join(directory, String(i))}[o${i}]`).join(';');
    await ffmpeg([...[other, ...list.map((l) => l.path)].flatMap((path) => ['-i', path]), '-filter_complex', graph,
      ...list.flatMap((_, i) => ['-map', `[o${i}]`, '-fps_mode', 'passthrough', '-f', 'null', '-'])]);
    return await Promise.all(list.map(async ({shown}, i) => {
      const lines = (await readFile(join(directory, String(i)), 'utf8')).split('\n').filter(Boolean);
      assert.equal(lines.length, shown.length, `${lines.length} of ${shown.length} pictures were compared`);
      return lines.map((l) => Number(/All:([\d.]+)/.exec(l)[1]));
    }));
  } finally {
    await rm(directory, {recursive: true});
  }
}

// Runs ffprobe on entries of one stream; gives its lines.
function probe(path, stream, entries, more = []) {
  return new Promise((resolve, reject) => {
    execFile('ffprobe', ['-v', 'error', '-select_streams', stream, '-show_entries', entries, '-of', 'csv=p=0', ...more, path],
      {maxBuffer: MOST_OUTPUT_BYTES}, (error, stdout) => {
        if (error)
          reject(error);
        else
          resolve(stdout.split('\n').map((l) => l.trim()).filter(Boolean));
      });
  });
}

export async function sizeOf(path) {
  const [width, height] = (await probe(path, 'v:0', 'stream=width,height'))[0].split(',').map(Number);
  return {width, height};
}

// Presentation time of the first packet of a stream, in seconds.
export async function firstTime(path, stream) {
  const [line] = await probe(path, stream, 'packet=pts_time', ['-read_intervals', '%+#1']);
  return Number(line.split(',')[0]);
}

// Presentation times of the pictures of a source, in order, in `num` / `den` s.
export async function sourceTimes(path) {
  const [num, den] = (await probe(path, 'v:0', 'stream=time_base'))[0].split(',')[0].split('/').map(Number);
  const lines = await probe(path, 'v:0', 'frame=best_effort_timestamp');
  return {num, den, pts: lines.map((l) => Number(l.split(',')[0])).sort((a, b) => a - b)};
}

// Sound as one channel of 16-bit samples at its own rate.
export async function samples(path) {
  const {stdout, complaints} = await ffmpeg(['-i', path, '-map', '0:a:0', '-ac', '1', '-f', 's16le', '-']);
  assert.deepEqual(complaints, []);
  return new Int16Array(stdout.buffer, stdout.byteOffset, stdout.length >> 1);
}
