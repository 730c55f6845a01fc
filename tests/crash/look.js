// SPDX-License-Identifier: MIT
// look.js - whether what a daemon said before it was killed is true in its next
// life.
import assert from 'node:assert/strict';
import {cpSync, existsSync, mkdtempSync, rmSync, statSync, symlinkSync} from 'node:fs';
import {rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {command} from '../http/daemon.js';
import {until} from '../http/remote.js';
import {run} from '../http/run.js';
import {askDraft, bytesOf, finishDraft, hls, initOf, playSome, playlistLines, told, wholeFile} from './load.js';
import {calls, counts, drafts, forget, gone, kept, leaving, number, pick, sent, sha256, streams} from './said.js';

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
  for (let i = 0; ['uploading', 'uploaded'].includes(asset.state) && i < 20; i++)
    asset = await daemon.json(`/v1/assets/${id}?wait=5`);
  return asset;
}

export async function lookAtAsset(daemon, id, digest) {
  const asset = await whenReady(daemon, id);
  assert.equal(asset.state, 'ready', `${id}: ${JSON.stringify(asset.error)}`);
  assert.equal(asset.sha256, digest);
}

// What nobody was told of: whole without an answer, or still being fetched.
function digestOf(asset) {
  const draft = [...drafts.values()].find((d) => d.name === asset.name);
  if (draft?.whole)
    return sha256(draft.bytes);
  const digest = sent.get(asset.name);
  assert.ok(digest, `${asset.name} was never whole`);
  assert.ok(asset.state === 'uploading' || asset.sha256 === digest, `${asset.name} is not what was sent`);
  return digest;
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
    if (asset.reframe) { // its answer was lost
      assert.ok([...kept.values(), ...sent.values()].includes(asset.sha256) || gone.has(asset.reframe.asset));
      kept.set(id, asset.sha256);
    } else {
      kept.set(id, digestOf(asset));
    }
  }
  sent.clear();
}

async function lookAtDrafts(daemon) {
  for (const path of drafts.keys())
    await askDraft(daemon, path);
  const some = pick([...drafts.keys()]);
  if (some && number(2) === 0)
    await finishDraft(daemon, some);
}

export async function look(daemon, directory) {
  settle(await listed(daemon));
  for (const [id, digest] of kept)
    await lookAtAsset(daemon, id, digest);
  const one = pick([...kept.keys()]);
  if (one) {
    const answer = await daemon.call('GET', `/v1/assets/${one}/source`);
    assert.equal(sha256(Buffer.from(await answer.arrayBuffer())), kept.get(one));
    await lookAtPicture(directory, await playSome(hls(daemon, one)));
  }
  if (one && number(4) === 0)
    await lookAtPicture(directory, await wholeFile(daemon, one));
  const some = pick([...streams.keys()]);
  if (some)
    await lookAtStream(daemon, some);
  await lookAtDrafts(daemon);
  counts.looks++;
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
export async function lookWithTools(directory) {
  const {stdout} = await checkFacts(directory);
  assert.match(stdout, /pieces: \d+ looked at(?: and read)?, 0 missing .*, 0 damaged/, stdout);
  const made = await command(directory, 'gc');
  assert.equal(made.code, 0, made.stderr);
}

async function checkFacts(directory) {
  const check = await command(directory, 'fsck', '--scrub');
  assert.equal(check.code, 0, check.stdout + check.stderr);
  assert.match(check.stdout, /database: in order/);
  return check;
}

// A backup that is there is a good one, whatever became of who made it: beside
// the blobs it is all that a daemon needs. Pieces that were evicted since are
// made again.
export async function lookAtBackup(directory, copy) {
  if (!existsSync(copy))
    return;
  assert.equal(statSync(copy).mode & 0o777, 0o600);
  const restored = mkdtempSync(join(directory, 'restored-'));
  cpSync(copy, join(restored, 'catalog.db'));
  symlinkSync(join(directory, 'blobs'), join(restored, 'blobs'));
  await checkFacts(restored);
  rmSync(restored, {recursive: true});
  rmSync(copy);
  counts.backups++;
}

// All that is there is made in the end: a hundred kills fail no job (REL-08).
export async function lookAtLast(daemon) {
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
  await lookAtTold();
}

// Told at least once, each time under the same id (REL-18).
async function lookAtTold() {
  const owed = [...[...kept.keys()].map((id) => `/hook asset.ready ${id}`), ...[...gone].map((id) => `/hook asset.deleted ${id}`),
    ...[...calls].map(([id, name]) => `/call/${name} asset.ready ${id}`)];
  for (const what of owed) {
    const ids = await until(`${what} is told`, () => told.get(what), 120);
    assert.equal(ids.size, 1, `${what}: ${[...ids]}`);
  }
}
