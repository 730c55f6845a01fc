// cold.js - one segment that nobody made, after a seek far away.
import {startDaemon} from '../http/daemon.js';
import {media} from '../http/media.js';
import {median, now, percentile, table} from './tools.js';

const ASKED = 20;

async function timedGet(url) {
  const began = now();
  const answer = await fetch(url);
  const body = await answer.arrayBuffer();
  if (answer.status !== 200)
    throw new Error(`${url}: HTTP ${answer.status}`);
  return {ms: now() - began, bytes: body.byteLength};
}

export default async function cold() {
  const rows = [['rung', 'segments', 'p50 ms', 'p95 ms']];
  for (const rung of ['360p', '720p']) {
    const times = [];
    while (times.length < ASKED) {
      const daemon = await startDaemon(['--ladder', 'on_demand', '--read-ahead', '0']);
      const asset = await daemon.upload(media('film/bbb-1080p25-44s.mp4'));
      const base = asset.playback.hls.replace('index.m3u8', rung);
      const count = asset.renditions.find((r) => r.name === rung).segments;
      // Far from one another, never two in a row: 0, 5, 10, 3, 8 ...
      for (let i = 0; i < count && times.length < ASKED; i++)
        times.push((await timedGet(`${base}/${(i * 5) % count}.m4s`)).ms);
      await daemon.stop();
    }
    rows.push([rung, times.length, median(times).toFixed(0), percentile(times, 0.95).toFixed(0)]);
  }
  table(rows);
}
