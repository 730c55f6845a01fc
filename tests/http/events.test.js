// SPDX-License-Identifier: MIT
// events.test.js - what happens, as Server-Sent Events, and told to webhooks.
import assert from 'node:assert/strict';
import {createHmac} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {after, before, test} from 'node:test';
import {startDaemon} from './daemon.js';
import {film} from './films.js';
import {isProblem} from './problem.js';
import {startRemote, until} from './remote.js';

const FLAGS = ['--pull-allow', '127.0.0.1/32', '--ladder', 'on_demand', '--callback-retry', '100ms', '--callback-pause', '200ms',
  '--callback-timeout', '1s', '--callback-tries', '4', '--event-streams-per-key', '3'];

let reeld, remote, inside;
const paths = {}; // path -> what answers it
before(async () => {
  reeld = await startDaemon(FLAGS);
  remote = await startRemote((q, r, body) => (paths[q.url] || ((_, a) => a.writeHead(204).end()))(q, r, body));
  inside = await startRemote((q, r) => r.writeHead(200).end());
});
after(async () => {
  await reeld?.stop();
  await remote?.stop();
  await inside?.stop();
});

// Reads a stream of events until close().
async function listen(path, headers = {}) {
  const ended = new AbortController();
  // The place of one that hung up is free a moment later.
  const answer = await until('there is a place', async () => {
    const got = await fetch(reeld.base + path, {headers: {authorization: `Bearer ${reeld.key}`, ...headers}, signal: ended.signal});
    return got.status !== 503 && got;
  });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('content-type'), 'text/event-stream');
  const events = [];
  const state = {events, comments: 0, isOver: false, close: () => ended.abort()};
  (async () => {
    let text = '';
    for await (const part of answer.body.pipeThrough(new TextDecoderStream())) {
      text += part;
      for (let end; (end = text.indexOf('\n\n')) >= 0; text = text.slice(end + 2)) {
        const fields = Object.fromEntries(text.slice(0, end).split('\n').map((l) => [l.slice(0, l.indexOf(':')), l.slice(l.indexOf(':') + 2)]));
        if (fields.data)
          events.push({...fields, data: JSON.parse(fields.data)});
        else
          state.comments++;
      }
    }
  })().catch(() => {}).finally(() => { state.isOver = true; });
  return state;
}
const types = (stream) => stream.events.map((e) => e.event);

test('events come as they happen, in order, and are not lost between two visits', async () => {
  const all = await listen('/v1/events');
  await until('the first comment', () => all.comments > 0);
  const {id} = await reeld.upload(film('plain.mp4'));
  await until('it is ready', () => types(all).includes('asset.ready'));
  const own = all.events.filter((e) => e.data.data.asset === id).map((e) => e.event);
  assert.deepEqual(own.filter((t) => t.startsWith('asset')), ['asset.created', 'asset.ready']);
  const [first] = all.events;
  assert.equal(first.data.type, first.event);
  assert.match(first.data.id, /^evt_[0-9a-f]{32}$/);
  assert.ok(Date.parse(first.data.timestamp) > 0);
  all.close();
  assert.equal((await reeld.call('DELETE', `/v1/assets/${id}`)).status, 204);
  // Behind the one that was seen last, by header and by query.
  for (const [path, headers] of [['/v1/events', {'last-event-id': first.id}], [`/v1/events?after=${first.id}`, {}]]) {
    const later = await listen(path, headers);
    await until('the rest', () => types(later).includes('asset.deleted'));
    assert.ok(later.events.every((e) => Number(e.id) > Number(first.id)));
    assert.ok(types(later).includes('asset.ready'));
    later.close();
  }
});

test('the events of one asset end with it, and tell its progress', async () => {
  const {id} = await reeld.upload(film('silent.mp4'));
  const own = await listen(`/v1/assets/${id}/events?after=0`);
  await until('what was', () => types(own).includes('asset.ready'));
  await until('its progress', () => own.events.some((e) => e.event === 'asset.progress' && e.data.progress >= 0));
  assert.equal((await reeld.call('POST', '/v1/streams', {json: {clips: [{asset: id}]}})).status, 201);
  await reeld.call('DELETE', `/v1/assets/${id}`);
  await until('its end', () => own.isOver);
  assert.equal(types(own).at(-1), 'asset.deleted');
  assert.ok(!types(own).includes('stream.created'));
  await isProblem(await reeld.call('GET', `/v1/assets/${id}/events`), 404, 'not_found');
});

