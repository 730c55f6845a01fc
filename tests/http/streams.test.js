// SPDX-License-Identifier: MIT
// streams.test.js - streams of clips of unlike assets: made, played, refused.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {existsSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import HLS from 'hls-parser';
import {startDaemon} from './daemon.js';
import {film} from './films.js';
import {MEDIA} from './media.js';
import {isProblem} from './problem.js';
import {run} from './run.js';

const SECONDS = 1000;
const XSD = process.env.REELD_TEST_XSD || join(MEDIA, '..', 'reference', 'xsd', 'DASH-MPD.xsd');
// Other size, rate, layout of sound, none at all, no pictures: and how many
// pictures lie in each range (black ones at 25 a second).
const CLIPS = [
  {film: 'plain.mp4', start: 1.01, end: 3.01, pictures: 50},
  {film: 'silent.mp4', start: 0.51, end: 2.01, pictures: 45},
  {film: 'sound.mp3', start: 0, end: 2},
  {film: 'tall.mkv', start: 0.99, end: 1.99, pictures: 24},
  {film: 'mpeg4.mkv', start: 2.01, end: 3.01, pictures: 25},
];

let daemon;
const assets = {};
before(async () => {
  daemon = await startDaemon(['--ladder', 'background']);
  for (const {film: name} of CLIPS)
    assets[name] = await daemon.upload(film(name));
});
after(async () => daemon?.stop());

const clips = () => CLIPS.map(({film: name, start, end}) => ({asset: assets[name].id, start, end}));
const post = (json, headers) => daemon.call('POST', '/v1/streams', {json, headers});

async function create(json) {
  const answer = await post(json);
  const text = await answer.text();
  assert.equal(answer.status, 201, text);
  return JSON.parse(text);
}

async function get(url) {
  const answer = await fetch(url);
  const body = Buffer.from(await answer.arrayBuffer());
  assert.equal(answer.status, 200, `${url}: ${body.subarray(0, 300)}`);
  return body;
}

// Strictly parsed.
function parse(text) {
  HLS.setOptions({strictMode: true});
  try {
    return HLS.parse(text);
  } finally {
    HLS.setOptions({strictMode: false});
  }
}

async function countPictures(input) {
  const {stdout, stderr} = await run('ffprobe', ['-v', 'error', '-count_frames', '-select_streams', 'v:0',
    '-show_entries', 'stream=nb_read_frames', '-of', 'csv=p=0', input]);
  return {count: parseInt(stdout, 10), stderr};
}

