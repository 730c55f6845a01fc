// SPDX-License-Identifier: MIT
// upload.test.js - POST /v1/assets, from the first byte to 201.
import assert from 'node:assert/strict';
import {createHash} from 'node:crypto';
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {connect} from 'node:net';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';

import {startDaemon} from './daemon.js';
import {film} from './films.js';
import {isProblem} from './problem.js';

let reeld;
before(async () => { reeld = await startDaemon(['--upload-limit', '4MiB', '--ladder', 'on_demand']); });
after(() => reeld.stop());

const bytes = (name) => readFileSync(film(name));
const sha256 = (data, form) => createHash('sha256').update(data).digest(form);

// Pieces may be made at any time; the uploads' own bytes are what counts here.
const isStored = (data) => {
  const key = sha256(data, 'hex');
  return existsSync(join(reeld.dataDir, 'blobs', key.slice(0, 2), key.slice(2)));
};
const temporary = () => readdirSync(join(reeld.dataDir, 'temp')).length;

// Sends one of our films with a query or headers of its own.
function send(name, {query = '', headers = {}} = {}) {
  return reeld.call('POST', `/v1/assets${query}`, {body: bytes(name), headers: {'content-type': 'video/mp4', ...headers}});
}

test('a raw body becomes an asset that is ready', async () => {
  const data = bytes('plain.mp4');
  const answer = await reeld.call('POST', '/v1/assets?name=A%20film&metadata=%7B%22a%22%3A%7B%22b%22%3A1%7D%7D',
    {body: data, headers: {'content-type': 'video/mp4', 'content-digest': `sha-256=:${sha256(data, 'base64')}:`}});
  assert.equal(answer.status, 201);
  const asset = await answer.json();
  assert.match(asset.id, /^m-[0-9a-hjkmnp-tv-z]{26}$/);
  assert.equal(answer.headers.get('location'), `${reeld.base}/v1/assets/${asset.id}`);
  assert.equal(asset.state, 'ready');
  assert.equal(asset.kind, 'video');
  assert.equal(asset.name, 'A film');
  assert.deepEqual(asset.metadata, {a: {b: 1}});
  assert.equal(asset.size_bytes, data.length);
  assert.equal(asset.sha256, sha256(data, 'hex'));
  assert.ok(Math.abs(asset.duration - 6) < 0.1, `duration ${asset.duration}`);
  assert.equal(asset.tracks.length, 2);
  assert.ok(asset.renditions.some((r) => r.name === 'source' && r.mode === 'copy'));
  assert.equal(asset.error, null);
  const life = Date.parse(asset.playback.expires_at) - Date.now();
  assert.ok(life > 22 * 3600e3 && life <= 24 * 3600e3, `life ${life}`);
  const manifest = await fetch(asset.playback.hls);
  assert.equal(manifest.status, 200);
  assert.equal((await reeld.call('DELETE', `/v1/assets/${asset.id}`)).status, 204);
});

test('a form is an upload too', async () => {
  const form = new FormData();
  form.set('name', 'from a form');
  form.set('description', 'two\nlines');
  form.set('file', new Blob([bytes('plain.mp4')]), 'C:\\fake\\näme "1".mp4');
  const answer = await reeld.call('POST', '/v1/assets', {body: form});
  const asset = await answer.json();
  assert.equal(answer.status, 201, asset.detail);
  assert.equal(asset.name, 'from a form');
  assert.equal(asset.description, 'two\nlines');
  assert.match(asset.filename, /^näme .*mp4$/);
  const source = await reeld.call('GET', `/v1/assets/${asset.id}/source`);
  assert.equal(source.headers.get('content-type'), 'application/octet-stream');
  assert.match(source.headers.get('content-disposition'), /^attachment; filename="n_me .*"; filename\*=UTF-8''n%C3%A4me%20/);
  assert.equal(sha256(Buffer.from(await source.arrayBuffer()), 'hex'), asset.sha256);
  const part = await reeld.call('GET', `/v1/assets/${asset.id}/source`, {headers: {range: 'bytes=4-7'}});
  assert.equal(part.status, 206);
  assert.equal(await part.text(), 'ftyp');
  await reeld.call('DELETE', `/v1/assets/${asset.id}`);
});

test('a form without a name takes the name of its file', async () => {
  const form = new FormData();
  form.set('file', new Blob([bytes('sound.mp3')]), 'song.mp3');
  const asset = await (await reeld.call('POST', '/v1/assets', {body: form})).json();
  assert.equal(asset.name, 'song.mp3');
  assert.equal(asset.kind, 'audio');
  assert.match(asset.id, /^a-/);
  await reeld.call('DELETE', `/v1/assets/${asset.id}`);
});

