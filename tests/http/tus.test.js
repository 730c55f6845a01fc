// SPDX-License-Identifier: MIT
// tus.test.js - resumable uploads by tus 1.0, header by header.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {appendFileSync, existsSync, readdirSync, readFileSync, renameSync} from 'node:fs';
import {connect} from 'node:net';
import {join} from 'node:path';
import {after, before, test} from 'node:test';

import {startDaemon} from './daemon.js';
import {film} from './films.js';
import {isProblem} from './problem.js';
import {until} from './remote.js';

const LIMIT = 4 << 20;
const FLAGS = ['--upload-limit', String(LIMIT), '--ladder', 'on_demand', '--requests-per-key', '0'];
const BYTES = {'content-type': 'application/offset+octet-stream'};
const VERSION = {'tus-resumable': '1.0.0'};

let reeld;
before(async () => { reeld = await startDaemon(FLAGS); });
after(() => reeld.stop());

const bytes = (name) => readFileSync(film(name));
const sha256 = (data) => createHash('sha256').update(data).digest('hex');
const base64 = (text) => Buffer.from(text).toString('base64');
const sum = (kind, data) => `${kind} ${createHash(kind).update(data).digest('base64')}`;
const drafts = (daemon = reeld) => readdirSync(join(daemon.dataDir, 'drafts')).length;

async function create(headers, {body, daemon = reeld, key} = {}) {
  return daemon.call('POST', '/v1/uploads', {key: key ?? daemon.key, body,
    headers: {...VERSION, ...(body === undefined ? {} : BYTES), ...headers}});
}

// The path of a new upload.
async function begin(length, headers = {}, daemon = reeld) {
  const answer = await create({...(length === null ? {'upload-defer-length': '1'} : {'upload-length': String(length)}), ...headers},
    {daemon});
  assert.equal(answer.status, 201, await answer.text());
  return new URL(answer.headers.get('location')).pathname;
}

const append = (path, offset, body, headers = {}, daemon = reeld) =>
  daemon.call('PATCH', path, {body, headers: {...VERSION, ...BYTES, 'upload-offset': String(offset), ...headers}});
const head = (path, daemon = reeld) => daemon.call('HEAD', path, {headers: VERSION});
const end = (path, daemon = reeld) => daemon.call('DELETE', path, {headers: VERSION});
const offset = async (path, daemon = reeld) => Number((await head(path, daemon)).headers.get('upload-offset'));

async function isDone(answer, data, daemon = reeld) {
  assert.ok(answer.status === 204 || answer.status === 201, await answer.text());
  assert.equal(Number(answer.headers.get('upload-offset')), data.length);
  const id = answer.headers.get('reeld-asset');
  assert.equal(answer.headers.get('content-location'), `${daemon.base}/v1/assets/${id}`);
  const asset = await daemon.json(`/v1/assets/${id}`);
  assert.equal(asset.sha256, sha256(data));
  assert.equal(asset.size_bytes, data.length);
  return asset;
}

const remove = (asset) => reeld.call('DELETE', `/v1/assets/${asset.id}`);

test('OPTIONS says what there is, to anybody', async () => {
  const answer = await reeld.call('OPTIONS', '/v1/uploads', {key: ''});
  assert.equal(answer.status, 204);
  assert.equal(answer.headers.get('tus-resumable'), '1.0.0');
  assert.equal(answer.headers.get('tus-version'), '1.0.0');
  assert.equal(Number(answer.headers.get('tus-max-size')), LIMIT);
  assert.equal(answer.headers.get('tus-checksum-algorithm'), 'sha1,sha256');
  for (const name of ['creation', 'creation-with-upload', 'creation-defer-length', 'checksum', 'termination', 'expiration', 'concatenation'])
    assert.ok(answer.headers.get('tus-extension').split(',').includes(name), name);
  assert.match(answer.headers.get('access-control-allow-headers'), /Upload-Offset/);
});

