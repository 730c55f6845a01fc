// SPDX-License-Identifier: MIT
// quota.test.js - what collections, and the server, may hold; and the disk.
import assert from 'node:assert/strict';
import {randomBytes} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {connect} from 'node:net';
import {after, before, test} from 'node:test';

import {command, startDaemon} from './daemon.js';
import {film} from './films.js';
import {isProblem} from './problem.js';

const UPLOADS_AT_ONCE = 64;

let reeld;
const song = readFileSync(film('plain.mp4'));
before(async () => {
  reeld = await startDaemon(['--ladder', 'on_demand', '--uploads-per-key', '64', '--requests-per-key', '0']);
});
after(() => reeld.stop());

async function collection(fields, on = reeld) {
  const answer = await on.call('POST', '/v1/collections', {json: {name: 'C', ...fields}});
  assert.equal(answer.status, 201);
  return answer.json();
}

const look = (c, on = reeld) => on.json(`/v1/collections/${c.id}`);

// The film with an atom behind it that nobody reads: other bytes each time.
function another() {
  const tail = Buffer.alloc(24);
  tail.writeUInt32BE(24, 0);
  tail.write('free', 4);
  randomBytes(16).copy(tail, 8);
  return Buffer.concat([song, tail]);
}

function send(c, body = another(), on = reeld) {
  return on.call('POST', `/v1/assets?collection=${c.id}`, {body, headers: {'content-type': 'video/mp4'}});
}

// The first line of what comes back before any byte of the body is sent.
function beforeTheBody(port, key, path, length) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(
      `POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\nContent-Type: video/mp4\r\n` +
      `Content-Length: ${length}\r\nExpect: 100-continue\r\n\r\n`));
    let text = '';
    socket.on('data', (part) => {
      text += part;
      if (text.includes('\r\n')) {
        socket.destroy();
        resolve(text.split('\r\n')[0]);
      }
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`closed: ${text}`)));
  });
}

test('uploads cannot race past a quota (SEC-27)', async () => {
  const c = await collection({quota_assets: 1});
  const answers = await Promise.all(Array.from({length: UPLOADS_AT_ONCE}, () => send(c)));
  const good = answers.filter((a) => a.status === 201);
  assert.equal(good.length, 1, answers.map((a) => a.status).join(' '));
  for (const answer of answers.filter((a) => a.status !== 201))
    await isProblem(answer, 403, 'quota_exceeded');
  assert.deepEqual([(await look(c)).used_assets, (await look(c)).used_bytes], [1, song.length + 24]);
  const {code, stdout} = await command(reeld.dataDir, 'fsck');
  assert.equal(code, 0, stdout);
  assert.match(stdout, /^blobs without a fact: 0 /m, 'what was refused is not kept');
});

test('a quota of bytes is refused before any are sent', async () => {
  const c = await collection({quota_bytes: 2 * song.length});
  assert.equal((await send(c, song)).status, 201);
  assert.match(await beforeTheBody(reeld.port, reeld.key, `/v1/assets?collection=${c.id}`, song.length + 1), /^HTTP\/1.1 403 /);
  assert.match(await beforeTheBody(reeld.port, reeld.key, `/v1/assets?collection=${c.id}`, song.length), /^HTTP\/1.1 100 /);
  const form = new FormData();
  form.append('collection', c.id);
  form.append('file', new Blob([another()]), 'a.mp4');
  await isProblem(await reeld.call('POST', '/v1/assets', {body: form}), 403, 'quota_exceeded');
  // Without a length it is cut off where the room ends.
  const chunks = new ReadableStream({start(to) { to.enqueue(another()); to.close(); }});
  await isProblem(await send(c, chunks), 403, 'quota_exceeded');
});

test('a quota can be raised, lifted and freed; moving in counts', async () => {
  const c = await collection({quota_assets: 1}), from = await collection({});
  const first = await (await send(c)).json(), other = await (await send(from)).json();
  const move = () => reeld.call('PATCH', `/v1/assets/${other.id}`, {json: {collection: c.id}, headers: {'content-type': 'application/merge-patch+json'}});
  const patch = (json) => reeld.call('PATCH', `/v1/collections/${c.id}`, {json, headers: {'content-type': 'application/merge-patch+json'}});
  await isProblem(await move(), 403, 'quota_exceeded');
  assert.equal((await look(from)).used_assets, 1);
  assert.equal((await patch({quota_assets: 2})).status, 200);
  assert.equal((await move()).status, 200);
  assert.deepEqual([(await look(from)).used_assets, (await look(c)).used_assets], [0, 2]);
  await isProblem(await send(c), 403, 'quota_exceeded');
  assert.equal((await reeld.call('DELETE', `/v1/assets/${first.id}`)).status, 204);
  assert.equal((await send(c)).status, 201);
  const lifted = await (await patch({quota_assets: null})).json();
  assert.equal(lifted.quota_assets, null);
  assert.equal((await send(c)).status, 201);
  // Lowered below what is there: nothing goes, nothing comes.
  assert.equal((await patch({quota_bytes: 1})).status, 200);
  await isProblem(await send(c), 403, 'quota_exceeded');
  assert.equal((await look(c)).used_assets, 3);
  await isProblem(await patch({quota_assets: 0}), 400, 'invalid_request');
});