test('event streams are counted by key, and end with the daemon', async () => {
  const open = [];
  for (let i = 0; i < 3; i++)
    open.push(await listen('/v1/events'));
  await isProblem(await reeld.call('GET', '/v1/events'), 503, 'busy');
  await isProblem(await reeld.call('GET', '/v1/events', {headers: {'last-event-id': 'x'}}), 400, 'invalid_request');
  open.pop().close();
  await until('its place is free', async () => {
    const answer = await reeld.call('GET', '/v1/events', {headers: {'last-event-id': 'x'}});
    return answer.status === 400;
  });
  const old = reeld;
  old.keeps = true;
  await old.stop();
  await until('all are over', () => open.every((s) => s.isOver));
  reeld = await old.restart();
  reeld.keeps = false;
});

// ---- webhooks ----------------------------------------------------------------

async function hook(path, more = {}) {
  const answer = await reeld.call('POST', '/v1/webhooks', {json: {url: remote.base + path, ...more}});
  assert.equal(answer.status, 201);
  return answer.json();
}
const asked = (path) => remote.asked.filter((a) => a.url === path);
const deliveries = async (id) => (await reeld.json(`/v1/webhooks/${id}/deliveries`)).items;
const change = (id, json) => reeld.call('PATCH', `/v1/webhooks/${id}`, {json, headers: {'content-type': 'application/merge-patch+json'}});
let streams = 0;
async function happen() { // one event: a stream is made
  const asset = happen.asset ||= await reeld.upload(film('plain.mp4'));
  await reeld.call('POST', '/v1/streams', {json: {clips: [{asset: asset.id, end: 0.4 + streams++ / 5}]}});
}

// By the text of Standard Webhooks, not by reeld's code.
function signs(secret, {headers, body}) {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const mac = createHmac('sha256', key).update(`${headers['webhook-id']}.${headers['webhook-timestamp']}.`).update(body).digest('base64');
  return headers['webhook-signature'].split(' ').includes(`v1,${mac}`);
}

test('a webhook is told, signed, of what it asks for', async () => {
  await happen();
  const {id, secret, events, enabled} = await hook('/told', {events: ['stream.created', 'stream.deleted']});
  assert.match(id, /^w-/);
  assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
  assert.deepEqual(events, ['stream.created', 'stream.deleted']);
  assert.equal(enabled, true);
  await happen();
  const [message] = await until('it comes', () => asked('/told').length > 0 && asked('/told'));
  assert.equal(message.method, 'POST');
  assert.equal(message.headers['content-type'], 'application/json');
  const body = JSON.parse(message.body);
  assert.equal(body.type, 'stream.created');
  assert.match(body.data.stream, /^s-/);
  assert.ok(Math.abs(Number(message.headers['webhook-timestamp']) - Date.now() / 1000) < 120);
  assert.ok(signs(secret, message));
  assert.ok(!signs(secret, {...message, body: Buffer.concat([message.body, Buffer.from(' ')])}));
  const [done] = await until('it is settled', async () => (await deliveries(id)).filter((d) => d.state === 'delivered').length > 0 && deliveries(id));
  assert.equal(done.event, message.headers['webhook-id']);
  assert.equal(done.status, 204);
  const shown = await reeld.json(`/v1/webhooks/${id}`);
  assert.equal(shown.secret, undefined);
  assert.equal(shown.last.status, 204);
  assert.ok((await reeld.json('/v1/webhooks')).items.some((w) => w.id === id));
  await reeld.call('DELETE', `/v1/webhooks/${id}`);
  await isProblem(await reeld.call('GET', `/v1/webhooks/${id}`), 404, 'not_found');
});

test('a new secret and the one before sign side by side', async () => {
  const {id, secret: old} = await hook('/rotated', {events: ['stream.created']});
  const {secret} = await (await reeld.call('POST', `/v1/webhooks/${id}/rotate`)).json();
  assert.notEqual(secret, old);
  await happen();
  const [message] = await until('it comes', () => asked('/rotated').length > 0 && asked('/rotated'));
  assert.ok(signs(secret, message));
  assert.ok(signs(old, message));
  await reeld.call('DELETE', `/v1/webhooks/${id}`);
});

test('a new secret takes nothing back that was changed meanwhile', async () => {
  const {id} = await hook('/both', {events: ['stream.created']});
  for (let i = 0; i < 40; i++) {
    const url = `${remote.base}/both/${i}`;
    const answers = await Promise.all([
      reeld.call('POST', `/v1/webhooks/${id}/rotate`),
      reeld.call('PATCH', `/v1/webhooks/${id}`, {json: {url}}),
    ]);
    assert.deepEqual(answers.map((answer) => answer.status), [200, 200]);
    assert.equal((await reeld.json(`/v1/webhooks/${id}`)).url, url);
  }
  await reeld.call('DELETE', `/v1/webhooks/${id}`);
});

