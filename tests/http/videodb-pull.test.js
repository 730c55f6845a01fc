// SPDX-License-Identifier: MIT
// videodb-pull.test.js - VideoDB's SDK uploads by URL, and its transcode jobs.
import assert from 'node:assert/strict';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {startDaemon} from './daemon.js';
import {film} from './films.js';
import {sendFile, startRemote, until} from './remote.js';
import {frameTimes, run} from './run.js';
import {assertPlays, connection, sdk} from './videodb.js';

const SECONDS = 1000;
const FILES = {'/harbour.mp4': 'plain.mp4', '/song': 'sound.mp3', '/picture': 'still.png'};
let daemon, remote, conn, coll;
let refusals = 0;

before(async () => {
  daemon = await startDaemon(['--pull-allow', '127.0.0.0/8', '--pull-attempts', '1', '--ladder', 'on_demand',
    '--callback-retry', '100ms', '--callback-pause', '500ms', '--callback-timeout', '2s']);
  remote = await startRemote((request, response) => {
    if (request.url.startsWith('/called'))
      response.writeHead(refusals-- > 0 ? 500 : 200).end();
    else if (FILES[request.url])
      sendFile(request, response, readFileSync(film(FILES[request.url])));
    else if (request.url === '/words')
      response.end('only words '.repeat(100));
    else
      response.writeHead(404).end('nothing here');
  });
  conn = connection(daemon);
  coll = await conn.getCollection();
}, {timeout: 60 * SECONDS});
after(async () => {
  await remote?.stop();
  await daemon?.stop();
});

test('a URL becomes a video, an audio or an image by what it holds', {timeout: 120 * SECONDS}, async () => {
  const video = await coll.uploadURL({url: `${remote.base}/harbour.mp4`});
  assert.ok(video instanceof sdk.Video);
  assert.equal(video.name, 'harbour.mp4');
  await assertPlays(video.streamUrl, {seconds: 6, pictures: 150});
  const song = await conn.upload(`${remote.base}/song`, undefined, 'A song', 'of it');
  assert.ok(song instanceof sdk.Audio);
  assert.equal(song.name, 'A song');
  const image = await coll.uploadURL({url: `${remote.base}/picture`, name: 'A picture'});
  assert.ok(image instanceof sdk.Image);
  const sound = await coll.uploadURL({url: `${remote.base}/harbour.mp4`, mediaType: 'audio'});
  assert.ok(sound instanceof sdk.Audio);
});

test('what cannot be fetched, or is no media, is told', {timeout: 120 * SECONDS}, async () => {
  await assert.rejects(coll.uploadURL({url: `${remote.base}/nothing`}), (e) => /404/.test(e.cause?.cause ?? e.message));
  await assert.rejects(coll.uploadURL({url: `${remote.base}/words`}));
  await assert.rejects(coll.uploadURL({url: 'http://10.0.0.1/a.mp4'}), (e) => /10\.0\.0\.1|public|reach/.test(e.cause?.cause ?? e.message));
  await assert.rejects(coll.uploadURL({url: 'file:///etc/passwd'}));
  assert.deepEqual((await daemon.json('/v1/assets?state=rejected')).items, []);
});

