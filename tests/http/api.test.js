// SPDX-License-Identifier: MIT
// api.test.js - keys and scopes, lists, changes, errors, CORS.
import assert from 'node:assert/strict';
import {readFileSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';

import {startDaemon} from './daemon.js';
import {film} from './films.js';
import {isProblem} from './problem.js';

const ROUTES = JSON.parse(readFileSync(new URL('../../src/api/openapi.json', import.meta.url)));
let reeld;
before(async () => {
  reeld = await startDaemon(['--ladder', 'on_demand', '--cors-origins', 'https://a.example https://b.example']);
});
after(() => reeld.stop());

async function newKey(scopes, label = '') {
  const answer = await reeld.call('POST', '/v1/keys', {json: {scopes, label}});
  assert.equal(answer.status, 201);
  return answer.json();
}

// Every described operation as {method, path, scope, absent}.
function operations() {
  const all = [];
  for (const [path, methods] of Object.entries(ROUTES.paths))
    for (const [method, about] of Object.entries(methods))
      all.push({method: method.toUpperCase(), path: path.replace(/\{\w+\}/g, 'x'), scope: about['x-reeld-scope'],
        absent: about['x-reeld-absent']});
  return all;
}

test('the first key is for its owner alone', () => {
  const mode = statSync(join(reeld.dataDir, 'admin.key')).mode & 0o777;
  assert.equal(mode, 0o600);
  assert.match(reeld.key, /^rk_[0-9a-hjkmnp-tv-z]{26}_[\w-]{43}$/);
  assert.ok(!reeld.lines.join('\n').includes(reeld.key.slice(30)));
});

test('every call asks for its scope', async () => {
  const keys = {};
  for (const scope of ['read', 'ingest', 'admin'])
    keys[scope] = await newKey([scope], `only ${scope}`);
  for (const {method, path, scope, absent} of operations().filter((o) => o.scope)) {
    const send = (key) => reeld.call(method, path, {key, headers: {'content-type': 'text/plain'},
      body: method === 'POST' || method === 'PATCH' ? 'x' : undefined});
    await isProblem(await send(''), 401, 'unauthorized');
    for (const [name, {key}] of Object.entries(keys)) {
      const answer = await send(key);
      const isLet = name === scope || name === 'admin';
      assert.equal(answer.status === 403, !isLet, `${method} ${path} with ${name}: ${answer.status}`);
      assert.equal(answer.status === 501, Boolean(isLet && absent), `${method} ${path} with ${name}: ${answer.status}`);
      assert.ok(answer.status < 500 || answer.status === 501, `${method} ${path}: ${answer.status}`);
      if (answer.headers.get('content-type') === 'text/event-stream')
        await answer.body.cancel(); // it has no end
      else
        await answer.arrayBuffer();
    }
  }
  for (const {id} of Object.values(keys))
    assert.equal((await reeld.call('DELETE', `/v1/keys/${id}`)).status, 204);
});

// Of the other face: its table itself is read, so that no route is forgotten.
function videodbOperations() {
  const table = readFileSync(new URL('../../src/videodb/routes.c', import.meta.url), 'utf8');
  const scopes = {READ: ['read'], WRITE: ['ingest'], BOTH: ['read', 'ingest']};
  const all = [];
  for (const [, kind, method, path, rest] of table.matchAll(/^ +(DO|NO)\(\s*"(\w+)",\s*"([^"]+)",\s*([^)]+)\),/gm)) {
    const word = kind === 'NO' ? 'READ' : /,\s*(READ|WRITE|BOTH)\b/.exec(rest)?.[1];
    assert.ok(word, `${method} ${path}: ${rest}`);
    all.push({method, path: `/videodb${path.replace(/\{[\w.]+\}/g, 'x')}`, scopes: scopes[word], isAbsent: kind === 'NO'});
  }
  const rows = table.slice(table.indexOf('videodb_routes[]')).match(/^ +(?:DO\(|NO\(|\{")/gm).length;
  // One has its right in its address.
  assert.equal(all.length, rows - 1);
  return all;
}

test('every call of the other face asks for its scope', async () => {
  const keys = {};
  for (const scope of ['read', 'ingest', 'admin'])
    keys[scope] = await newKey([scope], `only ${scope}`);
  for (const {method, path, scopes} of videodbOperations()) {
    const send = (key) => reeld.call(method, path, {key: '', headers: key ? {'x-access-token': key} : {},
      body: method === 'POST' || method === 'PATCH' ? 'x' : undefined});
    const stranger = await send('');
    assert.equal(stranger.status, 401, `${method} ${path}`);
    await stranger.arrayBuffer();
    for (const [name, {key}] of Object.entries(keys)) {
      const answer = await send(key);
      const isLet = scopes.includes(name) || name === 'admin';
      assert.equal(answer.status === 403, !isLet, `${method} ${path} with ${name}: ${answer.status}`);
      assert.ok(answer.status < 500 || answer.status === 501, `${method} ${path}: ${answer.status}`);
      await answer.arrayBuffer();
    }
  }
  for (const {id} of Object.values(keys))
    assert.equal((await reeld.call('DELETE', `/v1/keys/${id}`)).status, 204);
});

test('a revoked key is nobody at once', async () => {
  const key = await newKey(['read']);
  assert.equal((await reeld.call('GET', '/v1/assets', {key: key.key})).status, 200);
  const token = await reeld.call('GET', '/v1/assets', {key: '', headers: {'x-access-token': key.key}});
  assert.equal(token.status, 200);
  assert.equal((await reeld.call('DELETE', `/v1/keys/${key.id}`)).status, 204);
  const answer = await reeld.call('GET', '/v1/assets', {key: key.key});
  assert.match(answer.headers.get('www-authenticate'), /^Bearer/);
  await isProblem(answer, 401, 'unauthorized');
  const list = await reeld.json('/v1/keys');
  const listed = list.items.find((k) => k.id === key.id);
  assert.ok(listed.revoked_at);
  assert.equal(listed.key, undefined);
});

test('secrets are in no file of the catalog', async () => {
  const {key} = await newKey(['read']);
  for (const name of ['catalog.db', 'catalog.db-wal'])
    assert.ok(!readFileSync(join(reeld.dataDir, name)).includes(key.slice(30)), name);
});

test('wrong keys are slowed down, live ones are not', async () => {
  const other = await startDaemon();
  try {
    const wrong = `${other.key.slice(0, -2)}AA`;
    const seen = [];
    for (let i = 0; i < 25; i++)
      seen.push((await other.call('GET', '/v1/system', {key: wrong})).status);
    assert.deepEqual(seen.slice(0, 20), Array(20).fill(401));
    assert.equal(seen.at(-1), 429);
    const answer = await other.call('GET', '/v1/system', {key: wrong});
    assert.ok(Number(answer.headers.get('retry-after')) >= 1);
    await isProblem(answer, 429, 'too_many_requests');
    assert.equal((await other.call('GET', '/v1/system')).status, 200);
  } finally {
    await other.stop();
  }
});

test('requests of one key have a rate', async () => {
  const other = await startDaemon(['--requests-per-key', '5']);
  try {
    const answers = await Promise.all(Array.from({length: 30}, () => other.call('GET', '/v1/system')));
    const refused = answers.filter((a) => a.status === 429);
    assert.ok(refused.length >= 15 && refused.length <= 20, String(refused.length));
    assert.ok(Number(refused[0].headers.get('retry-after')) >= 1);
  } finally {
    await other.stop();
  }
});

test('keys are made of what is asked for, and of nothing else', async () => {
  for (const json of [{}, {scopes: []}, {scopes: ['all']}, {scopes: 'read'}, {scopes: ['read'], label: 'x'.repeat(64)},
    {scopes: ['read'], more: 1}, {scopes: ['read'], label: 'a\nb'}])
    await isProblem(await reeld.call('POST', '/v1/keys', {json}), 400, 'invalid_request');
  await isProblem(await reeld.call('POST', '/v1/keys', {json: {scopes: ['read']}, headers: {'idempotency-key': 'k'}}),
    400, 'invalid_request');
});

test('lists are paged from the newest on', async () => {
  const ids = [];
  for (let i = 0; i < 5; i++)
    ids.unshift((await reeld.upload(film('plain.mp4'), {name: `film ${i}`})).id);
  const seen = [];
  let path = '/v1/assets?limit=2&name=film';
  while (path) {
    const answer = await reeld.call('GET', path);
    const {items, next} = await answer.json();
    seen.push(...items.map((a) => a.id));
    const link = answer.headers.get('link');
    assert.equal(link !== null, next !== null);
    path = link && new URL(link.match(/^<([^>]+)>; rel="next"$/)[1]).href.slice(reeld.base.length);
    if (next)
      assert.ok(path.includes('name=film') && path.includes('limit=2'));
  }
  assert.deepEqual(seen, ids);
  assert.equal((await reeld.json('/v1/assets?state=rejected')).items.length, 0);
  assert.equal((await reeld.json('/v1/assets?kind=audio')).items.length, 0);
  assert.equal((await reeld.json('/v1/assets?kind=video&state=ready&collection=default')).items.length, 5);
  assert.equal((await reeld.json(`/v1/assets?name=${encodeURIComponent('film 3')}`)).items.length, 1);
  for (const query of ['limit=0', 'limit=201', 'limit=x', 'limit=+1', 'cursor=x', 'state=x', 'kind=x', 'sort=name'])
    await isProblem(await reeld.call('GET', `/v1/assets?${query}`), 400, 'invalid_request');
  for (const id of ids)
    await reeld.call('DELETE', `/v1/assets/${id}`);
});

test('PATCH changes what it names, by RFC 7396', async () => {
  const asset = await reeld.upload(film('plain.mp4'), {metadata: '{"a":{"b":1,"c":2}}'});
  const path = `/v1/assets/${asset.id}`;
  const patch = (json, headers = {}) => reeld.call('PATCH', path,
    {json, headers: {'content-type': 'application/merge-patch+json', ...headers}});
  let etag, status = 0;
  // Its first segments may still be in the making, which changes the answer.
  for (let i = 0; i < 20 && status !== 304; i++) {
    etag = (await reeld.call('GET', path)).headers.get('etag');
    ({status} = await reeld.call('GET', path, {headers: {'if-none-match': etag}}));
  }
  assert.equal(status, 304);
  assert.match(etag, /^"[0-9a-f]{16}-[0-9a-f]{16}"$/);
  const answer = await patch({name: 'nêw', metadata: {a: {b: null, d: []}}, description: 'one\ntwo'}, {'if-match': etag});
  assert.equal(answer.status, 200);
  const changed = await answer.json();
  assert.equal(changed.name, 'nêw');
  assert.deepEqual(changed.metadata, {a: {c: 2, d: []}});
  assert.notEqual(answer.headers.get('etag'), etag);
  await isProblem(await patch({name: 'x'}, {'if-match': etag}), 412, 'changed');
  assert.equal((await patch({name: 'y'}, {'if-match': answer.headers.get('etag')})).status, 200);
  assert.equal((await patch({}, {'if-match': '*'})).status, 200);
  const cleared = await (await patch({metadata: null, description: null})).json();
  assert.deepEqual([cleared.metadata, cleared.description], [{}, '']);
  const bad = await isProblem(await patch({name: 1, 'a/b': 2}), 400, 'invalid_request');
  assert.deepEqual(bad.errors.map((e) => e.pointer).sort(), ['/a~1b', '/name']);
  await isProblem(await patch({collection: 'c-00000000000000000000000000'}), 400, 'invalid_request');
  await isProblem(await patch({metadata: {x: 'y'.repeat(66000)}}), 400, 'invalid_request');
  const type = await reeld.call('PATCH', path, {body: '{}', headers: {'content-type': 'text/plain'}});
  assert.equal(type.headers.get('accept-patch'), 'application/merge-patch+json');
  await isProblem(type, 415, 'unsupported_type');
  await isProblem(await reeld.call('DELETE', path, {headers: {'if-match': etag}}), 412, 'changed');
  assert.equal((await reeld.call('DELETE', path)).status, 204);
  await isProblem(await reeld.call('GET', path), 404, 'not_found');
  await isProblem(await reeld.call('DELETE', path), 404, 'not_found');
});

test('two changes of one ETag: one comes through', async () => {
  const asset = await reeld.upload(film('plain.mp4'));
  const path = `/v1/assets/${asset.id}`;
  const etag = (await reeld.call('GET', path)).headers.get('etag');
  const all = await Promise.all(Array.from({length: 8}, (_, i) => reeld.call('PATCH', path,
    {json: {name: `try ${i}`}, headers: {'if-match': etag, 'content-type': 'application/merge-patch+json'}})));
  assert.equal(all.filter((a) => a.status === 200).length, 1);
  assert.equal(all.filter((a) => a.status === 412).length, 7);
  await reeld.call('DELETE', path);
});

test('?wait= ends when something changes', async () => {
  const asset = await reeld.upload(film('mpeg4.mkv'));
  const path = `/v1/assets/${asset.id}`;
  const waiting = reeld.call('GET', `${path}?wait=30`).then((answer) => answer.json());
  const root = asset.playback.hls.replace('index.m3u8', '');
  for (const rendition of asset.renditions)
    await (await fetch(`${root}${rendition.name}/2.m4s`)).arrayBuffer();
  const later = await waiting;
  assert.ok(later.progress > asset.progress, `${later.progress} > ${asset.progress}`);
  // An older ETag: there is news already.
  const news = await reeld.call('GET', `${path}?wait=30`, {headers: {'if-none-match': '"x"'}});
  assert.equal(news.status, 200);
  await isProblem(await reeld.call('GET', `${path}?wait=61`), 400, 'invalid_request');
  const gone = reeld.call('GET', `${path}?wait=30`);
  await reeld.call('DELETE', path);
  assert.equal((await gone).status, 404);
});

test('collections hold assets', async () => {
  const headers = {'idempotency-key': 'collection-1'};
  const made = await reeld.call('POST', '/v1/collections', {json: {name: 'Talks'}, headers});
  const again = await reeld.call('POST', '/v1/collections', {json: {name: 'Talks'}, headers});
  assert.equal(made.status, 201);
  const talks = await made.json();
  assert.match(talks.id, /^c-/);
  assert.deepEqual(await again.json(), talks);
  assert.equal(again.headers.get('location'), made.headers.get('location'));
  await isProblem(await reeld.call('POST', '/v1/collections', {json: {name: 'Else'}, headers}), 422, 'idempotency_mismatch');
  await isProblem(await reeld.call('POST', '/v1/collections', {json: {}}), 400, 'invalid_request');
  const path = `/v1/collections/${talks.id}`;
  const asset = await reeld.upload(film('plain.mp4'), {collection: talks.id});
  assert.equal(asset.collection, talks.id);
  assert.equal((await reeld.json(`/v1/assets?collection=${talks.id}`)).items.length, 1);
  await isProblem(await reeld.call('DELETE', path), 409, 'conflict');
  const moved = await reeld.call('PATCH', `/v1/assets/${asset.id}`, {json: {collection: null}});
  assert.equal((await moved.json()).collection, 'default');
  const etag = (await reeld.call('GET', path)).headers.get('etag');
  const renamed = await reeld.call('PATCH', path, {json: {name: 'Lectures'}, headers: {'if-match': etag}});
  assert.equal((await renamed.json()).name, 'Lectures');
  await isProblem(await reeld.call('PATCH', path, {json: {name: 'x'}, headers: {'if-match': etag}}), 412, 'changed');
  assert.equal((await reeld.json('/v1/collections')).items.length, 2);
  assert.equal((await reeld.call('DELETE', path)).status, 204);
  await isProblem(await reeld.call('GET', path), 404, 'not_found');
  await isProblem(await reeld.call('DELETE', '/v1/collections/default'), 409, 'conflict');
  await reeld.call('DELETE', `/v1/assets/${asset.id}`);
});

test('CORS names configured origins and no others', async () => {
  for (const [origin, allowed] of [['https://a.example', true], ['https://b.example', true], ['https://c.example', false],
    ['https://a.example.evil', false], ['null', false], ['https://A.example', false]]) {
    for (const method of ['GET', 'OPTIONS']) {
      const answer = await reeld.raw(method, '/v1/assets', {origin, authorization: `Bearer ${reeld.key}`});
      assert.equal(answer.headers['access-control-allow-origin'], allowed ? origin : undefined);
      assert.equal(answer.headers['access-control-allow-credentials'], undefined);
      assert.match(answer.headers.vary, /Origin/);
    }
  }
});

test('errors of the parser are problem documents too', async () => {
  await isProblem(await fetch(`${reeld.base}/nowhere`), 404, 'not_found');
  const wrong = await reeld.call('PUT', '/v1/assets', {body: 'x'});
  assert.match(wrong.headers.get('allow'), /GET, HEAD/);
  await isProblem(wrong, 405, 'method_not_allowed');
  await isProblem(await reeld.call('POST', '/v1/collections', {body: 'x', headers: {'content-type': 'text/plain'}}),
    415, 'unsupported_type');
  await isProblem(await reeld.call('POST', '/v1/collections', {body: '{', headers: {'content-type': 'application/json'}}),
    400, 'invalid_request');
  await isProblem(await reeld.call('POST', '/v1/collections',
    {body: `{"name":"${'x'.repeat(2 << 20)}"}`, headers: {'content-type': 'application/json'}}), 413, 'too_large');
  await isProblem(await reeld.call('GET', '/v1/assets/%00'), 400, 'invalid_request');
});

test('operators see how it is', async () => {
  for (const path of ['/healthz', '/readyz', '/version', '/metrics', '/v1/openapi.json'])
    assert.equal((await fetch(reeld.base + path)).status, 200, path);
  const system = await reeld.json('/v1/system');
  assert.match(system.version, /^\d+\.\d+\.\d+$/);
  assert.ok(system.space.free_bytes > 0);
  assert.equal(system.workers.has_seccomp, true);
  const metrics = await (await fetch(`${reeld.base}/metrics`)).text();
  for (const line of metrics.split('\n').filter(Boolean))
    assert.match(line, /^(# (HELP|TYPE) reeld_\w+ .+|reeld_\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? -?\d+(\.\d+)?)$/);
  const closed = await startDaemon(['--public-metrics', 'off']);
  try {
    assert.equal((await fetch(`${closed.base}/metrics`)).status, 401);
    assert.equal((await closed.call('GET', '/metrics')).status, 200);
  } finally {
    await closed.stop();
  }
});

test('pages come with a strict policy, and nothing outside of them', async () => {
  for (const path of ['/', '/watch?v=x', '/player?url=x', '/web/app.js']) {
    const answer = await fetch(reeld.base + path);
    assert.equal(answer.status, 200, path);
    const policy = answer.headers.get('content-security-policy');
    assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; connect-src 'self'/);
    assert.match(policy, path.startsWith('/player') ? /frame-ancestors \*$/ : /frame-ancestors 'none'$/);
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
    const same = await fetch(reeld.base + path, {headers: {'if-none-match': answer.headers.get('etag')}});
    assert.equal(same.status, 304);
  }
  for (const path of ['/web/', '/web/../admin.key', '/web/%2e%2e/admin.key', '/web/..%2fx', '/web/vendor', '/web//app.js',
    '/web/.done', '/web/app.js%00.html', '/web/app.js/x', '/web/\\..\\x']) {
    const answer = await reeld.raw('GET', path);
    assert.ok(answer.status === 404 || answer.status === 400, `${path}: ${answer.status}`);
  }
});