test('a receiver that fails is told again, with the same id', async () => {
  let left = 2;
  paths['/fails'] = (q, r) => r.writeHead(left-- > 0 ? 500 : 200).end();
  const {id, secret} = await hook('/fails', {events: ['stream.created']});
  await happen();
  await until('it came through', async () => (await deliveries(id))[0]?.state === 'delivered');
  const tries = asked('/fails');
  assert.equal(tries.length, 3);
  assert.equal(new Set(tries.map((t) => t.headers['webhook-id'])).size, 1);
  assert.ok(tries.every((t) => signs(secret, t)));
  assert.equal((await deliveries(id))[0].attempts, 3);
  await reeld.call('DELETE', `/v1/webhooks/${id}`);
});

for (const [what, path, answers, status] of [
  ['fails for ever', '/never', (q, r) => r.writeHead(503).end(), 503],
  ['hangs', '/hangs', () => {}, 0],
  ['redirects inward', '/inward', (q, r) => r.writeHead(307, {location: `${inside.base}/x`}).end(), 307],
])
  test(`a receiver that ${what} is given up after the tries`, async () => {
    paths[path] = answers;
    const {id} = await hook(path, {events: ['stream.created']});
    await happen();
    const [last] = await until('it is given up', async () => {
      const list = await deliveries(id);
      return list[0]?.state === 'failed' && list;
    });
    assert.equal(last.attempts, 4);
    assert.equal(last.status, status);
    assert.ok(last.error);
    assert.equal(asked(path).length, 4);
    assert.equal(inside.asked.length, 0);
    assert.equal((await reeld.json(`/v1/webhooks/${id}`)).enabled, true);
    await reeld.call('DELETE', `/v1/webhooks/${id}`);
  });

test('a receiver that answers 410 is told nothing more', async () => {
  paths['/gone'] = (q, r) => r.writeHead(410).end();
  const {id} = await hook('/gone', {events: ['stream.created']});
  await happen();
  await until('it is disabled', async () => (await reeld.json(`/v1/webhooks/${id}`)).enabled === false);
  await happen();
  assert.equal((await deliveries(id)).length, 1);
  assert.equal((await change(id, {enabled: true})).status, 200);
  paths['/gone'] = undefined;
  await happen();
  await until('it is told again', () => asked('/gone').length === 2);
  await reeld.call('DELETE', `/v1/webhooks/${id}`);
});

test('what is owed outlives kill -9', async () => {
  let isUp = false;
  paths['/killed'] = (q, r) => isUp ? r.writeHead(200).end() : undefined;
  const {id} = await hook('/killed', {events: ['stream.created']});
  await happen();
  await until('a try is under way', () => asked('/killed').length > 0);
  await reeld.kill();
  isUp = true;
  reeld = await reeld.restart();
  await until('it came through', async () => (await deliveries(id))[0].state === 'delivered');
  assert.equal(new Set(asked('/killed').map((t) => t.headers['webhook-id'])).size, 1);
  await reeld.call('DELETE', `/v1/webhooks/${id}`);
});

test('a webhook that was changed meanwhile is not changed again', async () => {
  const {id} = await hook('/etag', {events: ['stream.created']});
  const path = `/v1/webhooks/${id}`;
  const patch = (etag, json) => reeld.call('PATCH', path, {json, headers: {'content-type': 'application/merge-patch+json', 'if-match': etag}});
  const etag = (await reeld.call('GET', path)).headers.get('etag');
  assert.equal((await reeld.call('GET', path, {headers: {'if-none-match': etag}})).status, 304);
  // A delivery is another answer, but no change.
  await happen();
  await until('it is told', async () => (await deliveries(id))[0]?.state === 'delivered');
  assert.equal((await reeld.call('GET', path, {headers: {'if-none-match': etag}})).status, 200);
  assert.equal((await patch(etag, {enabled: false})).status, 200);
  await isProblem(await patch(etag, {enabled: true}), 412, 'changed');
  const now = (await reeld.call('GET', path)).headers.get('etag');
  assert.equal((await patch(now, {enabled: true})).status, 200);
  await reeld.call('DELETE', path);
});

// ---- callback_url -------------------------------------------------------------

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
function form(bytes, fields) {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields))
    body.append(name, value);
  body.append('file', new Blob([bytes]), 'a.mp4');
  return body;
}
const send = (bytes, fields) => reeld.call('POST', '/v1/assets', {body: form(bytes, fields)});
const told = (path, count = 1) => until(`${path} is told`, () => asked(path).length >= count && asked(path));
const body = (message) => JSON.parse(message.body);

test('an upload names who is told that it is ready, signed, until it comes through', async () => {
  let left = 1;
  paths['/ready'] = (q, r) => r.writeHead(left-- > 0 ? 500 : 200).end();
  const {id} = await (await send(readFileSync(film('plain.mp4')), {callback_url: `${remote.base}/ready`, callback_secret: SECRET})).json();
  const tries = await told('/ready', 2);
  assert.equal(new Set(tries.map((t) => t.headers['webhook-id'])).size, 1);
  assert.ok(tries.every((t) => signs(SECRET, t)));
  assert.equal(body(tries[0]).type, 'asset.ready');
  assert.equal(body(tries[0]).data.asset, id);
  assert.deepEqual((await reeld.json('/v1/webhooks')).items, []);
  assert.ok(!JSON.stringify(await reeld.json(`/v1/assets/${id}`)).includes('callback'));
});

