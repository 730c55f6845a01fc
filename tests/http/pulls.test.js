// SPDX-License-Identifier: MIT
// pulls.test.js - assets by URL: fetched, gone on with, cancelled, refused; and
// the jobs that do it.
import assert from 'node:assert/strict';
import {createHash} from 'node:crypto';
import {existsSync, readFileSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {startDaemon} from './daemon.js';
import {film} from './films.js';
import {isProblem} from './problem.js';
import {sendFile, startRemote, until} from './remote.js';

const FLAGS = ['--pull-allow', '127.0.0.1/32', '--pull-retry', '100ms', '--pull-attempts', '3', '--ladder', 'on_demand', '--upload-limit', '8MiB'];
const plain = readFileSync(film('plain.mp4'));
const digest = (bytes) => createHash('sha256').update(bytes).digest('hex');

let reeld, remote;
const paths = {}; // path -> what answers it
before(async () => {
  reeld = await startDaemon(FLAGS, {});
  remote = await startRemote((request, response, body) => {
    const answer = paths[new URL(request.url, 'http://x').pathname];
    if (answer)
      answer(request, response, body);
    else
      response.writeHead(404).end('nothing here');
  });
});
after(async () => {
  await reeld?.stop();
  await remote?.stop();
});

const pull = (json, headers) => reeld.call('POST', '/v1/assets', {json, headers});
const asset = (id) => reeld.json(`/v1/assets/${id}`);
const settled = (id) => until(`${id} is settled`, async () => {
  const found = await asset(id);
  return ['ready', 'rejected'].includes(found.state) && found;
});
const pullOf = async (id) => (await reeld.json(`/v1/jobs?kind=pull&asset=${id}`)).items[0];
const drafts = () => {
  const directory = join(reeld.dataDir, 'drafts');
  return existsSync(directory) ? readdirSync(directory) : [];
};

async function begin(path, more = {}) {
  const answer = await pull({url: remote.base + path, ...more});
  assert.equal(answer.status, 202);
  const body = await answer.json();
  assert.equal(body.state, 'uploading');
  assert.equal(answer.headers.get('location'), `${reeld.base}/v1/assets/${body.id}`);
  return body;
}

test('a file is fetched and plays like any other', async () => {
  paths['/talk one.mp4'] = paths['/talk%20one.mp4'] = (q, r) => sendFile(q, r, plain);
  const {id, name, size_bytes: size} = await begin('/talk%20one.mp4', {description: 'of it', metadata: {a: 1}});
  assert.equal(name, 'talk one.mp4');
  assert.equal(size, null);
  const ready = await settled(id);
  assert.equal(ready.state, 'ready');
  assert.equal(ready.sha256, digest(plain));
  assert.equal(ready.size_bytes, plain.length);
  assert.deepEqual(ready.metadata, {a: 1});
  assert.equal((await fetch(ready.playback.hls)).status, 200);
  const job = await pullOf(id);
  assert.equal(job.state, 'done');
  assert.equal(job.progress, 1);
  assert.deepEqual(await reeld.json(`/v1/jobs/${job.id}`), job);
  assert.deepEqual(drafts(), []);
});

test('a line that is cut is gone on with, not begun anew', async () => {
  paths['/cut.mp4'] = (q, r) => sendFile(q, r, plain, {most: Math.ceil(plain.length / 2.5)});
  const {id} = await begin('/cut.mp4');
  assert.equal((await settled(id)).sha256, digest(plain));
  const asked = remote.asked.filter((a) => a.url === '/cut.mp4');
  assert.equal(asked.length, 3);
  assert.equal(asked[0].headers.range, undefined);
  assert.match(asked[1].headers.range, /^bytes=[1-9]\d*-$/);
  assert.equal(asked[1].headers['if-range'], '"v1"');
});

test('a file that changed meanwhile is begun anew', async () => {
  const other = Buffer.from(readFileSync(film('silent.mp4')));
  let times = 0;
  paths['/changes.mp4'] = (q, r) => {
    if (times++ === 0)
      sendFile(q, r, plain, {most: 5000, etag: '"old"'});
    else
      sendFile(q, r, other, {etag: '"new"'});
  };
  const {id} = await begin('/changes.mp4');
  assert.equal((await settled(id)).sha256, digest(other));
});

test('without a validator nothing is put together', async () => {
  let times = 0;
  paths['/weak.mp4'] = (q, r) => sendFile(q, r, plain, {most: times++ === 0 ? 5000 : Infinity, etag: 'W/"x"'});
  const {id} = await begin('/weak.mp4');
  assert.equal((await settled(id)).sha256, digest(plain));
  const asked = remote.asked.filter((a) => a.url === '/weak.mp4');
  assert.deepEqual(asked.map((a) => a.headers.range), [undefined, undefined]);
});

test('a pull outlives kill -9, and goes on where it was', async () => {
  let held;
  paths['/long.mp4'] = (q, r) => {
    if (q.headers.range) {
      sendFile(q, r, plain);
      return;
    }
    held = r;
    r.writeHead(200, {'content-length': plain.length, etag: '"v1"'});
    r.write(plain.subarray(0, 9000));
  };
  const {id} = await begin('/long.mp4');
  await until('some of it is here', async () => (await asset(id)).progress > 0);
  await reeld.kill();
  held.destroy();
  reeld = await reeld.restart();
  assert.equal((await settled(id)).sha256, digest(plain));
  const asked = remote.asked.filter((a) => a.url === '/long.mp4');
  assert.match(asked.at(-1).headers.range, /^bytes=[1-9]\d*-$/);
  assert.equal((await pullOf(id)).attempts, 1);
  assert.deepEqual(drafts(), []);
});

// Holds the line open after some bytes.
function hanging(path) {
  const state = {closed: false};
  paths[path] = (q, r) => {
    r.on('close', () => { state.closed = true; });
    r.writeHead(200, {'content-length': plain.length, etag: '"v1"'});
    r.write(plain.subarray(0, 9000));
  };
  return state;
}

test('a pull that is cancelled ends, and its asset is rejected', async () => {
  const line = hanging('/cancel.mp4');
  const {id} = await begin('/cancel.mp4');
  await until('it runs', async () => (await asset(id)).progress > 0);
  const {id: job} = await pullOf(id);
  const answer = await reeld.call('POST', `/v1/jobs/${job}/cancel`);
  assert.equal(answer.status, 200);
  assert.equal((await answer.json()).state, 'cancelled');
  const {state, error} = await asset(id);
  assert.equal(state, 'rejected');
  assert.equal(error.code, 'cancelled');
  await until('the line is closed', () => line.closed);
  await until('the draft is gone', () => drafts().length === 0);
  await isProblem(await reeld.call('POST', `/v1/jobs/${job}/cancel`), 409, 'conflict');
  assert.equal((await reeld.call('DELETE', `/v1/assets/${id}`)).status, 204);
  assert.equal((await reeld.call('GET', `/v1/jobs/${job}`)).status, 404);
});

test('a pull ends with its asset', async () => {
  const line = hanging('/delete.mp4');
  const {id} = await begin('/delete.mp4');
  await until('it runs', async () => (await asset(id)).progress > 0);
  await isProblem(await reeld.call('GET', `/v1/assets/${id}/source`), 409, 'conflict');
  assert.equal((await reeld.call('DELETE', `/v1/assets/${id}`)).status, 204);
  await until('the line is closed', () => line.closed);
  await until('the draft is gone', () => drafts().length === 0);
});

const FAILURES = [
  ['that is not there', () => '/none', 'pull_failed', /404/, 1],
  ['of a server in trouble', () => (paths['/broken'] = (q, r) => r.writeHead(503).end(), '/broken'), 'pull_failed', /503/, 3],
  ['that leads elsewhere', () => (paths['/away'] = (q, r) => r.writeHead(302, {location: 'http://[::1]:8080/'}).end(), '/away'), 'pull_refused', /public/, 1],
  ['that goes round', () => (paths['/round'] = (q, r) => r.writeHead(302, {location: '/round'}).end(), '/round'), 'pull_refused', /3 times/, 4],
  ['that says it is too large', () => (paths['/large'] = (q, r) => r.writeHead(200, {'content-length': 9 << 20}).write('x'), '/large'), 'too_large', /bytes/, 1],
  ['that is too large', () => (paths['/larger'] = (q, r) => { r.writeHead(200); r.end(Buffer.alloc(9 << 20)); }, '/larger'), 'too_large', /bytes/, 1],
  ['that is empty', () => (paths['/empty'] = (q, r) => r.writeHead(200).end(), '/empty'), 'unsupported_media', /empty/, 1],
  ['that is no media', () => (paths['/text'] = (q, r) => r.end('hello'), '/text'), 'unsupported_media', /./, 1],
];
for (const [what, path, code, detail, times] of FAILURES)
  test(`a file ${what} is rejected: ${code}`, async () => {
    const place = path();
    const {id} = await begin(place);
    const {state, error} = await settled(id);
    assert.equal(state, 'rejected');
    assert.equal(error.code, code);
    assert.match(error.detail, detail);
    assert.equal(remote.asked.filter((a) => a.url === place).length, times);
    assert.equal((await fetch(`${reeld.base}/problems/${code}`)).status, 200);
  });

test('what was rejected is in no clip and no stream', async () => {
  paths['/words'] = (q, r) => r.end('words and no media');
  const {id} = await begin('/words');
  assert.equal((await settled(id)).state, 'rejected');
  for (const name of ['clip.m3u8?t=0,1', 'clip.mpd?t=0,1'])
    await isProblem(await reeld.call('GET', `/v1/assets/${id}/${name}`), 404, 'not_ready');
  const problem = await isProblem(await reeld.call('POST', '/v1/streams', {json: {clips: [{asset: id}]}}), 400, 'invalid_request');
  assert.equal(problem.errors[0].pointer, '/clips/0/asset');
});

const WRONG = [
  ['/url', {url: 's3://bucket/key'}],
  ['/url', {url: 'file:///etc/passwd'}],
  ['/url', {url: 'http://169.254.169.254/'}],
  ['/url', {url: 'http://user:secret@example.org/'}],
  ['/url', {url: 7}],
  ['/url', {name: 'no url'}],
  ['/collection', {url: 'http://example.org/', collection: 'c-none'}],
  ['/metadata', {url: 'http://example.org/', metadata: 'text'}],
  ['/colour', {url: 'http://example.org/', colour: 'red'}],
];
for (const [pointer, json] of WRONG)
  test(`refused at once: ${JSON.stringify(json)}`, async () => {
    const {errors} = await isProblem(await pull(json), 400, 'invalid_request');
    assert.deepEqual(errors.map((e) => e.pointer), [pointer]);
  });

test('the same Idempotency-Key starts one pull', async () => {
  paths['/once.mp4'] = (q, r) => sendFile(q, r, plain);
  const headers = {'idempotency-key': 'pull-once'};
  const json = {url: `${remote.base}/once.mp4`};
  const first = await (await pull(json, headers)).json();
  const again = await (await pull(json, headers)).json();
  assert.equal(first.id, again.id);
  await isProblem(await pull({...json, name: 'other'}, headers), 422, 'idempotency_mismatch');
  await settled(first.id);
});

test('jobs are listed by state, kind and asset, page by page', async () => {
  const all = [];
  for (let path = '/v1/jobs?limit=3'; path;) {
    const {items, next} = await reeld.json(path);
    all.push(...items);
    path = next && `/v1/jobs?limit=3&cursor=${next}`;
  }
  assert.ok(all.length > 6);
  assert.equal(new Set(all.map((j) => j.id)).size, all.length);
  const failed = await reeld.json('/v1/jobs?state=failed&kind=pull&limit=200');
  assert.ok(failed.items.length > 0);
  assert.ok(failed.items.every((j) => j.state === 'failed' && j.kind === 'pull' && j.error));
  await isProblem(await reeld.call('GET', '/v1/jobs?state=lazy'), 400, 'invalid_request');
  await isProblem(await reeld.call('GET', '/v1/jobs?kind=odd'), 400, 'invalid_request');
  await isProblem(await reeld.call('GET', '/v1/jobs/j-none'), 404, 'not_found');
});

test('?wait= holds the answer until the job moves on', async () => {
  hanging('/wait.mp4');
  const {id} = await begin('/wait.mp4');
  await until('it runs', async () => (await asset(id)).progress > 0);
  const {id: job, progress} = await pullOf(id);
  const waiting = reeld.json(`/v1/jobs/${job}?wait=60`);
  await reeld.call('POST', `/v1/jobs/${job}/cancel`);
  const after = await waiting;
  assert.ok(after.state === 'cancelled' || after.progress !== progress);
});

test('a probe cannot be cancelled', async () => {
  const {items} = await reeld.json('/v1/jobs?kind=probe&limit=1');
  await isProblem(await reeld.call('POST', `/v1/jobs/${items[0].id}/cancel`), 409, 'conflict');
});
