// clips.js - clips and streams: what it costs to make a stream in a catalog of
// a million pieces, to answer the manifests of both, to show a clip's first
// picture, and to play a clip that nobody played against cutting it by ffmpeg.
import {execFileSync} from 'node:child_process';
import {rm} from 'node:fs/promises';
import {Agent, request} from 'node:http';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {startDaemon} from '../http/daemon.js';
import {film} from '../http/films.js';
import {media} from '../http/media.js';
import {openBrowser} from '../player/browser.js';
import {growTo, sqlite} from './open.js';
import {startNginx, wrk, wrkFresh} from './serve.js';
import {SCRATCH, cpuSeconds, measured, median, now, table, threadMicros} from './tools.js';

const ASSETS = 1000;
const PIECES_AN_ASSET = 1000;
const POSTS = {1: 200, 100: 30, 1000: 10}; // clips: how often
const FRESH = 400;
const ROUNDS = 5;
const FLAGS = ['--http-threads', '1', '--requests-per-key', '0', '--ladder', 'on_demand', '--connections-per-address', '0'];
const FILM = media('film/bbb-1080p25-44s.mp4');
const FILM_RATE = 25;
const TIMESCALE = 90000;
const RUNG = '720p:2700k:60';
const CUT = {start: 7.3, seconds: 20};

// One connection: what is measured is the answer, not the handshake.
const agent = new Agent({keepAlive: true, maxSockets: 1});

