// SPDX-License-Identifier: MIT
// campaign.js KILLS [SEED] - a daemon that is killed again and again while
// uploads, clips, playback and deletes go on; after each kill, what it said
// before must be true (REL-01, REL-02, REL-08, REL-09, REL-17).
//
//   start --> load ----SIGKILL---> start --> look --> load ----SIGKILL---> ...
//                at a random time, or at the Nth call of a named step
import assert from 'node:assert/strict';
import {createHash, randomBytes} from 'node:crypto';
import {existsSync, readFileSync} from 'node:fs';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {childrenOf, command, startDaemon} from '../http/daemon.js';
import {film} from '../http/films.js';
import {run} from '../http/run.js';

const KILLS = Number(process.argv[2] ?? 50);
const seed = Number(process.argv[3] ?? 1);
const ASSETS = 8; // about so many are kept
const TOOLS_EVERY = 10; // kills
const LIFE_MS = 700; // at most, of a daemon that is not killed by a step
const STEP_MS = 2500; // a step that does not come is no reason to wait longer
const FLAGS = ['--playback', 'open', '--cache-budget', '6MiB', '--keep-free', '0', '--segment-wait', '20s', '--requests-per-key', '0'];

// What the daemon does when it is killed: the calls of each step, and up to
// which one of a thread they are interesting. A quarter of all kills is at a
// random time.
const STEPS = {
  'upload: bytes come': ['write', 20],
  'commit: bytes are synced': ['fsync', 8],
  'commit: bytes get their name': ['renameat2', 4],
  'fact: the log is written': ['pwrite64', 60],
  'fact: the log is synced': ['fdatasync', 8],
  'probe, encode: a worker is asked': ['sendmsg', 8],
  'probe, encode: a worker answers': ['recvmsg', 20],
  'encode: room for a piece': ['memfd_create', 12],
  'delete, evict: a name goes': ['unlinkat', 4],
};

// The same numbers in every run of a seed (mulberry32).
let state = seed;
function number(most) {
  state = (state + 0x6D2B79F5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) % most;
}
const pick = (list) => list[number(list.length)];
const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

// ---- what was said ---------------------------------------------------------

const kept = new Map(); // acknowledged assets: id -> SHA-256
const leaving = new Set(); // delete was sent
const gone = new Set(); // delete was acknowledged
const sent = new Map(); // uploads without an answer: name -> SHA-256, null: never whole
const streams = new Map(); // acknowledged: id -> clips
const counts = {kills: 0, steps: {}, uploads: 0, parts: 0, deletes: 0, pieces: 0, streams: 0, looks: 0};

// ---- load ------------------------------------------------------------------

const films = ['plain.mp4', 'silent.mp4', 'blips.mp4'].map((name) => readFileSync(film(name)));

// A film of its own: a box that nobody reads makes its bytes differ.
function newFilm() {
  const box = Buffer.alloc(40);
  box.writeUInt32BE(40);
  box.write('free', 4);
  randomBytes(32).copy(box, 8);
  return Buffer.concat([pick(films), box]);
}

let names = 0;
async function upload(daemon) {
  const body = newFilm();
  const name = `film-${++names}`;
  sent.set(name, sha256(body));
  const answer = await daemon.call('POST', `/v1/assets?name=${name}`, {body, headers: {'content-type': 'application/octet-stream'}});
  const asset = await answer.json();
  assert.ok([201, 202].includes(answer.status), `upload: ${answer.status} ${JSON.stringify(asset)}`);
  assert.equal(asset.sha256, sent.get(name));
  sent.delete(name);
  kept.set(asset.id, asset.sha256);
  counts.uploads++;
}

// The client goes away in the middle, or the daemon does.
async function uploadPart(daemon) {
  const body = newFilm();
  const name = `part-${++names}`;
  sent.set(name, null);
  const half = new ReadableStream({
    async start(controller) {
      controller.enqueue(body.subarray(0, body.length / 2));
      await sleep(200 + number(300));
      controller.error(new Error('cut'));
    },
  });
  await daemon.call('POST', `/v1/assets?name=${name}`, {body: half, headers: {'content-type': 'application/octet-stream'}})
    .then(() => assert.fail('half an upload was answered'), () => { counts.parts++; });
}

