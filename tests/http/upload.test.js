// SPDX-License-Identifier: MIT
// upload.test.js - POST /v1/assets, from the first byte to 201.
import assert from 'node:assert/strict';
import {createHash} from 'node:crypto';
import {readdirSync, readFileSync} from 'node:fs';
import {connect} from 'node:net';
import {join} from 'node:path';
import {after, before, test} from 'node:test';

import {start} from './daemon.js';
import {film} from './films.js';

let reeld;
before(async () => { reeld = await start({upload_limit: '4MiB', ladder: 'on_demand'}); });
after(() => reeld.stop());

const bytes = (name) => readFileSync(film(name));
const sha256 = (data, form) => createHash('sha256').update(data).digest(form);

function blobs() {
  const root = join(reeld.directory, 'blobs');
  return readdirSync(root, {recursive: true, withFileTypes: true}).filter((e) => e.isFile()).length;
}

async function problem(answer, status, code) {
  assert.equal(answer.headers.get('content-type'), 'application/problem+json');
  const body = await answer.json();
  assert.equal(answer.status, status, body.detail);
  assert.equal(body.status, status);
  assert.equal(body.code, code, body.detail);
  assert.ok(body.title && body.detail);
  const page = await fetch(body.type);
  assert.equal(page.status, 200);
  return body;
}

test('a raw body becomes an asset that is ready', async () => {
  const data = bytes('plain.mp4');
  const answer = await reeld.call('POST', '/v1/assets?name=A%20film&metadata=%7B%22a%22%3A%7B%22b%22%3A1%7D%7D',
    {body: data, headers: {'content-type': 'video/mp4', 'content-digest': `sha-256=:${sha256(data, 'base64')}:`}});
  assert.equal(answer.status, 201);
  const asset = await answer.json();
  assert.match(asset.id, /^m-[0-9a-hjkmnp-tv-z]{26}$/);
  assert.equal(answer.headers.get('location'), `${reeld.origin}/v1/assets/${asset.id}`);
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
  assert.match(source.headers.get('content-disposition'), /^attachment; filename\*=UTF-8''n%C3%A4me%20/);
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
  const before = blobs();
  for (const body of ['hello, world\n', Buffer.alloc(100000, 7), '#EXTM3U\nhttp://127.0.0.1:1/x.ts\n']) {
    const answer = await reeld.call('POST', '/v1/assets', {body, headers: {'content-type': 'video/mp4'}});
    await problem(answer, 422, 'unsupported_media');
  }
  assert.equal(blobs(), before);
  const list = await (await reeld.call('GET', '/v1/assets')).json();
  assert.deepEqual(list.items, []);
});

test('an empty body is refused', async () => {
  await problem(await reeld.call('POST', '/v1/assets', {body: '', headers: {'content-type': 'video/mp4'}}),
    422, 'unsupported_media');
});

test('another digest than the announced one is refused', async () => {
  const before = blobs();
  const headers = {'content-type': 'video/mp4', 'content-digest': `sha-256=:${sha256('other', 'base64')}:`};
  await problem(await reeld.call('POST', '/v1/assets', {body: bytes('plain.mp4'), headers}), 422, 'digest_mismatch');
  headers['content-digest'] = 'sha-256=nonsense';
  await problem(await reeld.call('POST', '/v1/assets', {body: bytes('plain.mp4'), headers}), 400, 'invalid_request');
  assert.equal(blobs(), before);
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
    const body = await problem(await reeld.upload(film('plain.mp4'), {query}), 400, 'invalid_request');
    assert.match(body.detail, detail, query);
  }
});

test('what this version does not do is said', async () => {
  await problem(await reeld.call('POST', '/v1/assets', {body: {url: 'http://example.org/a.mp4'}}), 501, 'not_implemented');
  await problem(await reeld.upload(film('plain.mp4'), {query: '?callback_url=http%3A%2F%2Fx'}), 501, 'not_implemented');
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
    await problem(answer, 413, 'too_large');
});

test('respond-async answers before the probe', async () => {
  const answer = await reeld.upload(film('plain.mp4'), {headers: {prefer: 'respond-async'}});
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
  const first = await reeld.upload(film('plain.mp4'), {headers});
  const second = await reeld.upload(film('plain.mp4'), {headers});
  assert.equal(first.status, 201);
  assert.equal(second.status, 201);
  assert.equal(second.headers.get('location'), first.headers.get('location'));
  const asset = await first.json();
  assert.deepEqual(await second.json(), asset);
  await problem(await reeld.upload(film('sound.mp3'), {headers}), 422, 'idempotency_mismatch');
  const list = await (await reeld.call('GET', '/v1/assets')).json();
  assert.equal(list.items.length, 1);
  await reeld.call('DELETE', `/v1/assets/${asset.id}`);
});

test('the same bytes are stored once, until the last of their assets goes', async () => {
  const before = blobs();
  const one = await (await reeld.upload(film('mpeg4.mkv'))).json();
  const two = await (await reeld.upload(film('mpeg4.mkv'))).json();
  assert.notEqual(one.id, two.id);
  assert.equal(blobs(), before + 1);
  assert.equal((await reeld.call('DELETE', `/v1/assets/${one.id}`)).status, 204);
  assert.equal(blobs(), before + 1);
  assert.equal((await reeld.call('GET', `/v1/assets/${two.id}/source`)).status, 200);
  assert.equal((await reeld.call('DELETE', `/v1/assets/${two.id}`)).status, 204);
  assert.equal(blobs(), before);
});

test('a broken connection leaves nothing behind', async () => {
  const before = blobs();
  await new Promise((done) => {
    const socket = connect(reeld.port, '127.0.0.1');
    socket.write(`POST /v1/assets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${reeld.key}\r\n` +
      'Content-Type: video/mp4\r\nContent-Length: 100000\r\n\r\nabc', () => socket.destroy());
    socket.on('close', done);
  });
  const asset = await (await reeld.upload(film('plain.mp4'))).json();
  assert.equal(asset.state, 'ready');
  await reeld.call('DELETE', `/v1/assets/${asset.id}`);
  assert.equal(blobs(), before);
});