test('a transcode job fetches its source and ends in a file', {timeout: 120 * SECONDS}, async () => {
  const job = await conn.transcode(`${remote.base}/harbour.mp4`, '', 'economy', {resolution: 240, quality: 23, resizeMode: 'crop'}, {mute: false});
  assert.match(job, /^m-/);
  const finished = (name) => until(`${name} is done`, async () => {
    const details = await conn.getTranscodeDetails(name);
    assert.notEqual(details.status, 'failed', JSON.stringify(details));
    return details.status === 'done' && details;
  });
  const done = await finished(job);
  const file = await fetch(done.downloadUrl);
  assert.equal(file.status, 200);
  const path = join(daemon.dataDir, 'file.mp4');
  writeFileSync(path, Buffer.from(await file.arrayBuffer()));
  assert.equal((await frameTimes(path)).length, 150);
  const square = await finished(await conn.transcode(`${remote.base}/harbour.mp4`, '', 'economy', {aspectRatio: '1:1', resizeMode: 'crop'}));
  assert.match(square.jobId, /-0-1x1$/);
  writeFileSync(path, Buffer.from(await (await fetch(square.downloadUrl)).arrayBuffer()));
  assert.equal((await frameTimes(path)).length, 150);
  const {stdout} = await run('ffprobe', ['-v', 'error', '-select_streams', 'v:0', '-show_entries', 'stream=width,height', '-of', 'csv=p=0', path]);
  const [width, height] = stdout.trim().split(',').map(Number);
  assert.equal(width, height);
  const tall = await conn.transcode(`${remote.base}/harbour.mp4`, '', 'lightning', {resolution: 2160});
  const failed = await until('the job has failed', async () => {
    const details = await conn.getTranscodeDetails(tall);
    return details.status === 'failed' && details;
  });
  assert.match(failed.message, /height/);
  for (const [config, names] of [[{quality: 30}, /quality/], [{framerate: 24}, /framerate/], [{aspectRatio: 'wide'}, /aspect_ratio/],
    [{aspectRatio: '1:1', resizeMode: 'pad'}, /resize_mode/]])
    await assert.rejects(conn.transcode(`${remote.base}/harbour.mp4`, '', 'economy', config), (e) => names.test(e.cause.cause));
  await assert.rejects(conn.transcode(`${remote.base}/harbour.mp4`, '', 'economy', {}, {mute: true}), (e) => /mute/.test(e.cause.cause));
  const id = job.replace(/-\d+$/, '');
  for (const name of ['m-nothing-0', id, `${id}-`, `${id}-0-`, `${id}-00`, `${id}-0-1x`, `${id}-0-1x99`, `${id}-0-1x1-`, `${id}-0-9x9x9`, `${id}--1`])
    await assert.rejects(conn.getTranscodeDetails(name), {message: 'Error 404: Not Found'}, name);
});

const calls = (path) => remote.asked.filter((q) => q.url === path);
const called = async (path, count = 1) => {
  await until(`${path} is called`, () => calls(path).length >= count);
  const [{method, headers, body}] = calls(path).slice(-1);
  assert.equal(method, 'POST');
  assert.equal(headers['content-type'], 'application/json');
  return JSON.parse(body);
};

test('call-backs: the call returns at once, the answer comes later', {timeout: 120 * SECONDS}, async () => {
  const callbackUrl = (name) => `${remote.base}/called/${name}`;
  assert.equal(await coll.uploadFile({filePath: film('plain.mp4'), callbackUrl: callbackUrl('file')}), undefined);
  const {success, status, data} = await called('/called/file');
  assert.deepEqual([success, status, data.length], [true, 'done', 6]);
  const video = await coll.getVideo(data.id);
  assert.equal(await coll.uploadURL({url: `${remote.base}/song`, callbackUrl: callbackUrl('song')}), undefined);
  assert.match((await called('/called/song')).data.id, /^a-/);
  await coll.uploadURL({url: `${remote.base}/words`, callbackUrl: callbackUrl('words')});
  const failed = await called('/called/words');
  assert.deepEqual([failed.success, failed.status], [false, 'failed']);
  assert.ok(failed.message);
  assert.equal(await video.reframe({target: 'square', mode: 'simple', callbackUrl: callbackUrl('square')}), undefined);
  assert.notEqual((await called('/called/square')).data.id, video.id);
  await conn.transcode(`${remote.base}/harbour.mp4`, callbackUrl('transcode'));
  assert.equal((await called('/called/transcode')).status, 'done');
  await assert.rejects(coll.uploadURL({url: `${remote.base}/song`, callbackUrl: 'http://10.0.0.1/'}), {message: 'Error 400: Bad Request'});
  for (const name of ['file', 'song', 'words', 'square', 'transcode'])
    assert.equal(calls(`/called/${name}`).length, 1, name);
});

test('a call-back is tried again, and outlives the daemon', {timeout: 120 * SECONDS}, async () => {
  refusals = 3;
  await coll.uploadFile({filePath: film('silent.mp4'), callbackUrl: `${remote.base}/called/again`});
  await called('/called/again', 2);
  await daemon.kill();
  daemon = await daemon.restart();
  const {status, data} = await called('/called/again', 4);
  assert.equal(status, 'done');
  assert.ok(data.stream_url.startsWith('http://'));
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assert.equal(calls('/called/again').length, 4);
});
