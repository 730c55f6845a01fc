// SPDX-License-Identifier: MIT
// campaign.js KILLS [SEED] - a daemon that is killed again and again while
// uploads, pulls, clips, playback, downloads and deletes go on; after each kill,
// what it said before must be true (REL-01, REL-02, REL-08, REL-09, REL-17,
// REL-18).
//
//   start --> load ----SIGKILL---> start --> look --> load ----SIGKILL---> ...
//                at a random time, or at the Nth call of a named step
//
// Now and then it is `reeld backup` beside the daemon that is killed first, or a
// daemon that brings the database of an older release to the schema of today.
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {existsSync, readFileSync, readdirSync} from 'node:fs';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {childrenOf, ownEnvironment, startDaemon} from '../http/daemon.js';
import {film} from '../http/films.js';
import {run} from '../http/run.js';
import * as load from './load.js';
import {look, lookAtAsset, lookAtBackup, lookAtLast, lookWithTools} from './look.js';
import {counts, number, pick, seedWith, sha256, sleep} from './said.js';

const KILLS = Number(process.argv[2] ?? 50);
const seed = Number(process.argv[3] ?? 1);
const TOOLS_EVERY = 10; // kills
const SAID_EVERY = 100;
const LIFE_MS = 700; // at most, of a daemon that is not killed by a step
const STEP_MS = 2500; // a step that does not come is no reason to wait longer
const PROGRAM = process.env.REELD;
const RELEASED = join(dirname(PROGRAM), 'crash/released');
const FLAGS = ['--playback', 'open', '--cache-budget', '6MiB', '--keep-free', '0', '--segment-wait', '20s', '--requests-per-key', '0',
  '--pull-allow', '127.0.0.1/32', '--pull-retry', '100ms', '--callback-timeout', '1s', '--callback-retry', '100ms', '--callback-pause',
  '200ms', '--callback-tries', '100', '--event-history', '1000000'];

const {upload, uploadPart, pull, tus, play, download, stream, remove, reframe} = load;
const ALL = [upload, pull, tus, play, play, download, stream, remove, reframe, uploadPart];

// What the daemon does when it is killed: the calls of each step, up to which
// one of a thread they are interesting, and what its clients do besides all the
// rest.
const STEPS = {
  'upload: bytes come': ['write', 20, upload],
  'commit: bytes are synced': ['fsync', 8, upload],
  'commit: bytes get their name': ['renameat2', 4, upload],
  'fact: the log is written': ['pwrite64', 60],
  'fact: the log is synced': ['fdatasync', 8],
  'probe, encode: a worker is asked': ['sendmsg', 8, upload],
  'probe, encode: a worker answers': ['recvmsg', 20, upload],
  'encode: room for a piece': ['memfd_create', 12, play],
  'delete: a name goes': ['unlinkat', 4, remove, upload],
  'evict: a name goes': ['unlinkat', 12, play],
  'pull: its bytes come': ['recvfrom', 20, pull],
  'pull: they are kept': ['write', 12, pull],
  'pull: they become an asset': ['renameat', 2, pull],
  'tus: bytes come': ['write', 20, tus],
  'tus: what is told is on the disk': ['fdatasync', 8, tus],
  'tus: a draft becomes an asset': ['renameat', 2, tus],
  'download: parts are put together': ['copy_file_range', 8, download],
  'download: it gets its name': ['renameat2', 8, download],
  'webhook: it is told': ['sendto', 12, upload, remove],
  'webhook: it has answered': ['recvfrom', 12, upload, remove],
};

// ---- kills -----------------------------------------------------------------

// A program under it is killed at its Nth call; what it starts itself, and
// strace leaves alone, dies with it.
const killedAt = (call, nth) => ['strace', '-f', '-b', 'execve', '--seccomp-bpf', '-qq', '-o', '/dev/null', '-e', `trace=${call}`,
  '-e', `inject=${call}:signal=SIGKILL:when=${nth}`];

// A quarter of all kills is at a random time.
function nextStep() {
  if (number(4) === 0)
    return {name: 'at a random time', under: [], deeds: []};
  const name = pick(Object.keys(STEPS));
  const [call, most, ...deeds] = STEPS[name];
  return {name, under: killedAt(call, 1 + number(most)), deeds};
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

// Has clients at work on a daemon until it dies; `work` ends it at the latest.
async function live(daemon, deeds, work) {
  const life = {isOver: false};
  const actors = [[upload], [play], [remove], ALL, ALL, ...deeds.map((deed) => [deed])].map((list) => act(daemon, life, list));
  const workers = setInterval(() => { life.workers = childrenOf(daemon.pid); }, 20);
  try {
    await work();
  } finally {
    await daemon.kill();
    clearInterval(workers);
    life.isOver = true;
    await Promise.all(actors);
  }
  if (life.failed)
    throw life.failed;
  await assertGone(life.workers ?? []);
}

function count(name) {
  counts.kills++;
  counts.steps[name] = (counts.steps[name] ?? 0) + 1;
}

async function loadAndKill(directory) {
  const step = nextStep();
  const daemon = await begin(step, directory);
  const patience = step.under.length ? STEP_MS : 50 + number(LIFE_MS);
  if (daemon)
    await live(daemon, step.deeds, () => Promise.race([daemon.ended, sleep(patience)]));
  count(step.name);
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

// ---- backup ----------------------------------------------------------------

const BACKUP_CALLS = {openat: 40, pwrite64: 120, fdatasync: 4, fsync: 4, renameat2: 1, unlink: 3, pread64: 60};

// 0 when there is a backup, null when it was killed, else what it said.
function backUp(directory, copy, under) {
  const [program, ...words] = [...under, PROGRAM, 'backup', copy, '--data-dir', directory];
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, {stdio: ['ignore', 'ignore', 'pipe'], env: ownEnvironment()});
    let said = '';
    child.stderr.on('data', (part) => { said += part; });
    child.once('error', reject);
    child.once('close', (code) => resolve(code === 0 || code === null ? code : said));
  });
}

