// pictures.test.js - still images as assets: taken, shown, scaled, never played;
// and pictures of videos that become images.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {execFileSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {startDaemon} from './daemon.js';
import {film} from './films.js';
import {run} from './run.js';

const SECONDS = 1000;

let daemon;
before(async () => { daemon = await startDaemon(['--ladder', 'on_demand']); });
after(async () => daemon?.stop());

const TYPES = [
  ['png', 'image/png'], ['jpg', 'image/jpeg', 'jpeg'], ['webp', 'image/webp'], ['gif', 'image/gif'],
  ['bmp', 'image/bmp'], ['tiff', null],
];

// One picture of colours, 192 x 130.
function picture(ending, args = []) {
  const path = join(daemon.dataDir, `picture-${args.length}.${ending}`);
  execFileSync('ffmpeg', ['-v', 'error', '-y', '-f', 'lavfi', '-i', 'smptebars=size=192x130:rate=1', '-frames:v', '1', ...args, path]);
  return path;
}

async function get(url, status = 200) {
  const answer = await fetch(url);
  const bytes = Buffer.from(await answer.arrayBuffer());
  assert.equal(answer.status, status, `${url}: ${bytes.subarray(0, 300)}`);
  return {headers: answer.headers, bytes, problem: status >= 400 ? JSON.parse(bytes) : null};
}

// The colour in the middle of each of the seven bars.
async function bars(input, width, height) {
  const out = join(daemon.dataDir, 'rgb');
  const {status, stderr} = await run('ffmpeg', ['-v', 'error', '-y', '-i', input, '-vf', 'format=rgb24', '-f', 'rawvideo', out]);
  assert.equal(status, 0, stderr);
  const pixels = readFileSync(out);
  assert.equal(pixels.length, width * height * 3);
  return Array.from({length: 7}, (_, i) => {
    const sum = [0, 0, 0]; // GIF dithers: of 5 x 5 pixels
    for (let n = 0; n < 75; n++) {
      const [x, y] = [Math.floor((i + 0.5) * width / 7) - 2 + Math.floor(n / 3) % 5, Math.floor(height / 4) - 2 + Math.floor(n / 15)];
      sum[n % 3] += pixels[(y * width + x) * 3 + n % 3];
    }
    return sum.map((value) => Math.round(value / 25));
  });
}

for (const [ending, type, codec = ending] of TYPES) {
  test(`a ${codec} is an image`, {timeout: 60 * SECONDS}, async () => {
    const path = picture(ending);
    const asset = await daemon.upload(path);
    assert.match(asset.id, ending === 'gif' ? /^m-/ : /^img-/);
    assert.equal(asset.kind, 'image');
    assert.equal(asset.state, 'ready');
    assert.deepEqual([asset.width, asset.height, asset.codec], [192, 130, codec]);
    assert.equal(asset.duration, null);
    assert.equal(asset.progress, 1);
    assert.deepEqual([asset.tracks, asset.renditions], [[], []]);
    const {hls, dash, player, image, thumbnail} = asset.playback;
    assert.deepEqual([hls, dash, player], [null, null, null]);
    assert.equal(image === null, type === null);
    if (type) {
      const {headers, bytes} = await get(image);
      assert.equal(headers.get('content-type'), type);
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
      assert.match(headers.get('content-security-policy'), /sandbox/);
      assert.match(headers.get('cache-control'), /immutable/);
      assert.deepEqual(bytes, readFileSync(path));
    }
    const small = await get(`${thumbnail}?width=96`);
    assert.equal(small.headers.get('content-type'), 'image/jpeg');
    await writeFile(join(daemon.dataDir, 'small.jpg'), small.bytes);
    const most = ending === 'gif' ? 20 : 8; // a GIF is far from its own colours
    const got = await bars(join(daemon.dataDir, 'small.jpg'), 96, 66);
    (await bars(path, 192, 130)).forEach((colour, i) => colour.forEach((value, c) =>
      assert.ok(Math.abs(value - got[i][c]) <= most, `bar ${i} is ${got[i]}, not ${colour}`)));
    await get(thumbnail.replace('.jpg', '.webp'));
  });
}

test('a photo is shown upright', {timeout: 60 * SECONDS}, async () => {
  // EXIF with Orientation 6 in front of the picture.
  const plain = readFileSync(picture('jpg'));
  const tiff = Buffer.from('4d4d002a000000080001011200030000000100060000' + '00000000', 'hex');
  const exif = Buffer.concat([Buffer.from('Exif\0\0'), tiff]);
  const head = Buffer.from([0xff, 0xd8, 0xff, 0xe1, 0, exif.length + 2]);
  const path = join(daemon.dataDir, 'turned.jpg');
  await writeFile(path, Buffer.concat([head, exif, plain.subarray(2)]));
  const asset = await daemon.upload(path);
  assert.deepEqual([asset.width, asset.height], [130, 192]);
});

