// SPDX-License-Identifier: MIT
// soak.js - a day of mixed work in little: uploads, clips, seeks, deletes and
// evictions at once, while memory, descriptors and queues stay flat (REL-20);
// then players by the thousand on one new asset, and connections by ten
// thousand.
//
//   node tests/soak/soak.js SECONDS
//
// Prints what was measured, fails where it rises.
import assert from 'node:assert/strict';
import {readFileSync, statSync} from 'node:fs';
import {connect} from 'node:net';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';

import {command, startDaemon} from '../http/daemon.js';
import {film} from '../http/films.js';

const MiB = 1 << 20;
const PLAYERS = 1000;
// Ten thousand, or what this machine lets a process have.
const FILES = Number(readFileSync('/proc/self/limits', 'utf8').match(/^Max open files +\d+ +(\d+)/m)?.[1] || Infinity);
const CONNECTIONS = Math.min(10000, Math.floor((FILES - 4000) / 1000) * 1000);
const WARM = 1 / 3; // of the time: what is grown into until then is no leak
const KEPT = 6;     // assets at once
const seconds = Number(process.argv[2] || 60);

const reeld = await startDaemon(['--ladder', 'background', '--cache-budget', '1MiB', '--requests-per-key', '0',
  '--connections', String(CONNECTIONS + 2000), '--connections-per-address', '0', '--parked-max', '4000',
  '--idle-timeout', '10m', '--header-timeout', '10m', '--segment-wait', '60s']);

async function metrics() {
  const text = await (await fetch(`${reeld.base}/metrics`)).text();
  return Object.fromEntries([...text.matchAll(/^(reeld_\S+) (\S+)$/gm)].map(([, name, value]) => [name, Number(value)]));
}

// ---- mixed work --------------------------------------------------------------

const films = ['plain.mp4', 'mpeg4.mkv', 'tall.mkv', 'silent.mp4'];
const assets = [];
const done = {uploads: 0, deletes: 0, segments: 0, clips: 0, misses: 0};
let isOver = false;

const pick = (list) => list[Math.floor(Math.random() * list.length)];
const root = (asset) => asset.playback.hls.replace('/index.m3u8', '');

// Deletes come between, so that 404 is an answer, too.
async function get(url) {
  const answer = await fetch(url);
  const body = await answer.arrayBuffer();
  assert.ok([200, 403, 404, 503].includes(answer.status), `${answer.status} ${url}`);
  done.misses += answer.status !== 200;
  return answer.status === 200 ? Buffer.from(body) : null;
}

async function upload() {
  while (!isOver) {
    assets.push(await reeld.upload(film(pick(films)), {name: `soak ${done.uploads++}`}));
    while (assets.length > KEPT) {
      const {status} = await reeld.call('DELETE', `/v1/assets/${assets.shift().id}`);
      assert.equal(status, 204);
      done.deletes++;
    }
    await sleep(500);
  }
}

async function seek() {
  while (!isOver) {
    const asset = pick(assets);
    if (!asset) {
      await sleep(50);
      continue;
    }
    const r = pick(asset.renditions);
    await get(`${root(asset)}/index.m3u8`);
    if (await get(`${root(asset)}/${r.name}/${Math.floor(Math.random() * r.segments)}.m4s`))
      done.segments++;
  }
}

async function cut() {
  while (!isOver) {
    const asset = pick(assets);
    if (!asset) {
      await sleep(50);
      continue;
    }
    const from = Math.random() * 2;
    const master = `${root(asset)}/index.m3u8?t=${from.toFixed(3)},${(from + 1.5).toFixed(3)}`;
    const text = await get(master);
    const list = text?.toString().split('\n').find((l) => l && l[0] !== '#');
    const media = list && await get(new URL(list, master));
    const first = media?.toString().split('\n').find((l) => l && l[0] !== '#');
    if (first && await get(new URL(first, new URL(list, master))))
      done.clips++;
  }
}

async function sample() {
  const m = await metrics();
  const size = (name) => { try { return statSync(join(reeld.dataDir, name)).size; } catch { return 0; } };
  return {
    memory: m.reeld_process_resident_memory_bytes, descriptors: m.reeld_process_open_fds,
    parked: m.reeld_http_parked, now: m['reeld_pieces_waiting{urgency="now"}'],
    made: m.reeld_made_bytes, wal: size('catalog.db-wal'), evicted: m.reeld_pieces_evicted_total,
    failed: m.reeld_pieces_failed_total, deaths: m.reeld_worker_deaths_total, wrong: m['reeld_http_answers_total{status="5xx"}'],
  };
}