// Whoever is killed while it copies leaves nothing that looks like a backup, and
// the next one is none the worse for it.
async function killBackup(directory) {
  const daemon = await begin({under: []}, directory);
  const copy = join(directory, 'copy.db');
  const call = pick(Object.keys(BACKUP_CALLS));
  await live(daemon, [], async () => {
    await sleep(number(LIFE_MS));
    const end = await backUp(directory, copy, killedAt(call, 1 + number(BACKUP_CALLS[call])));
    assert.ok(end === 0 || end === null, `a backup: ${end}`);
    await lookAtBackup(directory, copy);
    if (number(2) === 0) {
      assert.equal(await backUp(directory, copy, []), 0, 'a backup after one that was killed');
      await lookAtBackup(directory, copy);
    }
  });
  count('backup');
}

// ---- migrate ---------------------------------------------------------------

const MIGRATE_CALLS = {openat: 40, pwrite64: 200, fdatasync: 8, fsync: 8, unlink: 4, fallocate: 2, ftruncate: 4};

// An older database is brought on by a daemon that is killed meanwhile, a few
// times over: in the end all that it held is there and plays.
async function killMigration() {
  const {stdout: latest} = await run(RELEASED, []);
  const directory = await mkdtemp(join(place, 'reeld-released-'));
  const file = film('plain.mp4');
  const {stdout} = await run(RELEASED, [directory, String(1 + number(Number(latest))), file]);
  const id = stdout.trim().split(' ')[1];
  for (let i = 0; i < 3; i++) {
    const call = pick(Object.keys(MIGRATE_CALLS));
    const daemon = await begin({under: killedAt(call, 1 + number(MIGRATE_CALLS[call]))}, directory);
    await daemon?.kill();
    count('migrate');
  }
  const daemon = await begin({under: []}, directory);
  await lookAtAsset(daemon, id, sha256(readFileSync(file)));
  await load.playSome(load.hls(daemon, id));
  await daemon.kill();
  await lookWithTools(directory);
  assert.deepEqual(readdirSync(directory).filter((name) => /partial|journal/.test(name)), []);
  await rm(directory, {recursive: true});
}

// ---- all of it -------------------------------------------------------------

seedWith(seed);
const place = process.env.CRASH_DIR || tmpdir();
const directory = await mkdtemp(join(place, 'reeld-campaign-'));
const others = await load.startOthers();
const begun = Date.now();
const seconds = () => ((Date.now() - begun) / 1000).toFixed(0);

async function lookAround() {
  const daemon = await startDaemon(FLAGS, {directory, keeps: true});
  try {
    await look(daemon, directory);
  } finally {
    await daemon.kill();
  }
  counts.kills++;
}

async function oneRound() {
  const before = Math.floor(counts.kills / TOOLS_EVERY);
  const what = number(12);
  await (what === 0 ? killMigration() : what === 1 ? killBackup(directory) : loadAndKill(directory));
  await lookAround();
  if (Math.floor(counts.kills / TOOLS_EVERY) > before)
    await lookWithTools(directory);
  if (counts.kills % SAID_EVERY < 2)
    console.log(`${counts.kills} kills, ${seconds()} s`);
}

async function atLast() {
  const daemon = await startDaemon([...FLAGS, '--cache-budget', '0'], {directory, keeps: true});
  try {
    await lookAtLast(daemon);
  } finally {
    await daemon.stop();
  }
  await lookWithTools(directory);
}

try {
  const first = await begin({under: []}, directory);
  await load.hook(first);
  await first.kill();
  while (counts.kills < KILLS)
    await oneRound();
  await atLast();
  await rm(directory, {recursive: true});
  console.log(`${seconds()} s, seed ${seed}: ${JSON.stringify(counts, null, 1)}`);
} catch (error) {
  console.error(`seed ${seed}, after ${counts.kills} kills and ${seconds()} s, ${directory}:`, error);
  process.exitCode = 1;
} finally {
  await others.stop();
}