test('an upload in three pieces becomes an asset', async () => {
  const data = bytes('plain.mp4');
  const metadata = `filename ${base64('a/b/näme.mp4')},name ${base64('A film')},description ${base64('x')},` +
    `metadata ${base64('{"a":1}')},relativePath ,filetype ${base64('video/mp4')}`;
  const path = await begin(data.length, {'upload-metadata': metadata});
  assert.match(path, /^\/v1\/uploads\/u-[0-9a-z]{26}$/);
  assert.equal(await offset(path), 0);
  const third = Math.ceil(data.length / 3);
  for (const from of [0, third]) {
    const answer = await append(path, from, data.subarray(from, from + third));
    assert.equal(answer.status, 204, await answer.text());
    assert.equal(Number(answer.headers.get('upload-offset')), from + third);
    assert.ok(Date.parse(answer.headers.get('upload-expires')) > Date.now() + 23 * 3600e3);
    assert.equal(answer.headers.get('reeld-asset'), null);
    const told = await reeld.json(path);
    assert.equal(told.state, 'uploading');
    assert.equal(told.offset, from + third);
    assert.equal(told.length, data.length);
    assert.equal(told.asset, null);
  }
  const known = await head(path);
  assert.equal(known.status, 200);
  assert.equal(known.headers.get('upload-length'), String(data.length));
  assert.equal(known.headers.get('upload-metadata'), metadata);
  assert.equal(known.headers.get('cache-control'), 'no-store');
  const asset = await isDone(await append(path, 2 * third, data.subarray(2 * third)), data);
  assert.equal(asset.state, 'ready');
  assert.equal(asset.name, 'A film');
  assert.equal(asset.filename, 'näme.mp4');
  assert.deepEqual(asset.metadata, {a: 1});
  assert.equal((await fetch(asset.playback.hls)).status, 200);
  // Afterwards: told as before, and nothing is made twice.
  const told = await reeld.json(path);
  assert.equal(told.state, 'finished');
  assert.equal(told.asset, asset.id);
  assert.equal((await head(path)).headers.get('reeld-asset'), asset.id);
  assert.equal((await append(path, data.length, '')).headers.get('reeld-asset'), asset.id);
  await isProblem(await append(path, 0, data), 409, 'wrong_offset');
  assert.equal((await reeld.json('/v1/assets')).items.length, 1);
  assert.equal(drafts(), 0);
  assert.equal((await end(path)).status, 204);
  await isProblem(await reeld.call('GET', path), 404, 'not_found');
  assert.equal((await reeld.call('GET', `/v1/assets/${asset.id}`)).status, 200, 'the asset stays');
  await remove(asset);
});

test('a creation may bring all of it, or a part', async () => {
  const data = bytes('sound.mp3');
  const whole = await create({'upload-length': String(data.length), 'upload-metadata': `filename ${base64('song.mp3')}`}, {body: data});
  assert.equal(whole.status, 201);
  const asset = await isDone(whole, data);
  assert.match(asset.id, /^a-/);
  await remove(asset);
  const some = await create({'upload-length': String(data.length)}, {body: data.subarray(0, 1000)});
  assert.equal(some.status, 201);
  assert.equal(some.headers.get('upload-offset'), '1000');
  const path = new URL(some.headers.get('location')).pathname;
  await remove(await isDone(await append(path, 1000, data.subarray(1000)), data));
});

test('a length may come later, once', async () => {
  const data = bytes('sound.mp3');
  const path = await begin(null);
  assert.equal((await head(path)).headers.get('upload-defer-length'), '1');
  assert.equal((await reeld.json(path)).length, null);
  assert.equal((await append(path, 0, data.subarray(0, 5000))).status, 204);
  await isProblem(await append(path, 5000, 'x', {'upload-length': '4999'}), 400, 'invalid_request');
  // Not less than comes with it, either: nothing of that is kept.
  await isProblem(await append(path, 5000, 'abcdef', {'upload-length': '5003'}), 413, 'too_large');
  assert.equal(await offset(path), 5000);
  assert.equal((await append(path, 5000, '', {'upload-length': String(data.length)})).status, 204);
  assert.equal((await head(path)).headers.get('upload-length'), String(data.length));
  await isProblem(await append(path, 5000, 'x', {'upload-length': String(data.length + 1)}), 400, 'invalid_request');
  await remove(await isDone(await append(path, 5000, data.subarray(5000)), data));
});

test('a checksum is checked before anything is kept', async () => {
  const data = bytes('sound.mp3');
  const path = await begin(data.length);
  const half = data.subarray(0, 20000), rest = data.subarray(20000);
  await isProblem(await append(path, 0, half, {'upload-checksum': sum('sha1', rest)}), 460, 'checksum_mismatch');
  assert.equal(await offset(path), 0);
  assert.equal((await append(path, 0, half, {'upload-checksum': sum('sha1', half)})).status, 204);
  await isProblem(await append(path, 20000, rest, {'upload-checksum': sum('sha256', half)}), 460, 'checksum_mismatch');
  assert.equal(await offset(path), 20000);
  await remove(await isDone(await append(path, 20000, rest, {'upload-checksum': sum('sha256', rest)}), data));
  await isProblem(await create({'upload-length': '9', 'upload-checksum': sum('sha1', 'a')}, {body: 'b'}), 460, 'checksum_mismatch');
  assert.equal(drafts(), 0);
});

