// SPDX-License-Identifier: MIT
// videodb.test.js - the examples of VideoDB's "Streams and Exports" guide with
// its own SDK, unmodified, and what plays afterwards.
import assert from 'node:assert/strict';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {startDaemon} from './daemon.js';
import {film} from './films.js';
import {until} from './remote.js';
import {frameTimes, run, sound} from './run.js';
import {assertPlays, assertShows, connection, getText, pictureSize, sdk} from './videodb.js';

const SECONDS = 1000;
const {Timeline, VideoAsset} = sdk;

let daemon, conn, coll, plain, silent, tall;
before(async () => {
  daemon = await startDaemon(['--ladder', 'on_demand']);
  conn = connection(daemon);
  coll = await conn.getCollection();
  plain = await coll.uploadFile({filePath: film('plain.mp4')});
  silent = await coll.uploadFile({filePath: film('silent.mp4'), name: 'No sound', description: 'of pictures'});
  tall = await conn.upload(film('tall.mkv'));
});
after(async () => daemon?.stop());

test('uploads become videos and audios by what is in them', {timeout: 60 * SECONDS}, async () => {
  assert.equal(plain.name, 'plain.mp4');
  assert.equal(plain.length, 6);
  assert.equal(plain.collectionId, coll.id);
  assert.match(plain.id, /^m-/);
  assert.equal(silent.name, 'No sound');
  assert.equal(silent.description, 'of pictures');
  const song = await coll.uploadFile({filePath: film('sound.mp3')});
  assert.ok(song instanceof sdk.Audio);
  assert.ok(Math.abs(song.length - 5) < 0.1);
  const sound = await coll.uploadFile({filePath: film('plain.mp4'), mediaType: 'audio'});
  assert.ok(sound instanceof sdk.Audio);
  assert.deepEqual((await coll.getAudios()).map((a) => a.id), [sound.id, song.id]);
  await sound.delete();
  await coll.deleteAudio(song.id);
  assert.deepEqual(await coll.getAudios(), []);
});

test('quick example: the stream of a video, whole', {timeout: 60 * SECONDS}, async () => {
  const video = await coll.getVideo(plain.id);
  assert.equal(await video.generateStream(), video.streamUrl);
  await assertPlays(video.streamUrl, {seconds: 6, pictures: 150, joins: 0});
  await assertShows(video.streamUrl, 40, film('plain.mp4'), 40);
});

test('timestamps: ranges in the given order, overlapping, again', {timeout: 60 * SECONDS}, async () => {
  const url = await plain.generateStream([[4, 5.5], [1, 3], [2, 3]]);
  await assertPlays(url, {seconds: 4.5, pictures: 38 + 50 + 25});
  await assertShows(url, 0, film('plain.mp4'), 100);
  await assertShows(url, 38, film('plain.mp4'), 25);
  await assertShows(url, 88, film('plain.mp4'), 50);
  // The end is cut to the video's; the same ranges have the same stream.
  await assertPlays(await plain.generateStream([[5, 99]]), {seconds: 1, pictures: 25});
  const path = (u) => new URL(u).pathname.split('/')[3];
  assert.equal(path(await plain.generateStream([[4, 5.5], [1, 3], [2, 3]])), path(url));
});

test('timeline: inline videos', {timeout: 60 * SECONDS}, async () => {
  const timeline = new Timeline(conn);
  timeline.addInline(new VideoAsset(plain.id, {start: 1, end: 2}));
  timeline.addInline(new VideoAsset(silent.id, {start: 0.5, end: 1.5}));
  timeline.addInline(new VideoAsset(plain.id, {start: 5}));
  const url = await timeline.generateStream();
  await assertPlays(url, {seconds: 3, pictures: 25 + 30 + 25, joins: 2});
  assert.match(timeline.playerUrl, /\/watch\?v=s-/);
});

test('the editor: clips of every shape fill a canvas as the SDK fits them', {timeout: 120 * SECONDS}, async () => {
  const editor = new sdk.EditorTimeline(conn);
  editor.resolution = '608x1080';
  const track = new sdk.Track();
  track.addClip(0, new sdk.Clip({asset: new sdk.EditorVideoAsset({id: plain.id, start: 2}), duration: 1}));
  track.addClip(1, new sdk.Clip({asset: new sdk.EditorVideoAsset({id: silent.id}), duration: 1}));
  track.addClip(2, new sdk.Clip({asset: new sdk.EditorVideoAsset({id: tall.id}), duration: 2}));
  editor.addTrack(track);
  const url = await editor.generateStream();
  await assertPlays(url, {seconds: 4, pictures: 25 + 30 + 48, joins: 2});
  assert.match(editor.playerUrl, /\/watch\?v=s-/);
  const videos = await coll.getVideos();
  assert.deepEqual(videos.map((v) => v.id).sort(), [plain.id, silent.id, tall.id].sort());
});