function ask(daemon, method, url, json) {
  const body = json === undefined ? undefined : JSON.stringify(json);
  return new Promise((resolve, reject) => {
    const asked = request(url, {agent, method, headers: {'authorization': `Bearer ${daemon.key}`,
      ...(body === undefined ? {} : {'content-type': 'application/json', 'content-length': Buffer.byteLength(body)})}}, (answer) => {
      const parts = [];
      answer.on('data', (part) => parts.push(part));
      answer.on('end', () => {
        const bytes = Buffer.concat(parts);
        if (answer.statusCode >= 300)
          reject(new Error(`${method} ${url}: HTTP ${answer.statusCode} ${bytes}`));
        else
          resolve(bytes);
      });
      answer.on('error', reject);
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

// Each of the calls in turn: the server's CPU a call, and the median wait.
async function costOf(daemon, calls) {
  const walls = [];
  const before = threadMicros(daemon.pid);
  for (const call of calls) {
    const began = now();
    await call();
    walls.push(now() - began);
  }
  return {us: (threadMicros(daemon.pid) - before) / calls.length, wallMs: median(walls)};
}

// Until what a daemon does at its start is done.
async function settled(daemon) {
  for (let before = threadMicros(daemon.pid), i = 0; i < 100; i++) {
    await sleep(200);
    const after = threadMicros(daemon.pid);
    if (after - before < 1000)
      return;
    before = after;
  }
  throw new Error('the daemon is never idle');
}

// A thousand ready assets with a thousand pieces each, of which there are no
// bytes: what is asked here reads the catalog alone.
async function largeCatalog() {
  const daemon = await startDaemon(FLAGS, {keeps: true});
  await daemon.upload(film('plain.mp4'));
  await daemon.stop();
  const path = join(daemon.dataDir, 'catalog.db');
  growTo(path, ASSETS);
  sqlite(path, `BEGIN;
    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${PIECES_AN_ASSET})
    INSERT INTO piece (blob_key, source_row, recipe_row, kind, number, duration_us, size_bytes, rate_bps, used_us)
      SELECT randomblob(32), a.source_row, (SELECT min(recipe_row) FROM rendition r WHERE r.asset_row = a.asset_row),
        1, 100000 + n.i, 4000000, 1000, 2000, unixepoch() * 1000000 FROM asset a, n;
    COMMIT;`);
  return {daemon, path};
}

async function posts(daemon, ids, rows) {
  const streams = {};
  let turn = 0; // streams are their clips: each one has to be another
  for (const [count, times] of Object.entries(POSTS)) {
    const calls = Array.from({length: times}, () => async () => {
      turn++;
      const clips = Array.from({length: Number(count)}, (_, i) => ({
        asset: ids[(i + turn) % ids.length], start: 0.001 * turn, end: 2 + 0.001 * turn}));
      streams[count] = JSON.parse(await ask(daemon, 'POST', `${daemon.base}/v1/streams`, {clips}));
    });
    const {us, wallMs} = await costOf(daemon, calls);
    rows.push([`POST /v1/streams, ${count} clips`, (us / 1000).toFixed(2), wallMs.toFixed(2)]);
  }
  return streams;
}

async function manifestsOf(daemon, streams, rows) {
  for (const [count, stream] of Object.entries(streams)) {
    const master = stream.playback.hls;
    for (const [what, url] of [['multivariant', master], ['media', await firstListed(daemon, master)]]) {
      await ask(daemon, 'GET', url);
      const {us, wallMs} = await costOf(daemon, Array(Number(count) > 100 ? 20 : 100).fill(() => ask(daemon, 'GET', url)));
      rows.push([`${what} playlist again, stream of ${count}`, (us / 1000).toFixed(3), wallMs.toFixed(2)]);
    }
  }
}

async function streamsOfMany() {
  const {daemon: first, path} = await largeCatalog();
  const daemon = await first.restart();
  try {
    await settled(daemon);
    const ids = sqlite(path, 'SELECT id FROM asset;').split('\n');
    const rows = [['at a million pieces', 'server CPU, ms', 'wall p50, ms']];
    await manifestsOf(daemon, await posts(daemon, ids, rows), rows);
    const left = Number(sqlite(path, 'SELECT count(*) FROM piece;'));
    if (left < ASSETS * PIECES_AN_ASSET)
      throw new Error(`the catalog has lost pieces: ${left} are left`);
    table(rows);
  } finally {
    await daemon.stop();
    await rm(daemon.dataDir, {recursive: true});
  }
}

// ---- the manifests of clips ------------------------------------------------

const clip = (asset, start, seconds) => `${asset.playback.hls}?t=${start.toFixed(3)},${(start + seconds).toFixed(3)}`;

// The same place of a daemon that listens elsewhere now.
const at = (daemon, url) => daemon.base + url.slice(new URL(url).origin.length);

const firstListed = async (daemon, url) => new URL((await ask(daemon, 'GET', url)).toString().match(/^[^#\n].*$/m)[0], url).href;

// Nothing in memory, and no work that anybody waits for.
async function anew(daemon) {
  await daemon.stop();
  const again = await daemon.restart();
  await settled(again);
  return again;
}

// Asks for the multivariant playlists last, and of a daemon that has not been
// asked yet: each one has the first pieces of its clip made.
async function clipManifests() {
  let daemon = await startDaemon(FLAGS, {keeps: true});
  const asset = await daemon.upload(FILM);
  const rows = [['a clip of 20 s', 'server CPU, us', 'wall p50, ms']];
  const masters = () => Array.from({length: FRESH}, (_, i) => at(daemon, clip(asset, 1 + i * 0.05, 20)));
  const medias = [];
  for (const url of masters())
    medias.push(await firstListed(daemon, url));
  daemon = await anew(daemon);
  const lists = await costOf(daemon, medias.map((url) => () => ask(daemon, 'GET', at(daemon, url))));
  rows.push(['media playlist, never asked for', lists.us.toFixed(0), lists.wallMs.toFixed(2)]);
  const fresh = await costOf(daemon, masters().map((url) => () => ask(daemon, 'GET', url)));
  rows.push(['multivariant, never asked for', fresh.us.toFixed(0), fresh.wallMs.toFixed(2)]);
  daemon = await anew(daemon);
  const idle = await costOf(daemon, Array(FRESH).fill(() => ask(daemon, 'GET', `${daemon.base}/healthz`)));
  rows.push(['(a health check, for scale)', idle.us.toFixed(0), idle.wallMs.toFixed(2)]);
  table(rows);
  execFileSync('taskset', ['-a', '-p', '-c', '0', String(daemon.pid)]);
  freshUnderLoad(daemon, at(daemon, clip(asset, 0.5, 20)), at(daemon, medias[0]));
  await againstNginx({'multivariant': at(daemon, clip(asset, 0.5, 20)), 'media playlist': at(daemon, medias[0])});
  await daemon.stop();
  await rm(daemon.dataDir, {recursive: true});
}

// As above, but with 64 connections that always ask: what waking up for a single
// request costs is left out, as it is in the figure of nginx-vod-module. Clips
// begin and end at pictures of their own.
function freshUnderLoad(daemon, master, media) {
  const {pathname} = new URL(master);
  const [, place, rest] = /^(.*\/t\/)\d+-\d+(\/.*)$/.exec(new URL(media).pathname);
  const times = (scale) => `n % 250 * ${scale}, (500 + math.floor(n / 250)) * ${scale}`;
  const rows = [['a clip of some 20 s, never asked for, 64 connections', 'server CPU, us']];
  for (const [what, path] of Object.entries({
    'media playlist': `string.format("${place}%d-%d${rest}", ${times(TIMESCALE / FILM_RATE)})`,
    'multivariant': `string.format("${pathname}?t=%.2f,%.2f", ${times(1 / FILM_RATE)})`}))
    rows.push([what, wrkFresh(daemon.pid, daemon.base, path).toFixed(1)]);
  table(rows);
}

// The same manifest over and over, against a file of 4 KB.
async function againstNginx(urls) {
  const nginx = await startNginx({'4k': Buffer.alloc(4096, 'x')});
  const rows = [['a clip again', 'nginx 4 KB req/s', 'reeld req/s', 'ratio']];
  for (const [what, url] of Object.entries(urls)) {
    const theirs = [], ours = [];
    for (let i = 0; i < ROUNDS; i++) {
      theirs.push(wrk('/4k'));
      ours.push(wrk(url));
    }
    rows.push([what, median(theirs).toFixed(0), median(ours).toFixed(0),
      median(ours.map((n, i) => n / theirs[i])).toFixed(2)]);
  }
  nginx.kill();
  table(rows);
}

// ---- playing ---------------------------------------------------------------

async function firstPicture() {
  const daemon = await startDaemon(['--ladder', 'on_demand']);
  const asset = await daemon.upload(FILM);
  const browser = await openBrowser();
  const times = [];
  for (let i = 0; i < ROUNDS; i++) {
    const page = await browser.player('hls', clip(asset, 3.3 + 7.1 * i, 6));
    await page.evaluate(() => document.getElementById('video').play());
    await page.waitForFunction(() => window.report.firstFrameMs > 0, null, {polling: 20, timeout: 60000});
    times.push(await page.evaluate(() => window.report.firstFrameMs));
    await page.close();
  }
  await browser.close();
  await daemon.stop();
  table([['first picture of a clip in hls.js', 'ms'], ['median', median(times).toFixed(0)], ['most', Math.max(...times).toFixed(0)]]);
}

async function workerSeconds(daemon) {
  const metrics = (await ask(daemon, 'GET', `${daemon.base}/metrics`)).toString();
  return Number(/^reeld_worker_cpu_seconds_total ([\d.]+)/m.exec(metrics)[1]) + cpuSeconds(daemon.pid);
}

async function playWhole(daemon, playlist) {
  const text = (await ask(daemon, 'GET', playlist)).toString();
  for (const uri of [...text.matchAll(/^#EXT-X-MAP:URI="([^"]*)"|^([^#\n].*)$/gm)].map((m) => m[1] ?? m[2]))
    await ask(daemon, 'GET', new URL(uri, playlist).href);
}

// Pictures and sound, in order, as a player would; whether or not the rung was
// made of the whole asset before, nobody has asked for the clip.
async function playedCold(ladder) {
  const daemon = await startDaemon(['--ladder', ladder, '--read-ahead', '0', '--rungs', RUNG]);
  const asset = await daemon.upload(FILM);
  while (ladder === 'background' && (await daemon.json(`/v1/assets/${asset.id}?wait=10`)).progress < 1)
    ;
  const before = await workerSeconds(daemon);
  const url = clip(asset, CUT.start, CUT.seconds);
  const audio = (await ask(daemon, 'GET', url)).toString().match(/^#EXT-X-MEDIA:TYPE=AUDIO.*URI="([^"]*)"/m)[1];
  for (const list of [await firstListed(daemon, url), new URL(audio, url).href])
    await playWhole(daemon, list);
  const cpu = await workerSeconds(daemon) - before;
  await daemon.stop();
  return cpu;
}

async function againstRecoding() {
  const theirs = await measured('ffmpeg', ['-y', '-v', 'error', '-ss', String(CUT.start), '-i', FILM,
    '-t', String(CUT.seconds), '-vf', 'scale=1280:720', '-c:v', 'libx264', '-preset', 'veryfast', '-crf', '23',
    '-maxrate', '2700k', '-bufsize', '2700k', '-c:a', 'aac', '-b:a', '128k', join(SCRATCH, 'cut.mp4')]);
  if (theirs.status !== 0)
    throw new Error(`ffmpeg ended with ${theirs.status}`);
  const rows = [['20 s at 720p played', 'CPU s', 'of ffmpeg'], ['ffmpeg -ss -t, encoding', theirs.cpu.toFixed(2), '1.00']];
  for (const [what, ladder] of [['nothing made before', 'on_demand'], ['the asset made before', 'background']]) {
    const cpu = await playedCold(ladder);
    rows.push([what, cpu.toFixed(2), (cpu / theirs.cpu).toFixed(2)]);
  }
  table(rows);
}

export default async function clips() {
  for (const part of [streamsOfMany, clipManifests, firstPicture, againstRecoding]) {
    await part();
    console.log('');
  }
  agent.destroy();
}