test('parts are put together, once, and used up', async () => {
  const data = bytes('plain.mp4');
  const cut = [0, 70000, 70000, data.length];
  const parts = [];
  for (let i = 0; i + 1 < cut.length; i++) {
    const path = await begin(cut[i + 1] - cut[i], {'upload-concat': 'partial'});
    parts.push(path);
    if (i === 0)
      await isProblem(await create({'upload-concat': `final;${path}`}), 409, 'conflict');
    const answer = await append(path, 0, data.subarray(cut[i], cut[i + 1]));
    assert.equal(answer.status, 204);
    assert.equal(answer.headers.get('reeld-asset'), null);
    assert.equal((await head(path)).headers.get('upload-concat'), 'partial');
  }
  const headers = {'upload-concat': `final;${parts.map((p, i) => (i % 2 ? reeld.base : '') + p).join(' ')}`,
    'upload-metadata': `name ${base64('joined')}`};
  const first = await create(headers);
  const asset = await isDone(first, data);
  assert.equal(asset.name, 'joined');
  // The answer was lost: the same again.
  const second = await create(headers);
  assert.equal(second.status, 201);
  assert.equal(second.headers.get('location'), first.headers.get('location'));
  assert.equal((await isDone(second, data)).id, asset.id);
  assert.equal(drafts(), 0);
  const path = new URL(first.headers.get('location')).pathname;
  assert.equal((await head(path)).headers.get('upload-concat'), headers['upload-concat']);
  await isProblem(await append(path, data.length, ''), 403, 'forbidden');
  for (const part of parts)
    await isProblem(await reeld.call('GET', part), 404, 'not_found');
  await isProblem(await create({'upload-concat': `final;${path}`}), 400, 'invalid_request');
  await isProblem(await create({'upload-concat': `final;${parts[0]}`}), 400, 'invalid_request');
  await isProblem(await create({'upload-concat': `final;${parts[0]}`, 'upload-length': '5'}), 400, 'invalid_request');
  await remove(asset);
});

test('the same Idempotency-Key is the same upload', async () => {
  const headers = {'upload-length': '100', 'idempotency-key': 'once'};
  const one = await create(headers);
  const two = await create(headers);
  assert.equal(two.status, 201);
  assert.equal(two.headers.get('location'), one.headers.get('location'));
  await isProblem(await create({...headers, 'upload-length': '101'}), 422, 'idempotency_mismatch');
  const path = new URL(one.headers.get('location')).pathname;
  assert.equal((await append(path, 0, 'abc')).status, 204);
  const three = await create(headers, {body: 'abcdef'});
  assert.equal(three.headers.get('upload-offset'), '3');
  await end(path);
});

test('a POST stands for what something on the way swallows', async () => {
  const path = await begin(10);
  const post = (method, body, more) => reeld.call('POST', path, {body,
    headers: {...VERSION, ...BYTES, ...(method ? {'x-http-method-override': method} : {}), ...more}});
  await isProblem(await post('', 'abc', {'upload-offset': '0'}), 405, 'method_not_allowed');
  await isProblem(await post('PUT', 'abc', {'upload-offset': '0'}), 405, 'method_not_allowed');
  const answer = await post('PATCH', 'abc', {'upload-offset': '0'});
  assert.equal(answer.status, 204);
  assert.equal(answer.headers.get('upload-offset'), '3');
  assert.equal((await post('DELETE', '')).status, 204);
  await isProblem(await reeld.call('GET', path), 404, 'not_found');
});