test('clip export and batch export', {timeout: 60 * SECONDS}, async () => {
  const moments = [[0, 1], [1.5, 3], [4, 6]];
  const urls = await Promise.all(moments.map((range) => plain.generateStream([range])));
  assert.equal(new Set(urls).size, 3);
  for (const [i, [from, to]] of moments.entries())
    await assertPlays(urls[i], {seconds: to - from, pictures: Math.ceil(to * 25) - Math.ceil(from * 25)});
});

test('merge of clips of different videos', {timeout: 60 * SECONDS}, async () => {
  const url = await plain.insertVideo(tall, 2);
  await assertPlays(url, {seconds: 6 + 4, pictures: 150 + 96, joins: 2});
  await assertShows(url, 49, film('plain.mp4'), 49);
  await assertShows(url, 50 + 96, film('plain.mp4'), 50);
  // At an end one of the three parts is empty.
  await assertPlays(await plain.insertVideo(tall, 0), {seconds: 10, pictures: 150 + 96});
  await assertPlays(await plain.insertVideo(tall, plain.length), {seconds: 10, pictures: 150 + 96});
});

// Fetched as whoever is given the address would: without a key.
async function save(url, name) {
  const answer = await fetch(url);
  assert.equal(answer.status, 200, await (answer.status === 200 ? '' : answer.text()));
  const file = join(daemon.dataDir, name);
  writeFileSync(file, Buffer.from(await answer.arrayBuffer()));
  return {file, type: answer.headers.get('content-type'), disposition: answer.headers.get('content-disposition')};
}

test('download: one file of a video, and of a stream', {timeout: 120 * SECONDS}, async () => {
  const whole = await plain.download('sample video');
  assert.equal(whole.name, 'sample video');
  assert.equal(whole.status, 'done');
  const {file, disposition} = await save(whole.downloadUrl, 'whole.mp4');
  assert.match(disposition, /sample%20video\.mp4/);
  assert.equal((await frameTimes(file)).length, 150);
  const cut = await conn.download(await plain.generateStream([[1, 2], [4, 5.5]]), 'cut');
  const times = await frameTimes((await save(cut.downloadUrl, 'cut.mp4')).file);
  assert.equal(times.length, 25 + 38);
  assert.ok(times.at(-1) < 2.55);
  await assert.rejects(conn.download('https://stream.example/v3/published/manifests/1.m3u8', 'x'),
    (e) => /not the stream_url of anything/.test(e.cause.cause));
});

test('audio URL: the sound of an audio, as a file', {timeout: 60 * SECONDS}, async () => {
  const song = await coll.uploadFile({filePath: film('sound.mp3')});
  const {file} = await save(await song.generateUrl(), 'song.m4a');
  const samples = await sound(file, 48000);
  assert.ok(Math.abs(samples.length / 48000 - 5) < 0.1);
  await song.delete();
});

test('images: thumbnails at a time, and pictures that are uploaded', {timeout: 120 * SECONDS}, async () => {
  const whole = await plain.generateThumbnail();
  assert.equal((await save(whole, 'whole.jpg')).type, 'image/jpeg');
  const image = await plain.generateThumbnail(2.5);
  assert.ok(image instanceof sdk.Image);
  assert.match(image.id, /^img-/);
  assert.equal(image.collectionId, coll.id);
  const shown = await save(await image.generateUrl(), 'thumbnail.jpg');
  assert.equal(shown.type, 'image/jpeg');
  const {stdout} = await run('ffprobe', ['-v', 'error', '-show_entries', 'stream=width,height', '-of', 'csv=p=0', shown.file]);
  assert.match(stdout, /^320,240/);
  await save(image.url, 'url.jpg');
  assert.ok(await plain.generateThumbnail(0) instanceof sdk.Image);
  assert.equal((await coll.getImages()).length, 2);
  const {data: list} = await (await fetch(`${daemon.base}/videodb/video/${plain.id}/thumbnails`,
    {headers: {'x-access-token': daemon.key}})).json();
  assert.ok(list.some((one) => one.id === image.id) && list.length === 2);
  await assert.rejects(plain.generateThumbnail(99), {message: 'Error 400: Bad Request'});
  const drawing = await coll.uploadFile({filePath: film('still.png'), name: 'drawing'});
  assert.ok(drawing instanceof sdk.Image);
  assert.equal((await save(await drawing.generateUrl(), 'drawing.png')).type, 'image/png');
  assert.deepEqual(readFileSync(join(daemon.dataDir, 'drawing.png')), readFileSync(film('still.png')));
  assert.equal((await coll.getImage(drawing.id)).name, 'drawing');
  for (const one of await coll.getImages())
    await one.delete();
  assert.deepEqual(await coll.getImages(), []);
});

test('reframe: a new video of another shape', {timeout: 120 * SECONDS}, async () => {
  const shapes = [['square', 1], ['vertical', 9 / 16], [{width: 4, height: 5}, 4 / 5]];
  for (const [target, ratio] of shapes) {
    const video = await plain.reframe({start: 1, end: 3, target, mode: 'simple'});
    assert.ok(video instanceof sdk.Video);
    assert.notEqual(video.id, plain.id);
    assert.equal(video.length, 2);
    await assertPlays(video.streamUrl, {seconds: 2, pictures: 50, joins: 0});
    const {width, height} = await pictureSize(video.streamUrl);
    assert.ok(Math.abs(width / height - ratio) < 0.05, `${width}x${height}`);
    await video.delete();
  }
  const tracked = await plain.smartVerticalReframe();
  assert.equal(tracked.length, 6);
  await tracked.delete();
});