test('what is not media leaves nothing behind', async () => {
  for (const body of ['hello, world\n', Buffer.alloc(100000, 7), '#EXTM3U\nhttp://127.0.0.1:1/x.ts\n']) {
    const answer = await reeld.call('POST', '/v1/assets', {body, headers: {'content-type': 'video/mp4'}});
    await isProblem(answer, 422, 'unsupported_media');
    assert.ok(!isStored(body));
  }
  const list = await (await reeld.call('GET', '/v1/assets')).json();
  assert.deepEqual(list.items, []);
});

test('an empty body is refused', async () => {
  await isProblem(await reeld.call('POST', '/v1/assets', {body: '', headers: {'content-type': 'video/mp4'}}),
    422, 'unsupported_media');
});

test('another digest than the announced one is refused', async () => {
  const headers = {'content-type': 'video/mp4', 'content-digest': `sha-256=:${sha256('other', 'base64')}:`};
  await isProblem(await reeld.call('POST', '/v1/assets', {body: bytes('plain.mp4'), headers}), 422, 'digest_mismatch');
  headers['content-digest'] = 'sha-256=nonsense';
  await isProblem(await reeld.call('POST', '/v1/assets', {body: bytes('plain.mp4'), headers}), 400, 'invalid_request');
  assert.ok(!isStored(bytes('plain.mp4')));
});

test('fields are checked by name and value', async () => {
  const tries = {
    '?nmae=x': /nmae/,
    '?name=a%0Ab': /control/,
    [`?name=${'x'.repeat(201)}`]: /too long/,
    '?metadata=%5B%5D': /object/,
    '?metadata=%7B': /object/,
    '?collection=c-00000000000000000000000000': /no such collection/,
    '?name=a&name=b': /twice/,
  };
  for (const [query, detail] of Object.entries(tries)) {
    const body = await isProblem(await send('plain.mp4', {query}), 400, 'invalid_request');
    assert.match(body.detail, detail, query);
  }
});

test('an upload above the limit is refused before it is sent', async () => {
  const answer = await new Promise((done, failed) => {
    const socket = connect(reeld.port, '127.0.0.1');
    let text = '';
    socket.on('data', (data) => {
      text += data;
      if (text.includes('\r\n\r\n') && text.endsWith('}'))
        socket.destroy();
    });
    socket.on('close', () => done(text));
    socket.on('error', failed);
    socket.write(`POST /v1/assets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${reeld.key}\r\n` +
      'Content-Type: video/mp4\r\nContent-Length: 99999999\r\nExpect: 100-continue\r\n\r\n');
  });
  assert.match(answer, /^HTTP\/1\.1 413 /);
  assert.match(answer, /4194304 bytes/);
});

test('a chunked upload above the limit is cut off', async () => {
  async function* endless() {
    for (let i = 0; i < 100; i++)
      yield Buffer.alloc(100000);
  }
  const answer = await reeld.call('POST', '/v1/assets', {body: endless(), headers: {'content-type': 'video/mp4'}})
    .catch((error) => error);
  // The connection may be closed on a client that goes on sending.
  if (!(answer instanceof Error))
    await isProblem(answer, 413, 'too_large');
});

test('respond-async answers before the probe', async () => {
  const answer = await send('plain.mp4', {headers: {prefer: 'respond-async'}});
  assert.equal(answer.status, 202);
  let asset = await answer.json();
  assert.ok(['uploaded', 'ready'].includes(asset.state));
  for (let i = 0; asset.state === 'uploaded' && i < 20; i++)
    asset = await (await reeld.call('GET', `/v1/assets/${asset.id}?wait=5`)).json();
  assert.equal(asset.state, 'ready');
  await reeld.call('DELETE', `/v1/assets/${asset.id}`);
});

test('the same Idempotency-Key makes one asset and the same answer', async () => {
  const headers = {'idempotency-key': 'upload-1'};
  const first = await send('plain.mp4', {headers});
  const second = await send('plain.mp4', {headers});
  assert.equal(first.status, 201);
  assert.equal(second.status, 201);
  assert.equal(second.headers.get('location'), first.headers.get('location'));
  const asset = await first.json();
  assert.deepEqual(await second.json(), asset);
  await isProblem(await send('sound.mp3', {headers}), 422, 'idempotency_mismatch');
  const list = await (await reeld.call('GET', '/v1/assets')).json();
  assert.equal(list.items.length, 1);
  await reeld.call('DELETE', `/v1/assets/${asset.id}`);
});

