// SPDX-License-Identifier: MIT
// videodb-slots.test.js - upload addresses of VideoDB's SDKs and what came to
// them, over kills, refusals and bounds.
import assert from 'node:assert/strict';
import {createHash} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {after, test} from 'node:test';
import {startDaemon} from './daemon.js';
import {film} from './films.js';
import {assertPlays, pythonClient, registering, sendFile} from './videodb.js';

const SECONDS = 1000;
const LIVE = ['--ladder', 'on_demand'];
const bytes = () => readFileSync(film('silent.mp4'));

let daemon;
const {ask, data, refused, uploadAddress, upload} = pythonClient(() => daemon);
after(async () => daemon?.stop());

async function begin(...flags) {
  await daemon?.stop();
  daemon = await startDaemon([...LIVE, ...flags]);
}

// kill -9, and a new one on the same data: the same address below its base.
async function killed(url) {
  const {dataDir: directory, base} = daemon;
  await daemon.kill();
  daemon = await startDaemon(LIVE, {directory});
  return url.replace(base, daemon.base);
}

const register = (url, more) => ({json: registering(url, more)});

test('a kill between address, upload and claim loses nothing', {timeout: 120 * SECONDS}, async () => {
  await begin();
  let url = await killed(await uploadAddress());
  assert.equal((await sendFile(url, bytes(), 'my film.mp4')).status, 200);
  url = await killed(url);
  assert.equal((await sendFile(url, 'again')).status, 409);
  const video = await data('POST', '/collection/default/upload', register(url, {name: null}));
  assert.match(video.id, /^m-/);
  assert.equal(video.name, 'my film.mp4');
  await assertPlays(video.stream_url, {seconds: 4, pictures: 120});
  assert.equal((await daemon.json(`/v1/assets/${video.id}`)).sha256, createHash('sha256').update(bytes()).digest('hex'));
  await refused(404, 'not_found', 'POST', '/collection/default/upload', register(url));
  assert.equal((await sendFile(url, 'again')).status, 404);
  url = await killed(url);
  assert.deepEqual((await data('GET', '/video')).videos.map((v) => v.id), [video.id]);
});

test('what waits stays when the same bytes go elsewhere', {timeout: 60 * SECONDS}, async () => {
  await begin();
  const {answer: {body: {data: first}}} = await upload(film('silent.mp4'));
  const url = await uploadAddress();
  assert.equal((await sendFile(url, bytes())).status, 200);
  await data('DELETE', `/video/${first.id}`);
  const second = await data('POST', '/collection/default/upload', register(url));
  await assertPlays(second.stream_url, {seconds: 4});
});

test('two that send to one address: one counts', {timeout: 60 * SECONDS}, async () => {
  await begin();
  const url = await uploadAddress();
  const sent = await Promise.all([1, 2, 3].map(() => sendFile(url, bytes())));
  assert.deepEqual(sent.map((a) => a.status).sort(), [200, 409, 409]);
  const claims = await Promise.all([1, 2, 3].map(() => ask('POST', '/collection/default/upload', register(url))));
  assert.deepEqual(claims.map((a) => a.status).sort(), [200, 404, 404]);
  assert.equal((await data('GET', '/video')).videos.length, 1);
});

test('addresses that are out have a bound', {timeout: 60 * SECONDS}, async () => {
  await begin('--videodb-uploads-waiting', '2');
  const url = await uploadAddress();
  await uploadAddress();
  await refused(503, 'busy', 'GET', '/collection/default/upload_url');
  assert.equal((await sendFile(url, bytes())).status, 200);
  await refused(503, 'busy', 'GET', '/collection/default/upload_url');
  await data('POST', '/collection/default/upload', register(url));
  await uploadAddress();
});

test('what a quota refuses still waits', {timeout: 60 * SECONDS}, async () => {
  await begin('--quota-assets', '1');
  const {answer: {body: {data: first}}} = await upload(film('plain.mp4'));
  const url = await uploadAddress();
  assert.equal((await sendFile(url, bytes())).status, 200);
  await refused(403, 'quota_exceeded', 'POST', '/collection/default/upload', register(url));
  await data('DELETE', `/video/${first.id}`);
  await data('POST', '/collection/default/upload', register(url));
});
