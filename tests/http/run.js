// run.js - runs a program and gives what it wrote; for ffmpeg and its kin.
import {execFile} from 'node:child_process';

const MOST_OUTPUT_BYTES = 256 << 20;

export function run(program, args, {timeout = 120000} = {}) {
  return new Promise((resolve, reject) => {
    execFile(program, args, {timeout, maxBuffer: MOST_OUTPUT_BYTES}, (error, stdout, stderr) => {
      if (error && error.code === undefined)
        return reject(error);
      resolve({status: error ? error.code : 0, stdout, stderr});
    });
  });
}

async function mustRun(program, args, options) {
  const {status, stdout, stderr} = await run(program, args, options);
  if (status !== 0)
    throw new Error(`${program} ${args.join(' ')}: exit ${status}\n${stderr.slice(-2000)}`);
  return {stdout, stderr};
}

// Presentation times of all pictures, in seconds, as decoded, in order.
export async function frameTimes(input, stream = 'v:0') {
  const {stdout} = await mustRun('ffprobe', ['-v', 'error', '-select_streams', stream,
    '-show_entries', 'frame=best_effort_timestamp_time', '-of', 'csv=p=0', input]);
  return stdout.split('\n').map((l) => l.split(',')[0].trim()).filter(Boolean).map(Number);
}

// One hash a decoded picture, in order of presentation.
export async function frameHashes(input, args = []) {
  const {stdout} = await mustRun('ffmpeg', ['-v', 'error', '-i', input, '-map', '0:v:0', ...args,
    '-fps_mode', 'passthrough', '-f', 'framemd5', '-']);
  return stdout.split('\n').filter((l) => l && l[0] !== '#').map((l) => l.split(',').pop().trim());
}

// Everything an input decodes to, checked: the errors that ffmpeg reports.
export async function decodeErrors(input, args = []) {
  // In the time base of the input: a variable rate is no reason to complain.
  const {stderr} = await run('ffmpeg', ['-v', 'warning', '-i', input, ...args, '-fps_mode', 'passthrough',
    '-enc_time_base', '-1', '-f', 'null', '-']);
  return stderr.split('\n').filter((l) => l.trim());
}

// Decoded sound as 16-bit mono samples at `rate`.
export function sound(input, rate = 48000, args = []) {
  return new Promise((resolve, reject) => {
    execFile('ffmpeg', ['-v', 'error', '-i', input, '-map', '0:a:0', ...args, '-ac', '1', '-ar', String(rate),
      '-f', 's16le', '-'], {encoding: 'buffer', maxBuffer: MOST_OUTPUT_BYTES}, (error, stdout) => {
      if (error)
        return reject(error);
      resolve(new Int16Array(stdout.buffer, stdout.byteOffset, stdout.length >> 1));
    });
  });
}