test('what is malformed is named', async () => {
  const path = await begin(10);
  const long = {'upload-length': '10'};
  const table = [
    [await create({}), 400, 'invalid_request', /Upload-Length/],
    [await create({...long, 'upload-defer-length': '1'}), 400, 'invalid_request', /Upload-Length/],
    [await create({'upload-defer-length': '2'}), 400, 'invalid_request', /Upload-Defer-Length/],
    [await create({'upload-length': '-1'}), 400, 'invalid_request', /Upload-Length/],
    [await create({'upload-length': '1e3'}), 400, 'invalid_request', /Upload-Length/],
    [await create({'upload-length': '99999999999999999999'}), 400, 'invalid_request', /Upload-Length/],
    [await create({...long, 'upload-metadata': 'a b c'}), 400, 'invalid_request', /Upload-Metadata/],
    [await create({...long, 'upload-metadata': 'a YQ==,a YQ=='}), 400, 'invalid_request', /twice/],
    [await create({...long, 'upload-metadata': `name ${base64('a\nb')}`}), 400, 'invalid_request', /name/],
    [await create({...long, 'upload-metadata': `filename ${base64('a\x7fb')}`}), 400, 'invalid_request', /file/],
    [await create({...long, 'upload-metadata': `metadata ${base64('[]')}`}), 400, 'invalid_request', /metadata/],
    [await create({...long, 'upload-metadata': `collection ${base64('c-no')}`}), 400, 'invalid_request', /collection/],
    [await create({...long, 'upload-concat': 'whole'}), 400, 'invalid_request', /Upload-Concat/],
    [await create({...long, 'upload-checksum': 'md5 abc'}, {body: 'a'}), 400, 'invalid_request', /sha1/],
    [await create({'upload-length': String(LIMIT + 1)}), 413, 'too_large', /4194304/],
    [await create(long, {body: 'more than ten bytes'}), 413, 'too_large', /10/],
    [await create({'upload-length': '0'}), 422, 'unsupported_media', /empty/],
    [await create({...long, 'content-type': 'text/plain'}, {body: 'a'}), 415, 'unsupported_type', /octet-stream/],
    [await create({...long, 'content-type': 'multipart/form-data; boundary=x'}, {body: '--x--'}), 415, 'unsupported_type', /octet-stream/],
    [await append(path, 0, 'a', {'content-type': 'text/plain'}), 415, 'unsupported_type', /octet-stream/],
    [await append(path, 'x', 'a'), 400, 'invalid_request', /Upload-Offset/],
    [await append(path, 1, 'a'), 409, 'wrong_offset', /Upload-Offset/],
    [await append(path, 0, 'more than ten bytes'), 413, 'too_large', /10/],
    [await append(path, 0, 'a', {'upload-checksum': 'sha1 abc'}), 400, 'invalid_request', /sha1/],
    [await append('/v1/uploads/u-00000000000000000000000000', 0, 'a'), 404, 'not_found', /upload/],
    [await append('/v1/uploads/m-00000000000000000000000000', 0, 'a'), 404, 'not_found', /upload/],
    [await reeld.call('PUT', path), 405, 'method_not_allowed', /./],
  ];
  for (const [answer, status, code, detail] of table) {
    assert.equal(answer.headers.get('tus-resumable'), '1.0.0');
    assert.match((await isProblem(answer, status, code)).detail, detail);
  }
  assert.equal(await offset(path), 0);
  await end(path);
  assert.equal(drafts(), 0);
});

test('another version of tus is refused, and ours named', async () => {
  const path = await begin(10);
  for (const version of [{}, {'tus-resumable': '0.2.2'}, {'tus-resumable': '1.0.0, 1.0.0'}])
    for (const answer of [
      await reeld.call('POST', '/v1/uploads', {headers: {...version, 'upload-length': '5'}}),
      await reeld.call('PATCH', path, {headers: {...version, ...BYTES, 'upload-offset': '0'}, body: 'a'}),
      await reeld.call('DELETE', path, {headers: version})]) {
      assert.equal(answer.headers.get('tus-version'), '1.0.0');
      await isProblem(answer, 412, 'tus_version');
    }
  assert.equal((await reeld.call('HEAD', path)).status, 412);
  assert.equal(await offset(path), 0);
  await end(path);
});

test('only keys that may ingest see uploads', async () => {
  const path = await begin(10);
  const made = await (await reeld.call('POST', '/v1/keys', {json: {scopes: ['read'], label: 'reader'}})).json();
  for (const [key, status, code] of [['', 401, 'unauthorized'], ['rk_nonsense', 401, 'unauthorized'], [made.key, 403, 'forbidden']]) {
    const headers = {...VERSION, ...BYTES, 'upload-offset': '0', 'upload-length': '10'};
    for (const [method, to] of [['POST', '/v1/uploads'], ['GET', path], ['PATCH', path], ['POST', path], ['DELETE', path]])
      await isProblem(await reeld.call(method, to, {key, headers}), status, code);
    assert.equal((await reeld.call('HEAD', path, {key, headers})).status, status);
  }
  await end(path);
});