test('a resumable upload is refused when it is created', async () => {
  const c = await collection({quota_bytes: 100});
  const answer = await reeld.call('POST', '/v1/uploads', {headers: {'tus-resumable': '1.0.0', 'upload-length': '101',
    'upload-metadata': `collection ${Buffer.from(c.id).toString('base64')}`}});
  await isProblem(answer, 403, 'quota_exceeded');
});

test('a resumable upload is refused as soon as the quota has no room', async () => {
  const c = await collection({quota_bytes: 2 * song.length});
  const headers = {'tus-resumable': '1.0.0', 'upload-metadata': `collection ${Buffer.from(c.id).toString('base64')}`};
  const create = async (more) => new URL((await reeld.call('POST', '/v1/uploads', {headers: {...headers, ...more}})).headers.get('location')).pathname;
  const append = (path, offset, body) => reeld.call('PATCH', path, {body, headers: {'tus-resumable': '1.0.0',
    'content-type': 'application/offset+octet-stream', 'upload-offset': String(offset)}});
  const body = another();
  const stat = async (path) => (await reeld.json(path)).offset;
  // Of unknown length: with the piece that is too much.
  const endless = await create({'upload-defer-length': '1'});
  assert.equal((await append(endless, 0, body.subarray(0, 1000))).status, 204);
  await isProblem(await append(endless, 1000, Buffer.alloc(2 * song.length)), 403, 'quota_exceeded');
  assert.equal(await stat(endless), 1000);
  // The quota went meanwhile: what is there stays, and goes on when it is back.
  const path = await create({'upload-length': String(body.length)});
  assert.equal((await append(path, 0, body.subarray(0, 1000))).status, 204);
  const patch = (json) => reeld.call('PATCH', `/v1/collections/${c.id}`, {body: JSON.stringify(json), headers: {'content-type': 'application/merge-patch+json'}});
  assert.equal((await patch({quota_bytes: 10})).status, 200);
  await isProblem(await append(path, 1000, body.subarray(1000)), 403, 'quota_exceeded');
  assert.equal(await stat(path), 1000);
  assert.equal((await patch({quota_bytes: 2 * song.length})).status, 200);
  const done = await append(path, 1000, body.subarray(1000));
  assert.ok(done.headers.get('reeld-asset'), await done.text());
  // Parts are not counted, what they make is.
  const part = await create({'upload-length': String(song.length), 'upload-concat': 'partial'});
  const other = another();
  assert.equal((await append(part, 0, other.subarray(0, song.length))).status, 204);
  const rest = await create({'upload-length': String(other.length - song.length), 'upload-concat': 'partial'});
  assert.equal((await append(rest, 0, other.subarray(song.length))).status, 204);
  await isProblem(await reeld.call('POST', '/v1/uploads', {headers: {...headers, 'upload-concat': `final;${part} ${rest}`}}), 403, 'quota_exceeded');
  assert.equal((await reeld.json(part)).state, 'uploading');
});

test('the server has a quota of its own', async () => {
  const small = await startDaemon(['--ladder', 'on_demand', '--quota-assets', '2', '--quota', '1GiB']);
  const one = await collection({}, small), two = await collection({quota_assets: 9}, small);
  assert.equal((await send(one, another(), small)).status, 201);
  assert.equal((await send(two, another(), small)).status, 201);
  await isProblem(await send(two, another(), small), 403, 'quota_exceeded');
  await isProblem(await send(one, another(), small), 403, 'quota_exceeded');
  await small.stop();
});

test('a disk that is too full refuses before the body, and serves on (507)', async () => {
  const full = await startDaemon(['--keep-free', '1024TiB']);
  assert.match(await beforeTheBody(full.port, full.key, '/v1/assets', 1000), /^HTTP\/1.1 507 /);
  const answer = await full.call('POST', '/v1/assets', {body: song, headers: {'content-type': 'video/mp4'}});
  await isProblem(answer, 507, 'no_space');
  assert.equal((await full.call('GET', '/v1/assets')).status, 200);
  await full.stop();
});
