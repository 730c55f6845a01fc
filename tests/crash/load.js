// SPDX-License-Identifier: MIT
// load.js - what a campaign's clients do, one deed a function, and the servers
// of others that take part: one has films, one is told what happens.
import assert from 'node:assert/strict';
import {randomBytes} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {film} from '../http/films.js';
import {sendFile, startRemote} from '../http/remote.js';
import {calls, counts, drafts, forget, gone, kept, leaving, living, number, pick, sent, sha256, sleep, streams} from './said.js';

const ASSETS = 8; // about so many are kept
const DRAFTS = 3;

const films = ['plain.mp4', 'silent.mp4', 'blips.mp4'].map((name) => readFileSync(film(name)));
const OCTETS = {'content-type': 'application/octet-stream'};

// A film of its own: a box that nobody reads makes its bytes differ.
function newFilm() {
  const box = Buffer.alloc(40);
  box.writeUInt32BE(40);
  box.write('free', 4);
  randomBytes(32).copy(box, 8);
  return Buffer.concat([pick(films), box]);
}

let names = 0;

// ---- other servers ---------------------------------------------------------

const offered = new Map(); // path -> bytes
export const told = new Map(); // `${path} ${type} ${asset}` -> webhook-ids
let others;

// A webhook hears all; each path below /call/ belongs to one upload.
function listen(request, response, body) {
  if (request.method === 'POST') {
    const {type, data} = JSON.parse(body);
    const what = `${request.url} ${type} ${data.asset}`;
    told.set(what, (told.get(what) ?? new Set()).add(request.headers['webhook-id']));
    counts.told++;
    response.writeHead(204).end();
  } else {
    const bytes = offered.get(request.url);
    sendFile(request, response, bytes, {most: Math.ceil(bytes.length / 2)});
  }
}

export async function startOthers() {
  others = await startRemote(listen);
  return others;
}

export async function hook(daemon) {
  const answer = await daemon.call('POST', '/v1/webhooks',
    {json: {url: `${others.base}/hook`, events: ['asset.ready', 'asset.deleted']}});
  assert.equal(answer.status, 201, await answer.text());
}

// ---- assets come -----------------------------------------------------------

export async function upload(daemon) {
  const body = newFilm();
  const name = `film-${++names}`;
  const isTold = number(3) === 0;
  sent.set(name, sha256(body));
  const answer = isTold ? await uploadForm(daemon, name, body) :
    await daemon.call('POST', `/v1/assets?name=${name}`, {body, headers: OCTETS});
  const asset = await answer.json();
  assert.ok([201, 202].includes(answer.status), `upload: ${answer.status} ${JSON.stringify(asset)}`);
  assert.equal(asset.sha256, sent.get(name));
  sent.delete(name);
  kept.set(asset.id, asset.sha256);
  if (isTold)
    calls.set(asset.id, name);
  counts.uploads++;
}

function uploadForm(daemon, name, body) {
  const form = new FormData();
  form.set('name', name);
  form.set('callback_url', `${others.base}/call/${name}`);
  form.set('file', new Blob([body]), 'film.mp4');
  return daemon.call('POST', '/v1/assets', {body: form});
}

// The client goes away in the middle, or the daemon does.
export async function uploadPart(daemon) {
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
  await daemon.call('POST', `/v1/assets?name=${name}`, {body: half, headers: OCTETS})
    .then(() => assert.fail('half an upload was answered'), () => { counts.parts++; });
}

export async function pull(daemon) {
  const body = newFilm();
  const name = `pull-${++names}`;
  sent.set(name, sha256(body));
  offered.set(`/${name}`, body);
  const answer = await daemon.call('POST', '/v1/assets', {json: {url: `${others.base}/${name}`, name}});
  const asset = await answer.json();
  assert.equal(answer.status, 202, JSON.stringify(asset));
  kept.set(asset.id, sent.get(name));
  sent.delete(name);
  counts.pulls++;
}

// ---- by tus, over the lives of daemons ---------------------------------------

const TUS = {'tus-resumable': '1.0.0'};

async function beginDraft(daemon) {
  const bytes = newFilm();
  const name = `tus-${++names}`;
  const answer = await daemon.call('POST', '/v1/uploads', {headers: {...TUS, 'upload-length': String(bytes.length),
    'upload-metadata': `name ${Buffer.from(name).toString('base64')}`}});
  const text = await answer.text();
  assert.equal(answer.status, 201, text);
  drafts.set(new URL(answer.headers.get('location')).pathname, {name, bytes, offset: 0, whole: false});
}

// What is on the disk: at least what was acknowledged.
export async function askDraft(daemon, path) {
  const draft = drafts.get(path);
  const answer = await daemon.call('HEAD', path, {headers: TUS});
  assert.equal(answer.status, 200, `${path} is lost`);
  const offset = Number(answer.headers.get('upload-offset'));
  assert.ok(offset >= draft.offset && offset <= draft.bytes.length, `${path}: ${draft.offset} were acknowledged, ${offset} are there`);
  draft.offset = offset;
  return answer.headers.get('reeld-asset');
}

function endDraft(path, id) {
  const {bytes} = drafts.get(path);
  drafts.delete(path);
  if (!gone.has(id))
    kept.set(id, sha256(bytes));
}