test('a rejected upload is told of as well, and unsigned without a secret', async () => {
  await isProblem(await send('no media', {callback_url: `${remote.base}/rejected`}), 422, 'unsupported_media');
  const [message] = await told('/rejected');
  assert.equal(message.headers['webhook-signature'], undefined);
  assert.match(message.headers['webhook-id'], /^evt_/);
  assert.equal(body(message).type, 'asset.rejected');
  assert.equal(body(message).data.error.code, 'unsupported_media');
});

test('so are a raw upload, a pull and a resumable upload', async () => {
  const bytes = readFileSync(film('plain.mp4'));
  await reeld.upload(film('plain.mp4'), {callback_url: `${remote.base}/raw`});
  await told('/raw');
  paths['/a.mp4'] = (q, r) => r.writeHead(200, {'content-length': bytes.length}).end(bytes);
  const pull = await reeld.call('POST', '/v1/assets', {json: {url: `${remote.base}/a.mp4`, callback_url: `${remote.base}/pulled`, callback_secret: SECRET}});
  assert.equal(pull.status, 202);
  assert.ok(signs(SECRET, (await told('/pulled'))[0]));
  const coded = (text) => Buffer.from(text).toString('base64');
  const create = (metadata) => reeld.call('POST', '/v1/uploads', {body: bytes, headers: {'tus-resumable': '1.0.0', 'upload-length': String(bytes.length),
    'content-type': 'application/offset+octet-stream', 'upload-metadata': metadata}});
  assert.equal((await create(`callback_url ${coded(`${remote.base}/tus`)}`)).status, 201);
  await told('/tus');
  assert.match((await isProblem(await create(`callback_secret ${coded(SECRET)}`), 400, 'invalid_request')).detail, /callback_secret/);
});

test('a callback outlives kill -9', async () => {
  let isUp = false;
  paths['/survives'] = (q, r) => isUp ? r.writeHead(200).end() : undefined;
  assert.equal((await send(readFileSync(film('plain.mp4')), {callback_url: `${remote.base}/survives`})).status, 201);
  await told('/survives');
  await reeld.kill();
  isUp = true;
  reeld = await reeld.restart();
  const tries = await told('/survives', 2);
  assert.equal(new Set(tries.map((t) => t.headers['webhook-id'])).size, 1);
});

test('a bad callback is refused by name, and nothing is kept', async () => {
  const url = `${remote.base}/x`;
  const count = async () => (await reeld.json('/v1/assets?limit=200')).items.length;
  const before = await count();
  for (const [fields, name] of [
    [{callback_url: 'http://10.0.0.1/'}, /callback_url/],
    [{callback_url: 'ftp://127.0.0.1/'}, /callback_url/],
    [{callback_url: url, callback_secret: 'open sesame'}, /callback_secret/],
    [{callback_url: url, callback_secret: 'whsec_AAAA'}, /callback_secret/],
    [{callback_secret: SECRET}, /callback_secret/],
  ]) {
    for (const answer of [await send('x', fields), await reeld.call('POST', '/v1/assets', {json: {url: `${remote.base}/a.mp4`, ...fields}})]) {
      const {detail} = await isProblem(answer, 400, 'invalid_request');
      assert.match(detail, name);
      assert.ok(!detail.includes('sesame'));
    }
  }
  assert.equal(await count(), before);
  assert.equal(asked('/x').length, 0);
});

test('webhooks go to public places alone, and are an admin\'s', async () => {
  for (const url of ['http://10.0.0.1/', 'http://[::1]/', 'ftp://127.0.0.1/', 'http://u:p@127.0.0.1/', 'http://127.0.0.1:25/'])
    await isProblem(await reeld.call('POST', '/v1/webhooks', {json: {url}}), 400, 'invalid_request');
  await isProblem(await reeld.call('POST', '/v1/webhooks', {json: {}}), 400, 'invalid_request');
  await isProblem(await reeld.call('POST', '/v1/webhooks', {json: {url: remote.base, events: ['asset.sung']}}), 400, 'invalid_request');
  await isProblem(await reeld.call('POST', '/v1/webhooks', {json: {url: remote.base}, headers: {'idempotency-key': 'x'}}), 400, 'invalid_request');
  const {key} = await (await reeld.call('POST', '/v1/keys', {json: {scopes: ['read', 'ingest']}})).json();
  await isProblem(await reeld.call('GET', '/v1/webhooks', {key}), 403, 'forbidden');
});