test('what is no media is gone after the last byte', async () => {
  const data = Buffer.alloc(30000, 'no media ');
  const path = await begin(data.length);
  await isProblem(await append(path, 0, data), 422, 'unsupported_media');
  const told = await reeld.json(path);
  assert.equal(told.state, 'rejected');
  assert.equal(told.error.code, 'unsupported_media');
  assert.equal((await head(path)).status, 410);
  await isProblem(await append(path, data.length, ''), 410, 'upload_gone');
  assert.equal((await reeld.json('/v1/assets')).items.length, 0);
  assert.ok(!existsSync(join(reeld.dataDir, 'blobs', sha256(data).slice(0, 2), sha256(data).slice(2))));
  assert.equal((await end(path)).status, 204);
});

// A PATCH that has sent some of its bytes and stays open.
function hold(path, from, length, data, {daemon = reeld, headers = {}} = {}) {
  const more = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return new Promise((resolve, reject) => {
    const socket = connect(daemon.port, '127.0.0.1');
    let text = '';
    const closed = new Promise((done) => socket.on('close', () => done(text)));
    socket.on('error', () => {});
    socket.on('data', (part) => {
      text += part;
      if (text.startsWith('HTTP/1.1 100'))
        socket.write(data, () => resolve({socket, closed}));
      else
        reject(new Error(text));
    });
    socket.write(`PATCH ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${daemon.key}\r\nTus-Resumable: 1.0.0\r\n` +
      `Content-Type: ${BYTES['content-type']}\r\nUpload-Offset: ${from}\r\nContent-Length: ${length}\r\n${more}Expect: 100-continue\r\n\r\n`);
  });
}

test('one request at a time writes, and whoever asks with HEAD ends it', async () => {
  const data = bytes('plain.mp4');
  const path = await begin(data.length);
  const held = await hold(path, 0, data.length, data.subarray(0, 50000));
  await until('it came', async () => (await reeld.json(path)).offset === 50000);
  await isProblem(await append(path, 50000, data.subarray(50000)), 423, 'locked');
  assert.equal(await offset(path), 50000);
  // What the old one still sends goes nowhere.
  held.socket.write(Buffer.alloc(1000));
  assert.match(await held.closed, /\r\n\r\nHTTP\/1\.1 423 /);
  assert.equal(await offset(path), 50000);
  await remove(await isDone(await append(path, 50000, data.subarray(50000)), data));
});

test('a dropped line loses nothing that came', async () => {
  const data = bytes('plain.mp4');
  const path = await begin(data.length);
  let at = 0;
  for (let i = 0; i < 100; i++) {
    const held = await hold(path, at, data.length - at, data.subarray(at, at + 200));
    await until('it came', async () => (await reeld.json(path)).offset === at + 200);
    held.socket.resetAndDestroy();
    at = await offset(path);
    assert.equal(at, 200 * (i + 1));
  }
  await remove(await isDone(await append(path, at, data.subarray(at)), data));
});

test('half of a checked piece is nothing', async () => {
  const path = await begin(100);
  const body = 'a'.repeat(50);
  const headers = {'upload-checksum': sum('sha1', body)};
  const held = await hold(path, 0, 50, body.slice(0, 30), {headers});
  held.socket.resetAndDestroy();
  assert.equal(await offset(path), 0);
  assert.equal((await append(path, 0, body, headers)).status, 204);
  await end(path);
});

test('an upload outlives kill -9', async () => {
  const data = bytes('plain.mp4');
  let daemon = await startDaemon(FLAGS);
  try {
    const path = await begin(data.length, {'upload-metadata': `name ${base64('lived')}`}, daemon);
    let at = 0;
    for (let i = 0; i < 3; i++) {
      await hold(path, at, data.length - at, data.subarray(at, at + 20000), {daemon});
      await until('it came', async () => (await daemon.json(path)).offset === at + 20000);
      at += 20000;
      await daemon.kill();
      daemon = await daemon.restart();
      assert.equal(await offset(path, daemon), at);
    }
    const asset = await isDone(await append(path, at, data.subarray(at), {}, daemon), data, daemon);
    assert.equal(asset.name, 'lived');
    await daemon.kill();
    daemon = await daemon.restart();
    assert.equal((await head(path, daemon)).headers.get('reeld-asset'), asset.id);
    assert.equal((await daemon.json('/v1/assets')).items.length, 1);
  } finally {
    await daemon.stop();
  }
});

