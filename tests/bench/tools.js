// tools.js - what the benchmarks share: medians, processes, long files.
import {execFileSync, spawn} from 'node:child_process';
import {existsSync, mkdirSync, readFileSync, readdirSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {media} from '../http/media.js';

export const SCRATCH = process.env.REELD_BENCH_DIR || '/tmp/reeld-bench';
mkdirSync(SCRATCH, {recursive: true});

export function percentile(values, p) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))];
}
export const median = (values) => percentile(values, 0.5);

export const now = () => Number(process.hrtime.bigint() / 1000n) / 1000; // ms

// CPU seconds (user and system, with the children it has waited for).
export function cpuSeconds(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const f = text.slice(text.lastIndexOf(')') + 2).split(' ').map(Number);
  const ticks = Number(execFileSync('getconf', ['CLK_TCK']).toString());
  return (f[11] + f[12] + f[13] + f[14]) / ticks;
}

// CPU microseconds of a process's threads that live, finer than a clock tick.
export function threadMicros(pid) {
  const nanos = (thread) => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
  return readdirSync(`/proc/${pid}/task`).map(nanos).reduce((a, b) => a + b, 0) / 1000;
}

export function childrenOf(pid) {
  return readdirSync('/proc').filter((d) => /^\d+$/.test(d)).filter((d) => {
    try {
      const text = readFileSync(`/proc/${d}/stat`, 'utf8');
      return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]) === pid;
    } catch {
      return false; // it ended while we looked
    }
  }).map(Number);
}

export function residentMiB(pid) {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(text)[1]) / 1024;
}

// Runs a command under /usr/bin/time-like accounting: CPU seconds of it alone.
export function measured(program, args) {
  return new Promise((resolve, reject) => {
    const shell = spawn('bash', ['-c', 'TIMEFORMAT="%U %S %R"; time "$@" >/dev/null 2>/dev/null', 'bash', program, ...args]);
    let text = '';
    shell.stderr.on('data', (d) => { text += d; });
    shell.on('error', reject);
    shell.on('close', (status) => {
      const [user, system, real] = text.trim().split('\n').pop().split(' ').map(Number);
      resolve({status, cpu: user + system, real});
    });
  });
}

// A compatible H.264/AAC MP4 of that length, looped by stream copy: 720p film.
export function looped(seconds) {
  const to = join(SCRATCH, `loop-${seconds}s.mp4`);
  if (!existsSync(to))
    execFileSync('ffmpeg', ['-v', 'error', '-y', '-stream_loop', '-1', '-t', String(seconds),
      '-i', loopSource(), '-c', 'copy', '-movflags', '+faststart', to]);
  return to;
}

// A source made for looping: closed 2 s GOPs, stereo AAC, 720p25.
function loopSource() {
  const to = join(SCRATCH, 'loop-source.mp4');
  if (!existsSync(to))
    execFileSync('ffmpeg', ['-v', 'error', '-y', '-i', media('film/bbb-1080p25-44s.mp4'), '-t', '40',
      '-vf', 'scale=1280:720', '-c:v', 'libx264', '-preset', 'veryfast', '-b:v', '1500k', '-g', '50',
      '-sc_threshold', '0', '-c:a', 'aac', '-ac', '2', '-b:a', '128k', to]);
  return to;
}

export function bytesUnder(directory) {
  let sum = 0;
  for (const entry of readdirSync(directory, {withFileTypes: true})) {
    const path = join(directory, entry.name);
    sum += entry.isDirectory() ? bytesUnder(path) : statSync(path).size;
  }
  return sum;
}

export function table(rows) {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((r) => String(r[i]).length)));
  for (const row of rows)
    console.log(`| ${row.map((cell, i) => String(cell).padEnd(widths[i])).join(' | ')} |`);
}
