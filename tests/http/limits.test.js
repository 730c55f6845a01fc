// SPDX-License-Identifier: MIT
// limits.test.js - every limit on what one client may take of the server: it is
// a setting, it holds, also against many at once, and honest clients are served
// past it (threat-model section 7, SEC-12, SEC-27).
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {readdirSync} from 'node:fs';
import {connect} from 'node:net';
import {test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';

import {Crowd, connections, goodClient} from '../abuse/slow.js';
import {withDaemon} from './daemon.js';
import {film} from './films.js';
import {isProblem} from './problem.js';
import {exchange, many, statuses} from './raw.js';
import {until} from './remote.js';

const MINUTE = 60e3;

// A connection that stays; `closed` says when the server ended it.
function open(port, {from, text = ''} = {}) {
  return new Promise((resolve) => {
    const socket = connect({port, host: '127.0.0.1', localAddress: from});
    const held = {socket, text: '', isClosed: false};
    held.closed = new Promise((done) => socket.on('close', () => {
      held.isClosed = true;
      done(held);
    }));
    socket.on('data', (data) => { held.text += data.toString('latin1'); });
    socket.on('error', () => {});
    socket.on('connect', () => socket.write(text, () => resolve(held)));
    socket.on('close', () => resolve(held));
  });
}

const get = (path, more = '') => `GET ${path} HTTP/1.1\r\nHost: h\r\n${more}\r\n`;

test('connections of one address', {timeout: MINUTE}, () => withDaemon(['--connections-per-address', '10'], async (reeld) => {
  const held = [];
  for (let i = 0; i < 10; i++)
    held.push(await open(reeld.port, {from: '127.0.0.9', text: get('/healthz')}));
  await until('they are served', () => held.every((h) => h.text.includes('200')));
  // One more is shut, and the ten stay; another address is another's.
  assert.equal((await exchange(reeld.port, get('/healthz'), {from: '127.0.0.9'})).text, '');
  assert.match((await exchange(reeld.port, get('/healthz', 'Connection: close\r\n'), {from: '127.0.0.8'})).text, /^HTTP\/1\.1 200/);
  assert.ok(held.every((h) => !h.isClosed));
  held[0].socket.destroy();
  await until('the place is free', async () =>
    (await exchange(reeld.port, get('/healthz', 'Connection: close\r\n'), {from: '127.0.0.9'})).text.includes('200'));
  held.forEach((h) => h.socket.destroy());
}));

test('connections in all: who asked for nothing makes room', {timeout: MINUTE}, () => withDaemon(
  ['--connections', '40', '--connections-per-address', '0', '--header-timeout', '10m'], async (reeld) => {
    const silent = [];
    for (let i = 0; i < 60; i++)
      silent.push(await open(reeld.port, {from: `127.0.0.${10 + i}`, text: 'GET /'}));
    for (let i = 0; i < 5; i++)
      assert.match((await exchange(reeld.port, get('/healthz', 'Connection: close\r\n'), {timeout: 30000})).text, /^HTTP\/1\.1 200/);
    assert.ok(silent.filter((h) => h.isClosed).length >= 20);
    silent.forEach((h) => h.socket.destroy());
  }));

test('time for a head, for silence, and the rate of a body', {timeout: MINUTE}, () => withDaemon(
  ['--header-timeout', '1s', '--idle-timeout', '2s', '--min-rate', '10KiB'], async (reeld) => {
    const began = Date.now();
    const slow = await open(reeld.port, {text: 'GET / HTTP/1.1\r\n'});
    const trickle = setInterval(() => slow.socket.write('X'), 100);
    const idle = await open(reeld.port, {text: get('/healthz')});
    const body = await open(reeld.port, {text: `POST /v1/assets HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer ${reeld.key}\r\n` +
      'Content-Type: video/mp4\r\nContent-Length: 1000000\r\n\r\n'});
    const drip = setInterval(() => body.socket.write('x'.repeat(100)), 100);
    await slow.closed;
    assert.ok(Date.now() - began >= 900);
    await idle.closed;
    assert.match(idle.text, /200/);
    assert.ok(Date.now() - began >= 1900);
    await body.closed;
    clearInterval(trickle);
    clearInterval(drip);
  }));

test('the size of a body and of a head', {timeout: MINUTE}, () => withDaemon(['--json-limit', '4KiB'], async (reeld) => {
  const json = (bytes) => JSON.stringify({name: 'n', description: 'x'.repeat(bytes)});
  assert.equal((await reeld.call('POST', '/v1/collections', {body: json(1000), headers: {'content-type': 'application/json'}})).status, 201);
  await isProblem(await reeld.call('POST', '/v1/collections', {body: json(4096), headers: {'content-type': 'application/json'}}), 413, 'too_large');
  const chunked = new ReadableStream({start(c) {
    for (let i = 0; i < 10; i++)
      c.enqueue(Buffer.from('x'.repeat(1000)));
    c.close();
  }});
  await isProblem(await reeld.call('POST', '/v1/collections', {body: chunked, headers: {'content-type': 'application/json'}}), 413, 'too_large');
  const head = await exchange(reeld.port, get('/healthz', `X: ${'x'.repeat(64 << 10)}\r\n`));
  assert.ok(statuses(head.text).every((s) => s === 413 || s === 431), head.text);
}));

test('the size of a head is a setting', {timeout: MINUTE}, async () => {
  const head = (bytes) => get('/healthz', `Connection: close\r\nX: ${'x'.repeat(bytes)}\r\n`);
  for (const [limit, fits, isTooMuch] of [['2KiB', 1500, 6000], ['8KiB', 7500, 20000], ['16KiB', 15500, 40000]])
    await withDaemon(['--header-limit', limit], async (reeld) => {
      assert.deepEqual(statuses((await exchange(reeld.port, head(fits))).text), [200], limit);
      const {text} = await exchange(reeld.port, head(isTooMuch));
      assert.ok(statuses(text).every((s) => s === 413 || s === 431), `${limit}: ${text.slice(0, 100)}`);
    });
});

test('a target has as many ranges as fit into a head; a longer one is told the other way', {timeout: MINUTE}, () => withDaemon([], async (reeld) => {
  const {playback} = await reeld.upload(film('plain.mp4'));
  const ranges = (count) => Array(count).fill('t=1,1.5').join('&');
  const played = await (await fetch(`${playback.hls}?${ranges(600)}`)).text();
  const rung = played.split('\n').find((l) => l && l[0] !== '#');
  const playlist = await (await fetch(new URL(rung, playback.hls))).text();
  const length = [...playlist.matchAll(/#EXTINF:([\d.]+)/g)].reduce((sum, m) => sum + Number(m[1]), 0);
  // Each is the pictures from 1.00 to 1.52.
  assert.ok(Math.abs(length - 600 * 0.52) < 1, `${length} s`);
  for (const count of [1100, 1500]) {
    const problem = await isProblem(await fetch(`${playback.hls}?${ranges(count)}`), 414, 'uri_too_long');
    assert.match(problem.detail, /header_limit.*POST \/v1\/streams/);
  }
  // The least and the most that is answered so, by the byte.
  const get414 = (bytes) => exchange(reeld.port, `GET ${'/'.padEnd(bytes, 'x')} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`);
  assert.deepEqual(statuses((await get414(8192)).text), [404]);
  assert.deepEqual(statuses((await get414(8193)).text), [414]);
}));

test('changes that wait for the disk', {timeout: MINUTE}, () => withDaemon(['--queue-max', '1', '--requests-per-key', '0'], async (reeld) => {
  const answers = [];
  // How many come at once is up to the machine: until one finds no place.
  while (answers.length < 4000 && answers.every((a) => a.status === 201))
    answers.push(...await Promise.all(Array(200).fill(0).map((_, i) => reeld.call('POST', '/v1/collections', {json: {name: `n${i}`}}))));
  const made = answers.filter((a) => a.status === 201).length;
  const refused = answers.filter((a) => a.status === 503);
  assert.equal(made + refused.length, answers.length);
  assert.ok(made > 0 && refused.length > 0, `${made} made`);
  assert.ok(refused.every((a) => Number(a.headers.get('retry-after')) >= 1));
  // What was refused was not done, what was not, was.
  let count = 0;
  for (let cursor = ''; cursor !== null;) {
    const page = await reeld.json(`/v1/collections?limit=200${cursor && `&cursor=${cursor}`}`);
    count += page.items.filter((c) => c.id !== 'default').length;
    cursor = page.next;
  }
  assert.equal(count, made);
}));

test('requests of one key, also from many connections at once', {timeout: MINUTE}, () => withDaemon(['--requests-per-key', '20'], async (reeld) => {
  const began = Date.now();
  const answers = await many(Array(300).fill(0), 50, () => reeld.raw('GET', '/v1/assets', {authorization: `Bearer ${reeld.key}`}));
  const seconds = (Date.now() - began) / 1000;
  const good = answers.filter((a) => a.status === 200).length;
  assert.ok(answers.every((a) => a.status === 200 || a.status === 429));
  assert.ok(answers.filter((a) => a.status === 429).every((a) => Number(a.headers['retry-after']) >= 1));
  // A burst of twice the rate, and the rate for as long as it took.
  assert.ok(good >= 20 && good <= 40 + 20 * seconds + 1, `${good} in ${seconds} s`);
}));

test('requests that wait', {timeout: MINUTE}, () => withDaemon(['--parked-max', '4', '--ladder-slice', '1'], async (reeld) => {
  const asset = await reeld.upload(film('mpeg4.mkv'));
  const waits = [];
  for (let i = 0; i < 4; i++)
    waits.push(await open(reeld.port, {text: get(`/v1/assets/${asset.id}?wait=50`, `Authorization: Bearer ${reeld.key}\r\n`)}));
  await until('they wait', async () => /^reeld_http_parked 4$/m.test(await (await fetch(`${reeld.base}/metrics`)).text()));
  // A change must wait for the disk: there is no place, and that is said.
  const full = await reeld.call('POST', '/v1/collections', {json: {name: 'x'}});
  assert.ok(Number(full.headers.get('retry-after')) >= 1);
  await isProblem(full, 503, 'busy');
  assert.equal((await reeld.call('GET', '/v1/assets')).status, 200);
  // Hang-ups are seen within two seconds.
  const began = Date.now();
  waits.forEach((w) => w.socket.destroy());
  await until('the places are free', async () => (await reeld.call('POST', '/v1/collections', {json: {name: 'y'}})).status === 201);
  assert.ok(Date.now() - began < 10000, `${Date.now() - began} ms`);
}));

// SEC-12 in small; the thousands are in tests/abuse.
test('a crowd of the slow comes and goes while others are served', {timeout: MINUTE}, () => withDaemon(
  ['--header-timeout', '2s', '--idle-timeout', '2s', '--requests-per-key', '0', '--connections', '500'], async (reeld) => {
    const crowd = new Crowd(reeld, {count: 300, kinds: ['headers', 'silent', 'idle']});
    let isOver = false;
    const good = goodClient(reeld, ['/healthz', '/v1/assets'], 20, () => isOver);
    await crowd.come();
    await until('the slow ones go', async () => await connections(reeld) < 10);
    isOver = true;
    const {asked, served} = await good;
    assert.ok(asked > 0 && served === asked, `${served} of ${asked}`);
    crowd.leave();
  }));

// REL-21.
test('out of descriptors it lives, and serves again when there are some', {timeout: MINUTE}, () => withDaemon([], async (reeld) => {
  const used = readdirSync(`/proc/${reeld.pid}/fd`).length;
  execFileSync('prlimit', ['--pid', String(reeld.pid), `--nofile=${used + 3}:`]);
  const held = [];
  for (let i = 0; i < 10; i++)
    held.push(await open(reeld.port, {text: get('/healthz')}));
  // Who got in is served what needs a descriptor or is told that it cannot be.
  const inside = await exchange(reeld.port, get('/web/app.js', 'Connection: close\r\n'), {timeout: 3000});
  assert.ok(statuses(inside.text).every((s) => s === 200 || s >= 500), inside.text);
  held.forEach((h) => h.socket.destroy());
  execFileSync('prlimit', ['--pid', String(reeld.pid), '--nofile=1000:']);
  await until('it serves again', async () => (await fetch(`${reeld.base}/healthz`).catch(() => ({}))).status === 200);
  assert.equal((await reeld.upload(film('silent.mp4'))).state, 'ready');
}));

// SEC-27: the ways of getting in at the same moment are tried all at once.
test('of 64 uploads at once as many get in as may, and no more', {timeout: MINUTE}, () => withDaemon(
  ['--uploads-max', '5', '--uploads-per-key', '3'], async (reeld) => {
    const keys = [reeld.key];
    for (let i = 0; i < 3; i++)
      keys.push((await (await reeld.call('POST', '/v1/keys', {json: {scopes: ['ingest'], label: `k${i}`}})).json()).key);
    const begin = (key) => open(reeld.port, {text: `POST /v1/assets HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer ${key}\r\n` +
      'Content-Type: video/mp4\r\nContent-Length: 100000\r\nExpect: 100-continue\r\n\r\n'});
    for (const [mine, most] of [[[keys[0]], 3], [keys, 5]]) {
      const held = await Promise.all(Array(64).fill(0).map((_, i) => begin(mine[i % mine.length])));
      await until('all are answered', () => held.every((h) => h.text.includes('HTTP/1.1')));
      const inside = held.filter((h) => h.text.startsWith('HTTP/1.1 100'));
      assert.equal(inside.length, most);
      assert.ok(held.every((h) => inside.includes(h) || h.text.startsWith('HTTP/1.1 503')));
      held.forEach((h) => h.socket.destroy());
      await until('they go', async () => {
        const one = await begin(mine[0]);
        await until('an answer', () => one.text.includes('HTTP/1.1') || one.isClosed);
        one.socket.destroy();
        return one.text.startsWith('HTTP/1.1 100');
      });
      await sleep(300);
    }
  }));

test('of 40 resumable uploads begun at once as many are kept as may', {timeout: MINUTE}, () => withDaemon(['--unfinished-per-key', '7'], async (reeld) => {
  const headers = {'tus-resumable': '1.0.0', 'upload-length': '5'};
  const answers = await Promise.all(Array(40).fill(0).map(() => reeld.call('POST', '/v1/uploads', {headers})));
  const good = answers.filter((a) => a.status === 201).length;
  assert.ok(answers.every((a) => [201, 429, 503].includes(a.status)));
  assert.equal(good, 7);
}));

test('of 20 changes of one thing under one If-Match one comes through', {timeout: MINUTE}, () => withDaemon(['--requests-per-key', '0'], async (reeld) => {
  const asset = await reeld.upload(film('silent.mp4'));
  const etag = (await reeld.call('GET', `/v1/assets/${asset.id}`)).headers.get('etag');
  const answers = await Promise.all(Array(20).fill(0).map((_, i) => reeld.call('PATCH', `/v1/assets/${asset.id}`,
    {body: JSON.stringify({name: `n${i}`}), headers: {'content-type': 'application/merge-patch+json', 'if-match': etag}})));
  assert.equal(answers.filter((a) => a.status === 200).length, 1);
  assert.equal(answers.filter((a) => a.status === 412).length, 19);
  const sent = {headers: {'content-type': 'application/json', 'idempotency-key': 'one'}, body: '{"name":"once"}'};
  const made = await Promise.all(Array(20).fill(0).map(() => reeld.call('POST', '/v1/collections', sent)));
  assert.ok(made.every((a) => a.status === 201 || a.status === 409));
  const {items} = await reeld.json('/v1/collections');
  assert.equal(items.filter((c) => c.name === 'once').length, 1);
}));