export async function appendTo(daemon, path) {
  const draft = drafts.get(path);
  const to = Math.min(draft.bytes.length, draft.offset + Math.ceil(draft.bytes.length / (2 + number(3))));
  // Sticky: who was cut off may still be writing the last bytes.
  draft.whole ||= to === draft.bytes.length;
  const answer = await daemon.call('PATCH', path, {body: draft.bytes.subarray(draft.offset, to),
    headers: {...TUS, 'content-type': 'application/offset+octet-stream', 'upload-offset': String(draft.offset)}});
  await answer.arrayBuffer();
  counts.appends++;
  // Somebody cut off is still writing, or got further than was told.
  if (answer.status === 409 || answer.status === 423)
    return askDraft(daemon, path);
  assert.ok([201, 204].includes(answer.status), `tus: ${answer.status}`);
  draft.offset = Number(answer.headers.get('upload-offset'));
  return answer.headers.get('reeld-asset');
}

export async function tus(daemon) {
  if (drafts.size < DRAFTS)
    await beginDraft(daemon);
  const path = pick([...drafts.keys()].filter((p) => !drafts.get(p).isBusy));
  if (!path)
    return;
  const draft = drafts.get(path);
  draft.isBusy = true;
  try {
    const id = await appendTo(daemon, path);
    if (id)
      endDraft(path, id);
  } finally {
    draft.isBusy = false;
  }
}

// To its end, in as many parts as it takes.
export async function finishDraft(daemon, path) {
  let id = await askDraft(daemon, path);
  while (!id)
    id = await appendTo(daemon, path);
  endDraft(path, id);
}

// ---- and play ----------------------------------------------------------------

export const playlistLines = (text) => text.split('\n').filter((line) => line && line[0] !== '#');
export const initOf = (text) => text.match(/#EXT-X-MAP:URI="([^"]+)"/)?.[1];
export const hls = (daemon, id, more = '') => `${daemon.base}/p/open/${id}/index.m3u8${more}`;

export async function bytesOf(url) {
  const answer = await fetch(url);
  const bytes = Buffer.from(await answer.arrayBuffer());
  if (answer.status !== 200)
    throw Object.assign(new Error(`${url}: ${answer.status} ${bytes.subarray(0, 300)}`), {status: answer.status});
  return bytes;
}

// Some init and segment that the manifest names.
export async function playSome(url) {
  const master = (await bytesOf(url)).toString();
  const list = new URL(pick(playlistLines(master)), url).href;
  const text = (await bytesOf(list)).toString();
  const init = await bytesOf(new URL(initOf(text), list).href);
  const piece = await bytesOf(new URL(pick(playlistLines(text)), list).href);
  counts.pieces++;
  return Buffer.concat([init, piece]);
}

// What is deleted while it plays is not there any more, what is still fetched
// not yet.
async function isPlayable(daemon, id) {
  try {
    return (await daemon.json(`/v1/assets/${id}`)).state === 'ready' && living().includes(id);
  } catch (error) {
    if (living().includes(id))
      throw error;
    return false; // it was deleted meanwhile
  }
}

// After a kill one that is there may have to be looked at again.
async function pickPlayable(daemon) {
  const id = pick(living());
  return id && await isPlayable(daemon, id) ? id : null;
}

export async function play(daemon) {
  const id = await pickPlayable(daemon);
  if (!id)
    return;
  const from = number(20) / 10;
  const more = number(3) ? '' : `?t=${from},${from + 0.7}`;
  try {
    await playSome(hls(daemon, id, more));
  } catch (error) {
    if (living().includes(id) && await isPlayable(daemon, id))
      throw error;
  }
}

// The whole file, once it is made; `isOver()`: not worth waiting for any more.
export async function wholeFile(daemon, id, isOver = () => false) {
  while (!isOver()) {
    const answer = await fetch(`${daemon.base}/p/open/${id}/download.mp4`);
    const bytes = Buffer.from(await answer.arrayBuffer());
    if (answer.status === 200)
      return bytes;
    assert.equal(answer.status, 503, `download: ${bytes.subarray(0, 300)}`);
    assert.match(answer.headers.get('content-type'), /problem\+json/);
    await sleep(20);
  }
  return null;
}

export async function download(daemon) {
  const id = await pickPlayable(daemon);
  if (!id)
    return;
  try {
    if (await wholeFile(daemon, id, () => !living().includes(id)))
      counts.downloads++;
  } catch (error) {
    if (living().includes(id))
      throw error;
  }
}

export async function stream(daemon) {
  const ids = living();
  if (ids.length < 2)
    return;
  const clips = [{asset: pick(ids), start: 0.5, end: 1.5}, {gap: 0.5 + number(30) / 10}, {asset: pick(ids), start: 1}];
  const answer = await daemon.call('POST', '/v1/streams', {json: {clips}});
  if (answer.status !== 201)
    return; // an asset was deleted meanwhile, or has not come yet
  const {id} = await answer.json();
  streams.set(id, clips);
  counts.streams++;
}

export async function reframe(daemon) {
  const id = pick(living());
  if (!id)
    return;
  const answer = await daemon.call('POST', `/v1/assets/${id}/reframe`, {json: {target: 'square', start: number(10) / 10}});
  const asset = await answer.json();
  if (answer.status === 201)
    kept.set(asset.id, asset.sha256);
}

export async function remove(daemon) {
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