const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];

async function mixed() {
  const work = [upload(), seek(), seek(), seek(), cut(), cut()];
  const samples = [];
  const end = Date.now() + seconds * 1000;
  while (Date.now() < end) {
    await Promise.race([sleep(Math.min(2000, seconds * 20)), Promise.all(work)]);
    samples.push(await sample());
  }
  isOver = true;
  await Promise.all(work);
  const warm = samples.slice(Math.floor(samples.length * WARM));
  const half = warm.length >> 1;
  const rise = (name) => [median(warm.slice(0, half).map((s) => s[name])), median(warm.slice(half).map((s) => s[name]))];
  const last = samples.at(-1);
  console.log(`mixed, ${seconds} s: ${JSON.stringify(done)}, evicted ${last.evicted} pieces`);
  for (const [name, room] of [['memory', 16 * MiB], ['descriptors', 64], ['parked', 64], ['now', 64], ['wal', 16 * MiB], ['made', MiB]]) {
    const [before, after] = rise(name);
    console.log(`  ${name}: ${before} -> ${after}`);
    assert.ok(after <= before * 1.1 + room, `${name} rises: ${before} -> ${after}`);
  }
  for (const name of ['failed', 'deaths', 'wrong'])
    assert.equal(last[name], 0, name);
  assert.ok(done.uploads > 3 && done.segments > 20 && done.clips > 3, 'there was work');
}

// ---- one new asset -----------------------------------------------------------

async function follow(asset, rendition) {
  await fetch(asset.playback.hls).then((a) => a.arrayBuffer());
  for (const name of ['init.mp4', ...Array.from({length: rendition.segments}, (_, i) => `${i}.m4s`)]) {
    const answer = await fetch(`${root(asset)}/${rendition.name}/${name}`);
    await answer.arrayBuffer();
    assert.equal(answer.status, 200, name);
  }
}

async function premiere() {
  for (const asset of assets.splice(0))
    await reeld.call('DELETE', `/v1/assets/${asset.id}`);
  const before = await metrics();
  const asset = await reeld.upload(film('mpeg4.mkv'), {name: 'premiere'});
  const begun = Date.now();
  const rendition = asset.renditions.find((r) => r.mode === 'encode' && r.width);
  await Promise.all(Array.from({length: PLAYERS}, () => follow(asset, rendition)));
  const ms = Date.now() - begun;
  // The ladder makes the rest meanwhile; nothing may be made twice.
  const pieces = asset.renditions.reduce((sum, r) => sum + 1 + (r.mode === 'encode' ? r.segments : 0), 0);
  const made = (await metrics()).reeld_pieces_made_total - before.reeld_pieces_made_total;
  console.log(`premiere: ${PLAYERS} players, ${rendition.segments} segments of ${rendition.name} each, ${ms} ms, ${made} pieces made of ${pieces}`);
  assert.ok(made <= pieces, 'a piece was made twice');
}

// ---- connections -------------------------------------------------------------

async function crowd() {
  const sockets = [];
  const open = () => new Promise((resolve, reject) => {
    const socket = connect(reeld.port, '127.0.0.1', () => resolve(socket));
    socket.on('error', reject);
  });
  for (let i = 0; i < CONNECTIONS; i += 500)
    sockets.push(...await Promise.all(Array.from({length: 500}, open)));
  await sleep(500);
  const m = await metrics();
  assert.ok(m.reeld_http_connections >= CONNECTIONS, `${m.reeld_http_connections} connections`);
  const times = [];
  for (let i = 0; i < 200; i++) {
    const begun = performance.now();
    assert.equal((await fetch(`${reeld.base}/healthz`)).status, 200);
    times.push(performance.now() - begun);
  }
  times.sort((a, b) => a - b);
  console.log(`crowd: ${m.reeld_http_connections} connections, ${(m.reeld_process_resident_memory_bytes / MiB).toFixed(0)} MiB, ` +
    `good client p50 ${times[100].toFixed(1)} ms, p99 ${times[197].toFixed(1)} ms`);
  for (const socket of sockets)
    socket.destroy();
}

await mixed();
await premiere();
await crowd();
const {code, stdout} = await command(reeld.dataDir, 'fsck', '--scrub');
assert.equal(code, 0, stdout);
assert.match(stdout, /^pieces: \d+ looked at, 0 missing/m);
assert.deepEqual(await reeld.stop(), {code: 0, signal: null});
console.log('1 passed, 0 failed');