// Between the last byte and the fact a life may end at three places; whoever
// asks for the upload afterwards finds the asset, once.
for (const [place, isNoted, isMoved] of [['before the asset is noted', false, false], ['before the bytes move', true, false],
  ['before the fact', true, true]])
  test(`a life that ends ${place} costs nothing`, async () => {
    const data = bytes('plain.mp4');
    let daemon = await startDaemon(FLAGS);
    try {
      const path = await begin(data.length, {'upload-metadata': `name ${base64('taken up')}`}, daemon);
      assert.equal((await append(path, 0, data.subarray(0, 1000), {}, daemon)).status, 204);
      await daemon.kill();
      const id = path.split('/').pop(), key = sha256(data);
      const draft = join(daemon.dataDir, 'drafts', id);
      const noted = 'm-01jd8zk3v5x2n9q4t7w0y1b6ce';
      appendFileSync(draft, data.subarray(1000));
      if (isNoted)
        execFileSync('sqlite3', [join(daemon.dataDir, 'catalog.db'),
          `UPDATE upload SET state = 1, asset_id = '${noted}', sha256 = x'${key}' WHERE id = '${id}'`]);
      if (isMoved)
        renameSync(draft, join(daemon.dataDir, 'blobs', key.slice(0, 2), key.slice(2)));
      daemon = await daemon.restart();
      const answers = await Promise.all([head(path, daemon), head(path, daemon), head(path, daemon)]);
      for (const answer of answers)
        assert.ok(answer.status === 200 || answer.status === 423, String(answer.status));
      const known = await head(path, daemon);
      assert.equal(known.headers.get('upload-offset'), String(data.length));
      const asset = known.headers.get('reeld-asset');
      if (isNoted)
        assert.equal(asset, noted);
      let told = await daemon.json(`/v1/assets/${asset}`);
      while (told.state === 'uploaded')
        told = await daemon.json(`/v1/assets/${asset}?wait=5`);
      assert.equal(told.state, 'ready');
      assert.equal(told.name, 'taken up');
      assert.equal(told.sha256, key);
      assert.equal((await daemon.json('/v1/assets')).items.length, 1);
      assert.equal(drafts(daemon), 0);
    } finally {
      await daemon.stop();
    }
  });

test('what is left of expired uploads is swept', async () => {
  let daemon = await startDaemon([...FLAGS, '--upload-expiry', '2s']);
  try {
    const path = await begin(10, {}, daemon);
    assert.equal((await append(path, 0, 'abc', {}, daemon)).status, 204);
    assert.equal(drafts(daemon), 1);
    await until('it expires', async () => (await head(path, daemon)).status === 410);
    await isProblem(await append(path, 3, 'abc', {}, daemon), 410, 'upload_gone');
    // The janitor makes his round at the start.
    await daemon.kill();
    daemon = await daemon.restart();
    await until('it is swept', async () => (await head(path, daemon)).status === 404);
    assert.equal(drafts(daemon), 0);
  } finally {
    await daemon.stop();
  }
});

test('uploads count: at once, unfinished, and in space', async () => {
  const daemon = await startDaemon([...FLAGS, '--uploads-per-key', '1', '--unfinished-per-key', '3']);
  try {
    const path = await begin(1000, {}, daemon);
    const held = await hold(path, 0, 1000, 'abc', {daemon});
    const busy = await create({'upload-length': '5'}, {daemon});
    assert.ok(Number(busy.headers.get('retry-after')) > 0);
    await isProblem(busy, 503, 'busy');
    held.socket.resetAndDestroy();
    await until('the place is free', async () => (await head(path, daemon)).status === 200 &&
      (await append(path, 3, 'd', {}, daemon)).status !== 503);
    await begin(5, {}, daemon);
    await begin(5, {}, daemon);
    await isProblem(await create({'upload-length': '5'}, {daemon}), 429, 'too_many_requests');
    assert.equal(drafts(daemon), 3);
    assert.equal((await end(path, daemon)).status, 204);
    await begin(5, {}, daemon);
  } finally {
    await daemon.stop();
  }
  const full = await startDaemon(['--keep-free', '1024TiB']);
  try {
    await isProblem(await create({'upload-length': '5'}, {daemon: full}), 507, 'no_space');
    assert.equal(drafts(full), 0);
  } finally {
    await full.stop();
  }
});