// A media playlist as its parts between discontinuities: {map, uris, seconds}.
function partsOf(text) {
  const parts = [];
  let part = {uris: [], seconds: 0};
  parts.push(part);
  for (const line of text.split('\n')) {
    if (line === '#EXT-X-DISCONTINUITY')
      parts.push(part = {uris: [], seconds: 0});
    part.map = line.match(/^#EXT-X-MAP:URI="([^"]*)"/)?.[1] ?? part.map;
    part.seconds += Number(line.match(/^#EXTINF:([\d.]+)/)?.[1] ?? 0);
    if (line && line[0] !== '#')
      part.uris.push(line);
  }
  return parts;
}

// 25 a second, the last one cut at the end.
const blackPictures = (seconds) => Math.ceil(seconds * 25 - 0.001);

async function assertParts(url) {
  const text = (await get(url)).toString();
  parse(text);
  const parts = partsOf(text);
  assert.equal(parts.length, CLIPS.length, url);
  for (const [i, part] of parts.entries()) {
    assert.ok(Math.abs(part.seconds - (CLIPS[i].end - CLIPS[i].start)) < 0.05, `${url}: ${part.seconds} s`);
    const bytes = [];
    for (const uri of [part.map, ...part.uris])
      bytes.push(await get(new URL(uri, url).href));
    const file = join(daemon.dataDir, 'part.mp4');
    writeFileSync(file, Buffer.concat(bytes));
    const {count, stderr} = await countPictures(file);
    assert.equal(stderr, '', `${url} part ${i}`);
    assert.equal(count, CLIPS[i].pictures ?? blackPictures(part.seconds), `${url} part ${i}`);
  }
  return parts.map((part) => part.uris.length);
}

test('a stream of sound alone names no pictures, one with pictures does', {timeout: 60 * SECONDS}, async () => {
  const sound = await create({clips: [{asset: assets['sound.mp3'].id, start: 1}, {gap: 1}]});
  const both = await create({clips: [{asset: assets['sound.mp3'].id, end: 1}, {asset: assets['plain.mp4'].id, end: 1}]});
  const listed = (await daemon.json('/v1/streams')).items;
  const urls = (stream) => ['thumbnail', 'storyboard', 'preview'].map((name) => stream.playback[name]);
  for (const shown of [sound, await daemon.json(`/v1/streams/${sound.id}`), listed.find(({id}) => id === sound.id)])
    assert.deepEqual(urls(shown), [null, null, null]);
  for (const shown of [both, await daemon.json(`/v1/streams/${both.id}`), listed.find(({id}) => id === both.id)])
    assert.ok(urls(shown).every((url) => typeof url === 'string'), JSON.stringify(shown.playback));
  for (const {id} of [sound, both])
    await daemon.call('DELETE', `/v1/streams/${id}`);
});

test('a stream of five unlike assets has exactly their pictures at every rung', {timeout: 200 * SECONDS}, async () => {
  const stream = await create({clips: clips(), name: 'Five'});
  assert.match(stream.id, /^s-/);
  assert.equal(stream.clips.length, 5);
  const master = parse((await get(stream.playback.hls)).toString());
  assert.ok(master.variants.length > 0);
  const shapes = new Set();
  for (const variant of master.variants.filter((v) => v.resolution))
    shapes.add(JSON.stringify(await assertParts(new URL(variant.uri, stream.playback.hls).href)));
  for (const {uri} of master.variants.flatMap((v) => v.audio).filter(Boolean)) {
    const text = (await get(new URL(uri, stream.playback.hls).href)).toString();
    parse(text);
    shapes.add(JSON.stringify(partsOf(text).map((part) => part.uris.length)));
  }
  assert.equal(shapes.size, 1, 'the same segments and discontinuities everywhere');
});

test('a stream plays in ffmpeg to its end', {timeout: 120 * SECONDS}, async () => {
  const stream = await create({clips: clips()});
  const url = `${stream.playback.hls}?container=ts`;
  const uri = (await get(url)).toString().split('\n').find((line) => line.endsWith('/ts.m3u8'));
  const {count} = await countPictures(new URL(uri, url).href);
  const black = blackPictures(stream.clips[2].end - stream.clips[2].start);
  assert.equal(count, 50 + 45 + black + 24 + 25);
});

test('the MPD of a stream is valid and has a Period a clip', {timeout: 60 * SECONDS}, async () => {
  const stream = await create({clips: clips()});
  const mpd = (await get(stream.playback.dash)).toString();
  assert.equal(mpd.match(/<Period /g).length, 5);
  if (!existsSync(XSD))
    return;
  const file = join(daemon.dataDir, 'stream.mpd');
  writeFileSync(file, mpd);
  execFileSync('xmllint', ['--nonet', '--noout', '--schema', XSD, file], {stdio: 'pipe'});
});

test('a stream is its clips: named by them, listed, linked, removed', async () => {
  const two = clips().slice(0, 2);
  const stream = await create({clips: two, name: 'One', expires_in: 60});
  const again = await create({clips: two, name: 'Two'});
  assert.equal(again.id, stream.id);
  assert.equal(again.created_at, stream.created_at);
  assert.notEqual((await create({clips: [...two].reverse()})).id, stream.id);
  const path = `/v1/streams/${stream.id}`;
  const got = await daemon.json(path);
  assert.equal(got.name, 'Two');
  assert.deepEqual(got.clips, stream.clips);
  const list = await daemon.json('/v1/streams?limit=1');
  assert.equal(list.items.length, 1);
  const next = await daemon.json(`/v1/streams?limit=200&cursor=${list.next}`);
  assert.ok(next.items.some((s) => s.id === stream.id));
  const granted = await daemon.call('POST', `${path}/grants`, {json: {expires_in: 5}});
  assert.equal(granted.status, 201);
  const {hls} = await granted.json();
  await get(hls);
  await isProblem(await fetch(hls.replace(stream.id, assets['plain.mp4'].id)), 403, 'bad_grant');
  await isProblem(await fetch(`${hls}?t=1,2`), 400, 'invalid_request');
  assert.equal((await fetch(hls.replace('index.m3u8', 'nope/index.m3u8'))).status, 404);
  assert.equal((await daemon.call('DELETE', path)).status, 204);
  await isProblem(await daemon.call('GET', path), 404, 'not_found');
  await isProblem(await daemon.call('DELETE', path), 404, 'not_found');
  await isProblem(await daemon.call('POST', `${path}/grants`, {json: {}}), 404, 'not_found');
  await isProblem(await fetch(hls), 403, 'bad_grant');
});

test('what is wrong with a stream is pointed at', async () => {
  const asset = assets['plain.mp4'].id;
  const BAD = [
    [{}, '/clips'], [{clips: []}, '/clips'], [{clips: 'x'}, '/clips'], [{clips: Array(1001).fill({asset})}, '/clips'],
    [{clips: [{asset}, 5]}, '/clips/1'], [{clips: [{asset, x: 1}]}, '/clips/0'],
    [{clips: [{asset}, {asset: 'm-nope'}]}, '/clips/1/asset'], [{clips: [{}]}, '/clips/0/asset'],
    [{clips: [{asset: asset.replace(/...$/, 'zzz')}]}, '/clips/0/asset'],
    [{clips: [{asset, start: -1}]}, '/clips/0/start'], [{clips: [{asset, start: 'a'}]}, '/clips/0/start'],
    [{clips: [{asset, start: 99}]}, '/clips/0/start'], [{clips: [{asset, start: 3, end: 2}]}, '/clips/0/end'],
    [{clips: [{asset, start: 0.001, end: 0.002}]}, '/clips/0/start'], [{clips: [{asset, end: 1e99}]}, '/clips/0/end'],
    [{clips: [{asset}], snap: 'x'}, '/snap'], [{clips: [{asset}], expires_in: 0}, '/expires_in'],
    [{clips: [{asset}], more: 1}, '/more'],
  ];
  for (const [json, pointer] of BAD) {
    const problem = await isProblem(await post(json), 400, 'invalid_request');
    assert.ok(problem.errors.some((e) => e.pointer === pointer), `${pointer}: ${JSON.stringify(problem.errors)}`);
  }
});

test('a stream takes a thousand clips', {timeout: 60 * SECONDS}, async () => {
  const asset = assets['plain.mp4'].id;
  const stream = await create({clips: Array.from({length: 1000}, (_, i) => ({asset, start: (i % 100) / 25, end: (i % 100) / 25 + 1}))});
  assert.equal(stream.clip_count, 1000);
  assert.equal(stream.duration, 1000);
  await get(stream.playback.hls);
});

test('a stream whose asset went says which one', async () => {
  const asset = await daemon.upload(film('plain.mp4'), {name: 'short-lived'});
  const stream = await create({clips: [{asset: assets['plain.mp4'].id}, {asset: asset.id}]});
  await get(stream.playback.hls);
  assert.equal((await daemon.call('DELETE', `/v1/assets/${asset.id}`)).status, 204);
  for (const answer of [await fetch(stream.playback.hls), await fetch(stream.playback.dash),
    await daemon.call('GET', `/v1/streams/${stream.id}`)]) {
    const {detail} = await isProblem(answer, 410, 'asset_gone');
    assert.ok(detail.includes('/clips/1/asset') && detail.includes(asset.id), detail);
  }
});
