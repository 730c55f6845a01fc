// ladder.js - CPU of the whole ladder against one ffmpeg command with the same
// x264 settings, and what the pictures are worth (SSIM, PSNR of each rung).
import {execFileSync} from 'node:child_process';
import {join} from 'node:path';
import {startDaemon} from '../http/daemon.js';
import {media} from '../http/media.js';
import {run} from '../http/run.js';
import {SCRATCH, cpuSeconds, measured, table} from './tools.js';

const SOURCE = media('film/bbb-1080p25-44s.mp4');
const CAPS = {1080: 4800, 720: 2700, 480: 1300, 360: 750};
const SIZES = {1080: '1920x1080', 720: '1280x720', 480: '854x480', 360: '640x360'};
const RUNGS = '1080p:4800k:60 720p:2700k:60 480p:1300k:30 360p:750k:30';

function ffmpegCommand(sides) {
  const split = sides.map((s) => `[i${s}]`).join('');
  const scales = sides.map((s) => `[i${s}]scale=${SIZES[s].replace('x', ':')}[o${s}]`).join(';');
  const args = ['-y', '-v', 'error', '-i', SOURCE, '-filter_complex', `[0:v]split=${sides.length}${split};${scales}`];
  for (const s of sides)
    args.push('-map', `[o${s}]`, '-c:v', 'libx264', '-preset', 'veryfast', '-crf', '23',
      '-maxrate', `${CAPS[s]}k`, '-bufsize', `${CAPS[s]}k`, '-force_key_frames', 'expr:gte(t,n_forced*2)',
      '-sc_threshold', '0', '-f', 'hls', '-hls_time', '4', '-hls_playlist_type', 'vod',
      '-hls_segment_type', 'fmp4', '-hls_fmp4_init_filename', `i${s}.mp4`, join(SCRATCH, `ff${s}.m3u8`));
  return args;
}

async function wholeLadder(flags) {
  const daemon = await startDaemon(['--ladder', 'background', '--rungs', RUNGS, ...flags]);
  const asset = await daemon.upload(SOURCE);
  for (;;) {
    const now_ = await daemon.json(`/v1/assets/${asset.id}?wait=10`);
    if (now_.progress >= 1)
      break;
  }
  // The workers' and the daemon's own, the upload and its probe included.
  const metrics = await (await fetch(`${daemon.base}/metrics`)).text();
  const workers = Number(/^reeld_worker_cpu_seconds_total ([\d.]+)/m.exec(metrics)[1]);
  return {daemon, asset, cpu: workers + cpuSeconds(daemon.pid)};
}

async function quality(input, size) {
  const [w, h] = size.split('x');
  const {stderr} = await run('ffmpeg', ['-i', input, '-i', SOURCE, '-filter_complex',
    `[1:v]scale=${w}:${h}:flags=lanczos,setpts=N[r];[0:v]setpts=N,split[a][b];[r]split[c][d];[a][c]ssim;[b][d]psnr`,
    '-f', 'null', '-'], {timeout: 600000});
  return {
    ssim: Number(/SSIM.*All:([\d.]+)/.exec(stderr)?.[1]),
    psnr: Number(/PSNR.*average:([\d.]+)/.exec(stderr)?.[1]),
  };
}

export default async function ladder() {
  const full = [1080, 720, 480, 360];
  const theirs = await measured('ffmpeg', ffmpegCommand(full));
  const encoded = await wholeLadder(['--copy-source', 'off']);
  const rows = [['rung', 'ffmpeg SSIM / PSNR', 'reeld SSIM / PSNR', 'ffmpeg kB', 'reeld kB']];
  for (const s of full) {
    const own = `${encoded.asset.playback.hls.replace('index.m3u8', `${s}p/index.m3u8`)}`;
    const [a, b] = [await quality(join(SCRATCH, `ff${s}.m3u8`), SIZES[s]), await quality(own, SIZES[s])];
    const kB = (i) => (Number(execFileSync('bash', ['-c',
      'ffmpeg -v error -i "$0" -map 0:v -c copy -f data - | wc -c', i]).toString()) / 1000).toFixed(0);
    rows.push([`${s}p`, `${a.ssim} / ${a.psnr}`, `${b.ssim} / ${b.psnr}`,
      kB(join(SCRATCH, `ff${s}.m3u8`)), kB(own)]);
  }
  await encoded.daemon.stop();
  const copied = await wholeLadder(['--copy-source', 'on']);
  await copied.daemon.stop();
  table([['what', 'CPU s', 'of ffmpeg'],
    ['one ffmpeg command', theirs.cpu.toFixed(1), '1.00'],
    ['reeld, all encoded', encoded.cpu.toFixed(1), (encoded.cpu / theirs.cpu).toFixed(2)],
    ['reeld, source copied', copied.cpu.toFixed(1), (copied.cpu / theirs.cpu).toFixed(2)]]);
  table(rows);
}