test('the same bytes are stored until the last of their assets goes', async () => {
  const data = bytes('mpeg4.mkv');
  const one = await (await send('mpeg4.mkv')).json();
  const two = await (await send('mpeg4.mkv')).json();
  assert.notEqual(one.id, two.id);
  assert.ok(isStored(data));
  assert.equal((await reeld.call('DELETE', `/v1/assets/${one.id}`)).status, 204);
  assert.ok(isStored(data));
  assert.equal((await reeld.call('GET', `/v1/assets/${two.id}/source`)).status, 200);
  assert.equal((await reeld.call('DELETE', `/v1/assets/${two.id}`)).status, 204);
  assert.ok(!isStored(data));
});

test('a broken connection leaves nothing behind', async () => {
  await new Promise((done) => {
    const socket = connect(reeld.port, '127.0.0.1');
    socket.write(`POST /v1/assets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${reeld.key}\r\n` +
      'Content-Type: video/mp4\r\nContent-Length: 100000\r\n\r\nabc', () => socket.resetAndDestroy());
    socket.on('close', done);
  });
  const asset = await (await send('plain.mp4')).json();
  assert.equal(asset.state, 'ready');
  await reeld.call('DELETE', `/v1/assets/${asset.id}`);
  // Segments may still be in the making.
  for (let i = 0; i < 50 && temporary() > 0; i++)
    await sleep(100);
  assert.equal(temporary(), 0);
});

test('two requests with one Idempotency-Key at once make one asset', async () => {
  const headers = {'idempotency-key': 'upload-2'};
  const answers = await Promise.all(Array.from({length: 4}, () => send('plain.mp4', {headers})));
  const statuses = answers.map((a) => a.status).sort();
  assert.equal(statuses[0], 201);
  assert.ok(statuses.every((s) => s === 201 || s === 409), statuses.join());
  const made = new Set();
  for (const answer of answers)
    if (answer.status === 201)
      made.add((await answer.json()).id);
    else
      await isProblem(answer, 409, 'in_flight');
  assert.equal(made.size, 1);
  assert.equal((await reeld.json('/v1/assets')).items.length, 1);
  await reeld.call('DELETE', `/v1/assets/${[...made][0]}`);
});

test('an answer is given again after kill -9', async () => {
  const first = await startDaemon(['--ladder', 'on_demand']);
  const headers = {'idempotency-key': 'upload-3'};
  const asset = await first.upload(film('plain.mp4'), {}, headers);
  await first.kill();
  const second = await first.restart();
  try {
    assert.deepEqual(await second.upload(film('plain.mp4'), {}, headers), asset);
    assert.equal((await second.json('/v1/assets')).items.length, 1);
  } finally {
    await second.stop();
  }
});

// Begins an upload and leaves it open.
function beginUpload(daemon) {
  return new Promise((resolve) => {
    const socket = connect(daemon.port, '127.0.0.1', () => {
      socket.write(`POST /v1/assets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${daemon.key}\r\n` +
        'Content-Type: video/mp4\r\nContent-Length: 100000\r\nExpect: 100-continue\r\n\r\n');
    });
    socket.on('error', () => {});
    socket.once('data', (data) => resolve({socket, head: data.toString()}));
  });
}

test('a key has so many uploads at once', async () => {
  const other = await startDaemon(['--uploads-per-key', '2', '--uploads-max', '3']);
  try {
    const open = [await beginUpload(other), await beginUpload(other)];
    for (const {head} of open)
      assert.match(head, /^HTTP\/1\.1 100 /);
    const third = await beginUpload(other);
    assert.match(third.head, /^HTTP\/1\.1 503 /);
    assert.match(third.head, /\r\nRetry-After: \d+\r\n/i);
    open[0].socket.resetAndDestroy();
    for (let i = 0, status = 0; status !== 201; i++) {
      assert.ok(i < 50, 'the place is not free again');
      await sleep(100);
      ({status} = await other.tryUpload(film('plain.mp4')));
    }
    open[1].socket.resetAndDestroy();
    third.socket.destroy();
  } finally {
    await other.stop();
  }
});

test('without room an upload is refused before it is sent', async () => {
  const full = await startDaemon(['--keep-free', '1024TiB']);
  try {
    const {head, socket} = await beginUpload(full);
    assert.match(head, /^HTTP\/1\.1 507 /);
    socket.destroy();
    assert.equal((await full.call('GET', '/v1/assets')).status, 200);
  } finally {
    await full.stop();
  }
});
