// SPDX-License-Identifier: MIT
// bad_clips.test.js - ranges and streams of what cannot be played: each refused
// by name, with nothing made; and what goes while it plays.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {startDaemon} from './daemon.js';
import {text, variants} from './exact.js';
import {film} from './films.js';
import {isProblem} from './problem.js';

const SECONDS = 1000;
const MANY = 20000; // ranges in one URL: longer than any request line may be

let daemon;
let asset;
let still;
let song;
before(async () => {
  daemon = await startDaemon(['--ladder', 'on_demand']);
  asset = await daemon.upload(film('plain.mp4'));
  still = await daemon.upload(film('still.png'));
  song = await daemon.upload(film('sound.mp3'));
}, {timeout: 60 * SECONDS});
after(async () => daemon?.stop());

const post = (clips) => daemon.call('POST', '/v1/streams', {json: {clips}});

// How many pieces were made, once nothing is under way: a manifest has its first
// edge made ahead. The counts are of one moment, which may be a moment ago: two
// looks have to agree.
async function made() {
  for (let last; ;) {
    const metrics = await (await fetch(`${daemon.base}/metrics`)).text();
    const sum = (name) => [...metrics.matchAll(new RegExp(`^reeld_${name}(?:\\{.*\\})? (\\d+)$`, 'gm'))].reduce((all, m) => all + Number(m[1]), 0);
    const isIdle = /^reeld_workers\{state="busy"\} 0$/m.test(metrics) && sum('pieces_waiting') === 0;
    const count = sum('pieces_made_total');
    if (isIdle && count === last)
      return count;
    last = isIdle ? count : undefined;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

test('no number is taken for a time that is none', {timeout: 60 * SECONDS}, async () => {
  const before_ = await made();
  for (const t of ['inf', 'Infinity,2', '1,inf', '-0.5', '2,1.999', '6.1', '1,1.0000001', 'npt:', '%00', '1e400'])
    for (const url of [`${asset.playback.hls}?t=${t}`, `${asset.playback.dash}?t=${t}`])
      await isProblem(await fetch(url), 400, 'invalid_request');
  for (const raw of ['NaN', 'Infinity', '1e400', '"1"', '[]']) {
    const answer = await daemon.call('POST', '/v1/streams', {body: `{"clips":[{"asset":"${asset.id}","start":${raw}}]}`,
      headers: {'content-type': 'application/json'}});
    assert.equal(answer.status, 400, raw);
    assert.match((await answer.json()).code, /^(invalid_request|invalid_json|bad_json)$/, raw);
  }
  assert.equal(await made(), before_);
});

test('ranges may overlap, and be the same', async () => {
  const [url] = await variants(`${asset.playback.hls}?t=1,3&t=2,4&t=2,4`);
  const seconds = [...(await text(url)).matchAll(/#EXTINF:([\d.]+)/g)].reduce((sum, m) => sum + Number(m[1]), 0);
  assert.ok(Math.abs(seconds - 6) < 0.001, `${seconds} s`);
});

test('more ranges than a URL holds are refused as too long', async () => {
  for (const url of [asset.playback.hls, `${daemon.base}/v1/assets/${asset.id}/clip.m3u8`]) {
    const {pathname} = new URL(url);
    const {status} = await daemon.raw('GET', `${pathname}?${Array(MANY).fill('t=1,2').join('&')}`,
      {authorization: `Bearer ${daemon.key}`});
    assert.ok([400, 414, 431].includes(status), `${status}`);
  }
  assert.equal((await fetch(`${daemon.base}/healthz`)).status, 200);
});

test('an image is no clip, and the clip of a song has sound alone', async () => {
  const answer = await daemon.call('GET', `/v1/assets/${still.id}/clip.m3u8?t=0,1`);
  assert.ok(answer.status >= 400 && answer.status < 500, `${answer.status}`);
  assert.ok((await answer.json()).detail);
  const problem = await isProblem(await post([{asset: asset.id}, {asset: still.id}]), 400, 'invalid_request');
  assert.ok(problem.errors.some((e) => e.pointer.startsWith('/clips/1')), JSON.stringify(problem.errors));
  const playlist = await text(`${song.playback.hls}?t=1,2`);
  assert.ok(!playlist.includes('RESOLUTION='), playlist);
});

test('grants of clips and streams that are bad open nothing', {timeout: 60 * SECONDS}, async () => {
  const stream = await (await post([{asset: asset.id, start: 1.01, end: 2}])).json();
  const before_ = await made();
  for (const url of [`${asset.playback.hls}?t=1.03,2`, stream.playback.hls, stream.playback.dash]) {
    const grant = new URL(url).pathname.split('/')[2];
    const [kind, expires, proof] = grant.split('.');
    const flipped = (proof[0] === 'A' ? 'B' : 'A') + proof.slice(1);
    for (const other of [`${kind}.${expires}.${flipped}`, `${kind}.1.${proof}`, `${kind}.${Number(expires) + 1}.${proof}`, kind, 'x'])
      await isProblem(await fetch(url.replace(grant, other)), 403, 'bad_grant');
    const [, , , id] = new URL(url).pathname.split('/');
    await isProblem(await fetch(url.replace(id, song.id)), 403, 'bad_grant');
  }
  assert.equal(await made(), before_);
});

test('a grant that has expired opens nothing until a fresh one is asked for', {timeout: 60 * SECONDS}, async () => {
  const short = await daemon.call('POST', '/v1/streams', {json: {clips: [{asset: asset.id, start: 1.02, end: 3}], expires_in: 1}});
  const stream = await short.json();
  while ((await fetch(stream.playback.hls)).status === 200)
    await new Promise((resolve) => setTimeout(resolve, 100));
  const before_ = await made();
  for (const url of [stream.playback.hls, stream.playback.dash, stream.playback.hls.replace('index.m3u8', 'download.mp4')])
    await isProblem(await fetch(url), 403, 'bad_grant');
  assert.equal(await made(), before_);
  const fresh = await (await daemon.call('POST', `/v1/streams/${stream.id}/grants`, {json: {expires_in: 3600}})).json();
  assert.equal((await fetch(fresh.hls)).status, 200);
});

test('an asset that goes while its clip plays answers every request', {timeout: 60 * SECONDS}, async () => {
  const doomed = await daemon.upload(film('mpeg4.mkv'), {name: 'doomed'});
  const stream = await (await post([{asset: asset.id}, {asset: doomed.id, start: 1, end: 3}])).json();
  const rungs = await variants(`${doomed.playback.hls}?t=0.51,3.49`);
  const pieces = [];
  for (const rung of rungs)
    for (const line of (await text(rung)).split('\n'))
      if (line && line[0] !== '#')
        pieces.push(new URL(line, rung).href);
  const asked = pieces.map(async (url) => {
    const answer = await fetch(url);
    await answer.arrayBuffer();
    return answer.status;
  });
  assert.equal((await daemon.call('DELETE', `/v1/assets/${doomed.id}`)).status, 204);
  for (const status of await Promise.all(asked))
    assert.ok([200, 403, 404, 410].includes(status), `${status}`);
  for (const url of pieces)
    await isProblem(await fetch(url), 403, 'bad_grant');
  await isProblem(await post([{asset: doomed.id}]), 400, 'invalid_request');
  await isProblem(await daemon.call('GET', `/v1/assets/${doomed.id}/clip.mpd?t=1,2`), 404, 'not_found');
  await isProblem(await fetch(stream.playback.hls), 410, 'asset_gone');
  await made(); // nothing is left waiting
});