test('an image is found among assets, and is never played', {timeout: 60 * SECONDS}, async () => {
  const asset = await daemon.upload(picture('png'));
  const video = await daemon.upload(film('plain.mp4'));
  const ids = (await daemon.json('/v1/assets?kind=image&limit=200')).items.map((a) => a.id);
  assert.ok(ids.includes(asset.id) && !ids.includes(video.id));
  const base = asset.playback.thumbnail.replace('thumbnail.jpg', '');
  for (const name of ['index.m3u8', 'manifest.mpd', 'preview.webp', 'storyboard.vtt', 'download.mp4', 't/0-1/index.m3u8', 'source/0.m4s', 'image/x'])
    assert.match((await get(base + name, 404)).problem.detail, /is an image: it has image, thumbnail/, name);
  assert.match((await get(`${base}thumbnail.jpg?t=0`, 400)).problem.detail, /no parameter "t"/);
  const clips = [{asset: video.id}, {asset: asset.id, start: 0}];
  const stream = await daemon.call('POST', '/v1/streams', {json: {clips}});
  assert.equal(stream.status, 400);
  assert.deepEqual((await stream.json()).errors, [{pointer: '/clips/1/asset', detail: 'an image cannot be played'}]);
  const clip = await daemon.call('GET', `/v1/assets/${asset.id}/clip.m3u8?t=0,1`);
  assert.equal(clip.status, 400);
  const part = await daemon.call('POST', `/v1/assets/${asset.id}/reframe`, {json: {target: 'square'}});
  assert.equal(part.status, 422);
});

test('what only looks like an image is refused', {timeout: 60 * SECONDS}, async () => {
  const path = join(daemon.dataDir, 'wrong.png');
  const png = readFileSync(picture('png'));
  const wrong = [
    Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
    Buffer.from('<!doctype html><script>alert(1)</script>'),
    png.subarray(0, 40), Buffer.concat([png.subarray(0, 8), Buffer.alloc(500)]),
  ];
  for (const bytes of wrong) {
    await writeFile(path, bytes);
    const {status, body} = await daemon.tryUpload(path);
    assert.equal(status, 422, bytes.toString('latin1', 0, 40));
    assert.match(body.code, /unsupported_media|media_error/);
  }
  const huge = picture('png', ['-vf', 'scale=9000:4000']);
  const {status, body} = await daemon.tryUpload(huge);
  assert.equal(status, 422);
  assert.match(body.detail, /more than 33554432 pixels|too large/);
});

test('a picture of a video becomes an image of its own', {timeout: 120 * SECONDS}, async () => {
  const video = await daemon.upload(film('plain.mp4'));
  const call = (json, id = video.id) => daemon.call('POST', `/v1/assets/${id}/frames`, {json});
  const answer = await call({time: 2.5, name: 'two and a half'});
  assert.equal(answer.status, 201);
  const image = await answer.json();
  assert.equal(answer.headers.get('location'), `${daemon.base}/v1/assets/${image.id}`);
  assert.match(image.id, /^img-/);
  assert.deepEqual([image.kind, image.name, image.width, image.height], ['image', 'two and a half', 320, 240]);
  assert.deepEqual(image.metadata, {frame_of: video.id, time: 2.5});
  const still = await get(`${video.playback.thumbnail}?t=2.5&width=320`);
  assert.deepEqual((await get(image.playback.image)).bytes, still.bytes);
  const usual = await (await call({})).json();
  assert.equal(usual.metadata.time, 0.6);
  assert.equal((await daemon.call('DELETE', `/v1/assets/${video.id}`)).status, 204);
  assert.deepEqual((await get(image.playback.image)).bytes, still.bytes, 'it stays');
  await get(image.playback.thumbnail);
});

test('what is wrong with a frame is named', {timeout: 60 * SECONDS}, async () => {
  const video = await daemon.upload(film('plain.mp4'));
  const song = await daemon.upload(film('sound.mp3'));
  const image = await daemon.upload(picture('bmp'));
  const refused = async (id, json, status, detail) => {
    const answer = await daemon.call('POST', `/v1/assets/${id}/frames`, {json});
    const body = await answer.json();
    assert.equal(answer.status, status, JSON.stringify(body));
    assert.match(body.detail, detail);
  };
  await refused(video.id, {time: -1}, 400, /time: must be a number of seconds/);
  await refused(video.id, {time: '1'}, 400, /time: must be a number/);
  await refused(video.id, {time: 6.1}, 400, /outside of the video, which lasts 6\.0/);
  await refused(video.id, {at: 1}, 400, /at: there is no such field/);
  await refused(song.id, {time: 1}, 422, /no pictures/);
  await refused(image.id, {time: 0}, 422, /is an image/);
  await refused('m-00000000000000000000000000', {time: 0}, 404, /no such asset/);
});

test('twenty frames at once all come', {timeout: 120 * SECONDS}, async () => {
  const video = await daemon.upload(film('mpeg4.mkv'));
  const all = await Promise.all(Array.from({length: 20}, (_, i) =>
    daemon.call('POST', `/v1/assets/${video.id}/frames`, {json: {time: i / 5}})));
  assert.deepEqual(all.map((a) => a.status), Array(20).fill(201));
});