test('embedding: a page that carries the right to play', {timeout: 60 * SECONDS}, async () => {
  assert.match(plain.playerUrl, /^http:.*\/watch\?v=[\w.-]+$/);
  for (const url of [plain.playerUrl, plain.playerUrl.replace('/watch?', '/embed?')]) {
    const answer = await fetch(url);
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get('content-type'), /^text\/html/);
    assert.match(answer.headers.get('content-security-policy'), /frame-ancestors \*/);
    assert.match(await answer.text(), /<video/);
  }
});

test('refresh of addresses that expire', {timeout: 120 * SECONDS}, async () => {
  const short = await startDaemon(['--grant-life', '1m', '--grant-life-max', '1m']);
  try {
    const own = await (await connection(short).getCollection()).uploadFile({filePath: film('silent.mp4')});
    const [, grant] = new URL(own.streamUrl).pathname.match(/^\/p\/([^/]+)\//);
    const expired = own.streamUrl.replace(grant, grant.replace(/\.\d+\./, '.1000000000.'));
    assert.equal((await fetch(expired)).status, 403);
    const again = await (await connection(short).getCollection()).getVideo(own.id);
    await getText(again.streamUrl);
    const [clip, fresh] = [await own.generateStream([[1, 2]]), await own.generateStream([[1, 2]])];
    for (const url of [clip, fresh])
      await getText(url);
  } finally {
    await short.stop();
  }
});

test('collections are made, and deleted when they are empty', {timeout: 60 * SECONDS}, async () => {
  const holiday = await conn.createCollection('Holiday', '2025');
  assert.match(holiday.id, /^c-/);
  const video = await holiday.uploadFile({filePath: film('silent.mp4')});
  assert.equal(video.collectionId, holiday.id);
  assert.deepEqual((await holiday.getVideos()).map((v) => v.id), [video.id]);
  assert.ok(!(await coll.getVideos()).some((v) => v.id === video.id));
  const all = await conn.getCollections();
  assert.deepEqual(all.map((c) => c.name).sort(), ['Holiday', 'default']);
  await assert.rejects(holiday.delete(), {message: 'Error 409: Conflict'});
  await holiday.deleteVideo(video.id);
  await holiday.delete();
  await assert.rejects(conn.getCollection(holiday.id), {message: 'Error 404: Not Found'});
  await getText(plain.streamUrl);
});

test('a stored source is dropped, and the video plays on', {timeout: 120 * SECONDS}, async () => {
  const video = await coll.uploadFile({filePath: film('blips.mp4')});
  await video.removeStorage();
  await until('the source is dropped', async () => (await daemon.json(`/v1/assets/${video.id}`)).source_dropped_at, 100);
  await video.removeStorage(); // again is as well
  await assertPlays((await coll.getVideo(video.id)).streamUrl, {seconds: 8, pictures: 200});
  await assert.rejects(video.generateStream([[0.2, 1.1]]), {message: 'Error 410: Gone'});
  await video.delete();
});

test('what is not built is refused by name', {timeout: 60 * SECONDS}, async () => {
  const asks = {
    'Search': () => plain.search('harbour'),
    'Transcripts': () => plain.getTranscript(),
    'The index of spoken words': () => plain.indexSpokenWords(),
    'Burned-in subtitles': () => plain.addSubtitle(),
    'Scenes': () => plain.extractScenes(),
    'Generated media': () => coll.generateImage('a harbour'),
    'Overlays': () => {
      const timeline = new Timeline(conn);
      timeline.addInline(new VideoAsset(plain.id));
      timeline.addOverlay(1, new sdk.TextAsset({text: 'Hi'}));
      return timeline.generateStream();
    },
  };
  for (const [name, ask] of Object.entries(asks))
    await assert.rejects(ask(), (error) => {
      assert.ok(error instanceof sdk.InvalidRequestError, `${name}: ${error.stack}`);
      assert.equal(error.message, 'Error 501: Not Implemented', name);
      assert.ok(error.cause.cause.startsWith(name), error.cause.cause);
      return true;
    });
});

test('mistakes are told as the SDK expects', {timeout: 60 * SECONDS}, async () => {
  await assert.rejects(connection(daemon, 'rk_wrong').getCollection(), (e) => e instanceof sdk.AuthenticationError);
  await assert.rejects(coll.getVideo('m-nothing'), {message: 'Error 404: Not Found'});
  await assert.rejects(plain.generateStream([[3, 1]]), (e) => /end is not after start/.test(e.cause.cause));
  await assert.rejects(plain.generateStream([[10, 20]]), (e) => /past the end/.test(e.cause.cause));
});
