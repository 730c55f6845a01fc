// SPDX-License-Identifier: MIT
// decode.js - what ffmpeg makes of bytes: hashes and times of pictures, their
// likeness to others, samples of sound. Anything that it complains about is a
// failure.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {readFile, rm, writeFile} from 'node:fs/promises';
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

// "between(n,3,7)" or a list of indexes, for the filter select.
function selection(indexes) {
  const isRun = indexes.every((x, i) => x === indexes[0] + i);
  return isRun ? `between(n\\,${indexes[0]}\\,${indexes.at(-1)})` : indexes.map((x) => `eq(n\\,${x})`).join('+');
}

// SSIM of each picture of `path` to the pictures number `indexes` of `other`,
// these scaled to the size of the former.
export async function likeness(path, other, indexes, size, directory) {
  return asFile('', directory, async (stats) => {
    const graph = `[1:v:0]trim=end_frame=${indexes.at(-1) + 1},select='${selection(indexes)}',scale=${size.width}:${size.height}:flags=lanczos+accurate_rnd,` +
      `format=yuv420p,setsar=1,setpts=N[r];[0:v:0]format=yuv420p,setsar=1,setpts=N[a];[a][r]ssim=stats_file=${stats}`;
    await ffmpeg(['-i', path, '-i', other, '-filter_complex', graph, '-fps_mode', 'passthrough', '-f', 'null', '-']);
    const lines = (await readFile(stats, 'utf8')).split('\n').filter(Boolean);
    return lines.map((l) => Number(/All:([\d.]+)/.exec(l)[1]));
  });
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

// Presentation times of the pictures of a source in seconds, in order.
export async function sourceTimes(path) {
  const lines = await probe(path, 'v:0', 'frame=best_effort_timestamp_time');
  return lines.map((l) => Number(l.split(',')[0])).sort((a, b) => a - b);
}

// Sound as one channel of 16-bit samples at its own rate.
export async function samples(path) {
  const {stdout, complaints} = await ffmpeg(['-i', path, '-map', '0:a:0', '-ac', '1', '-f', 's16le', '-']);
  assert.deepEqual(complaints, []);
  return new Int16Array(stdout.buffer, stdout.byteOffset, stdout.length >> 1);
}