const playlistLines = (text) => text.split('\n').filter((line) => line && line[0] !== '#');
const initOf = (text) => text.match(/#EXT-X-MAP:URI="([^"]+)"/)?.[1];

async function bytesOf(url) {
  const answer = await fetch(url);
  const bytes = Buffer.from(await answer.arrayBuffer());
  if (answer.status !== 200)
    throw Object.assign(new Error(`${url}: ${answer.status} ${bytes.subarray(0, 300)}`), {status: answer.status});
  return bytes;
}

// Some init and segment that the manifest names.
async function playSome(url) {
  const master = (await bytesOf(url)).toString();
  const list = new URL(pick(playlistLines(master)), url).href;
  const text = (await bytesOf(list)).toString();
  const init = await bytesOf(new URL(initOf(text), list).href);
  const piece = await bytesOf(new URL(pick(playlistLines(text)), list).href);
  counts.pieces++;
  return Buffer.concat([init, piece]);
}

const living = () => [...kept.keys()].filter((id) => !leaving.has(id));
const hls = (daemon, id, more = '') => `${daemon.base}/p/open/${id}/index.m3u8${more}`;

// What is deleted while it plays is not there any more.
async function play(daemon) {
  const id = pick(living());
  if (!id)
    return;
  const from = number(20) / 10;
  const more = number(3) ? '' : `?t=${from},${from + 0.7}`;
  await playSome(hls(daemon, id, more)).catch((error) => {
    if (living().includes(id))
      throw error;
  });
}

async function stream(daemon) {
  const ids = living();
  if (ids.length < 2)
    return;
  const clips = [{asset: pick(ids), start: 0.5, end: 1.5}, {gap: 0.5 + number(30) / 10}, {asset: pick(ids), start: 1}];
  const answer = await daemon.call('POST', '/v1/streams', {json: {clips}});
  if (answer.status !== 201)
    return; // an asset was deleted meanwhile
  const {id} = await answer.json();
  streams.set(id, clips);
  counts.streams++;
}

async function reframe(daemon) {
  const id = pick(living());
  if (!id)
    return;
  const answer = await daemon.call('POST', `/v1/assets/${id}/reframe`, {json: {target: 'square', start: number(10) / 10}});
  const asset = await answer.json();
  if (answer.status === 201)
    kept.set(asset.id, asset.sha256);
}

async function remove(daemon) {
  const ids = living();
  if (ids.length <= ASSETS)
    return;
  const id = pick(ids);
  leaving.add(id);
  const answer = await daemon.call('DELETE', `/v1/assets/${id}`);
  assert.equal(answer.status, 204);
  forget(id);
  counts.deletes++;
}

function forget(id) {
  kept.delete(id);
  leaving.delete(id);
  gone.add(id);
}

// Does one thing after the other until the daemon is gone. `life.failed` is
// what it did wrong before that.
async function act(daemon, life, deeds) {
  while (!life.isOver) {
    try {
      await pick(deeds)(daemon);
    } catch (error) {
      const isCut = error.cause?.code || /terminated|aborted|socket|other side|fetch failed/.test(String(error.cause ?? error));
      if (!isCut && !life.isOver)
        life.failed ??= error;
    }
    await sleep(2); // what had nothing to do must not spin
  }
}

// ---- kills -----------------------------------------------------------------

function nextStep() {
  if (number(4) === 0)
    return {name: 'at a random time', under: []};
  const name = pick(Object.keys(STEPS));
  const [call, most] = STEPS[name];
  const nth = 1 + number(most);
  // Its workers, which strace leaves alone, die with it.
  return {name, under: ['strace', '-f', '-b', 'execve', '--seccomp-bpf', '-qq', '-o', '/dev/null', '-e', `trace=${call}`,
    '-e', `inject=${call}:signal=SIGKILL:when=${nth}`]};
}

// Killed before it listens is killed as well.
async function begin(step, directory) {
  try {
    return await startDaemon(FLAGS, {directory, keeps: true, under: step.under});
  } catch (error) {
    if (!step.under.length)
      throw error;
    return null;
  }
}

async function loadAndKill(directory) {
  const step = nextStep();
  const daemon = await begin(step, directory);
  if (daemon) {
    const life = {isOver: false};
    const deeds = [upload, play, play, stream, remove, reframe, uploadPart];
    const actors = [[upload], [play], [remove], deeds, deeds].map((list) => act(daemon, life, list));
    const workers = setInterval(() => { life.workers = childrenOf(daemon.pid); }, 20);
    const patience = step.under.length ? STEP_MS : 50 + number(LIFE_MS);
    const ended = await Promise.race([daemon.ended, sleep(patience)]);
    if (!ended)
      await daemon.kill();
    clearInterval(workers);
    life.isOver = true;
    await Promise.all(actors);
    if (life.failed)
      throw life.failed;
    await assertGone(life.workers ?? []);
  }
  counts.kills++;
  counts.steps[step.name] = (counts.steps[step.name] ?? 0) + 1;
}

// A worker dies with its daemon (REL-09). A zombie is dead.
async function assertGone(pids) {
  const lives = (pid) => existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')) &&
    /reel-worker/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
  const isAlive = (pid) => { try { return lives(pid); } catch { return false; } };
  for (let i = 0; i < 100 && pids.some(isAlive); i++)
    await sleep(20);
  assert.deepEqual(pids.filter(isAlive), [], 'workers outlive their daemon by 2 s');
}

// ---- looking ---------------------------------------------------------------

async function listed(daemon) {
  const found = new Map();
  for (let cursor = ''; cursor !== null;) {
    const page = await daemon.json(`/v1/assets?limit=200${cursor && `&cursor=${cursor}`}`);
    page.items.forEach((asset) => found.set(asset.id, asset));
    cursor = page.next;
  }
  return found;
}

async function whenReady(daemon, id) {
  let asset = await daemon.json(`/v1/assets/${id}`);
  for (let i = 0; asset.state === 'uploaded' && i < 20; i++)
    asset = await daemon.json(`/v1/assets/${id}?wait=5`);
  return asset;
}

async function lookAtAsset(daemon, id, digest) {
  const asset = await whenReady(daemon, id);
  assert.equal(asset.state, 'ready', `${id}: ${JSON.stringify(asset.error)}`);
  assert.equal(asset.sha256, digest);
}

// Nothing but what was acknowledged, or whole without an answer.
function settle(found) {
  for (const id of leaving)
    found.has(id) ? leaving.delete(id) : forget(id);
  for (const id of gone)
    assert.ok(!found.has(id), `${id} came back`);
  for (const id of kept.keys())
    assert.ok(found.has(id), `${id} is lost`);
  for (const [id, asset] of found) {
    if (kept.has(id))
      continue;
    if (asset.reframe) // its answer was lost
      assert.ok([...kept.values(), ...sent.values()].includes(asset.sha256) || gone.has(asset.reframe.asset));
    else
      assert.equal(asset.sha256, sent.get(asset.name), `${asset.name} was never whole`);
    kept.set(id, asset.sha256);
  }
  sent.clear();
}

async function look(directory) {
  const daemon = await startDaemon(FLAGS, {directory, keeps: true});
  try {
    settle(await listed(daemon));
    for (const [id, digest] of kept)
      await lookAtAsset(daemon, id, digest);
    const one = pick([...kept.keys()]);
    if (one) {
      const answer = await daemon.call('GET', `/v1/assets/${one}/source`);
      assert.equal(sha256(Buffer.from(await answer.arrayBuffer())), kept.get(one));
      await lookAtPicture(directory, await playSome(hls(daemon, one)));
    }
    const some = pick([...streams.keys()]);
    if (some)
      await lookAtStream(daemon, some);
    counts.looks++;
  } finally {
    await daemon.kill();
  }
}

async function lookAtPicture(directory, bytes) {
  const file = join(directory, 'looked-at.mp4');
  await writeFile(file, bytes);
  const {stderr} = await run('ffmpeg', ['-v', 'error', '-i', file, '-f', 'null', '-']);
  await rm(file);
  assert.equal(stderr, '');
}

async function lookAtStream(daemon, id) {
  const isWhole = streams.get(id).every((clip) => !clip.asset || kept.has(clip.asset));
  const answer = await fetch(hls(daemon, id));
  await answer.text();
  assert.equal(answer.status, isWhole ? 200 : 410, `stream ${id}`);
  if (isWhole)
    await playSome(hls(daemon, id));
  else
    streams.delete(id);
}

// No fact without its bytes, and no more litter than gc takes.
async function lookWithTools(directory) {
  const check = await command(directory, 'fsck', '--scrub');
  assert.equal(check.code, 0, check.stdout);
  assert.match(check.stdout, /database: in order/);
  assert.match(check.stdout, /pieces: \d+ looked at(?: and read)?, 0 missing .*, 0 damaged/, check.stdout);
  const made = await command(directory, 'gc');
  assert.equal(made.code, 0, made.stderr);
}

// All that is there is made in the end: a hundred kills fail no job (REL-08).
async function lookAtLast(directory) {
  const daemon = await startDaemon(['--playback', 'open', '--keep-free', '0'], {directory, keeps: true});
  try {
    for (const id of kept.keys()) {
      let asset = await daemon.json(`/v1/assets/${id}`);
      for (let i = 0; asset.progress < 1 && i < 60; i++)
        asset = await daemon.json(`/v1/assets/${id}?wait=5`);
      assert.equal(asset.progress, 1, `${id} is never whole`);
      const url = hls(daemon, id);
      for (const uri of playlistLines((await bytesOf(url)).toString())) {
        const list = new URL(uri, url).href;
        const text = (await bytesOf(list)).toString();
        for (const piece of [initOf(text), ...playlistLines(text)])
          await bytesOf(new URL(piece, list).href);
      }
    }
  } finally {
    await daemon.stop();
  }
}

// ---- all of it -------------------------------------------------------------

const directory = await mkdtemp(join(process.env.CRASH_DIR || tmpdir(), 'reeld-campaign-'));
const begun = Date.now();
try {
  while (counts.kills < KILLS) {
    await loadAndKill(directory);
    await look(directory);
    counts.kills++;
    if (Math.floor(counts.kills / TOOLS_EVERY) > Math.floor((counts.kills - 2) / TOOLS_EVERY))
      await lookWithTools(directory);
  }
  await lookAtLast(directory);
  await lookWithTools(directory);
  await rm(directory, {recursive: true});
  console.log(`${((Date.now() - begun) / 1000).toFixed(0)} s, seed ${seed}: ${JSON.stringify(counts, null, 1)}`);
} catch (error) {
  console.error(`seed ${seed}, after ${counts.kills} kills, ${directory}:`, error);
  process.exitCode = 1;
}
