// SPDX-License-Identifier: MIT
// videodb-wire.test.js - VideoDB's dialect byte for byte: what the Python SDK
// alone does, every error an object, and answers that take their time.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {connect} from 'node:net';
import {after, before, test} from 'node:test';
import {startDaemon} from './daemon.js';
import {film} from './films.js';
import {assertBlack, assertPlays, getText, pictureSize, pythonClient, registering, sendFile} from './videodb.js';

const SECONDS = 1000;
let daemon, video;

const {ask, data, refused, uploadAddress, upload} = pythonClient(() => daemon);

before(async () => {
  daemon = await startDaemon(['--ladder', 'on_demand', '--videodb-json-limit', '2MiB']);
  ({answer: {body: {data: video}}} = await upload(film('plain.mp4')));
});
after(async () => daemon?.stop());

test('Python uploads without a key, a type or an ending', {timeout: 60 * SECONDS}, async () => {
  assert.match(video.id, /^m-[\w-]+$/);
  assert.equal(video.name, 'harbour walk');
  assert.equal(video.length, 6);
  const song = (await upload(film('sound.mp3'))).answer.body.data;
  assert.match(song.id, /^a-/);
  assert.ok(song.length > 4.9 && !('stream_url' in song));
  await data('DELETE', `/audio/${song.id}`);
  // An address is good for one upload, and its bytes for one registration.
  const {url} = await upload(film('silent.mp4'));
  assert.equal((await sendFile(url, 'again')).status, 404);
  await refused(404, 'not_found', 'POST', '/collection/default/upload', {json: registering(url)});
  const early = await uploadAddress();
  await refused(409, 'conflict', 'POST', '/collection/default/upload', {json: registering(early)});
  assert.equal((await sendFile(early, '')).status, 400);
  assert.equal((await sendFile(early, readFileSync(film('silent.mp4')))).status, 200);
  assert.equal((await sendFile(early, 'twice')).status, 409);
});

test('what the name does not tell, the content does', {timeout: 60 * SECONDS}, async () => {
  // Ogg may hold either: the guess is a video, the probe knows better.
  const ogg = (await upload(film('sound.oga'))).answer.body.data;
  assert.match(ogg.id, /^a-/);
  const {audios} = await data('GET', '/audio?collection_id=default');
  assert.deepEqual(audios.map((a) => a.id), [ogg.id]);
  assert.ok(!(await data('GET', '/video')).videos.some((v) => v.name === 'harbour walk' && v.length < 5.5 && v.length > 4.5));
  const mute = (await upload(film('silent.mp4'), {media_type: 'audio'})).answer;
  assert.equal(mute.status, 422);
  assert.match(mute.body.message, /no sound/);
  const text = (await upload(film('silent.mp4'), {media_type: 'hologram'})).answer;
  assert.equal(text.status, 400);
  const url = await uploadAddress();
  await sendFile(url, 'not a film at all, only words '.repeat(40));
  assert.match(await refused(422, 'unsupported_media', 'POST', '/collection/default/upload', {json: registering(url)}), /./);
  assert.deepEqual((await daemon.json('/v1/assets?state=rejected')).items, []);
});

test('work that takes long is polled for', {timeout: 120 * SECONDS}, async () => {
  const hasty = await startDaemon(['--videodb-answer-wait', '0s', '--videodb-poll-wait', '20s'], {});
  const before = daemon;
  daemon = hasty;
  try {
    for (const [file, prefix] of [['plain.mp4', 'm-'], ['sound.oga', 'a-']]) {
      const {answer: {status, body}} = await upload(film(file));
      assert.equal(status, 200);
      assert.equal(body.status, 'processing');
      assert.equal(body.request_type, 'sync');
      const url = new URL(body.data.output_url);
      assert.equal(url.origin, hasty.base);
      let last;
      do
        last = (await ask('GET', url.pathname.slice('/videodb'.length))).body;
      while (last.status === 'processing');
      assert.equal(last.status, 'done');
      assert.ok(last.data.id.startsWith(prefix), last.data.id);
      // Polls may be repeated.
      assert.equal((await ask('GET', url.pathname.slice('/videodb'.length))).body.data.id, last.data.id);
    }
    const address = await uploadAddress();
    await sendFile(address, 'no film');
    const {body} = await ask('POST', '/collection/default/upload', {json: registering(address)});
    for (let i = 0; i < 2; i++) {
      const failed = await ask('GET', new URL(body.data.output_url).pathname.slice('/videodb'.length));
      assert.equal(failed.status, 200);
      assert.equal(failed.body.success, false);
      assert.equal(failed.body.status, 'failed');
      assert.ok(failed.body.message);
    }
    const {videos: [own]} = await data('GET', '/video');
    const download = (await ask('POST', '/download', {json: {stream_link: own.stream_url, name: 'Ein schöner Film & mehr'}})).body;
    assert.equal(download.status, 'processing');
    const poll = new URL(download.data.output_url);
    const {body: done} = await ask('GET', poll.pathname.slice('/videodb'.length) + poll.search);
    assert.equal(done.data.name, 'Ein schöner Film & mehr');
    const file = await fetch(done.data.download_url);
    assert.equal(file.status, 200);
    assert.match(file.headers.get('content-disposition'), /Ein%20sch%C3%B6ner%20Film/);
    await file.body.cancel();
  } finally {
    daemon = before;
    await hasty.stop();
  }
});

test('a poll moves and removes nothing that was not begun here', {timeout: 60 * SECONDS}, async () => {
  // A song under a name that promises a film, brought in by /v1.
  const song = await daemon.upload(film('sound.mp3'), {name: 'song'}, {'content-type': 'video/mp4'});
  assert.match(song.id, /^m-/);
  const {body} = await ask('GET', `/async-response/${song.id}`);
  assert.equal(body.status, 'done');
  assert.equal(body.data.id, song.id);
  assert.equal((await daemon.json(`/v1/assets/${song.id}`)).state, 'ready');
  await daemon.call('DELETE', `/v1/assets/${song.id}`);
});

test('explicit nulls, unknown members, slashes and blanks', {timeout: 60 * SECONDS}, async () => {
  assert.equal((await data('GET', '//collection/default/')).id, 'default');
  assert.equal((await data('GET', '/collection///default?anything=1&else=a+b')).id, 'default');
  for (const timeline of [null, [], undefined]) {
    const {stream_url: url} = await data('POST', `/video/${video.id}/stream`, {json: {timeline, length: null, more: {}}});
    assert.equal(new URL(url).pathname.split('/')[3], video.id);
  }
  const {stream_url: cut, player_url: player} =
    await data('POST', `/video/${video.id}/stream`, {json: {timeline: [[1, 2e0], [4.0, 5.5]], length: '6.0'}});
  await assertPlays(cut, {seconds: 2.5, pictures: 25 + 38});
  assert.match(player, /\/watch\?v=s-/);
  const open = await data('POST', '/timeline', {json: {request_type: 'compile',
    timeline: [{asset_id: video.id, start: 5, end: null}, {asset_id: video.id, start: null}]}});
  await assertPlays(open.stream_url, {seconds: 7, pictures: 175});
  // The collection of a shot may be wrong or nothing; empty shots are left out.
  const compiled = await data('POST', '/compile', {json: [
    {video_id: video.id, collection_id: null, shots: [[0.0, 0.0]]},
    {video_id: video.id, collection_id: 'c-of-another', shots: [[3, 4], [0, 1]]},
  ]});
  await assertPlays(compiled.stream_url, {seconds: 2, pictures: 50});
  assert.equal((await data('GET', '/video?collection_id=None')).videos.length, 0);
  assert.equal((await data('GET', `/video/${video.id}?collection_id=undefined`)).id, video.id);
});

test('a video is renamed and deleted; others stay as they are', {timeout: 60 * SECONDS}, async () => {
  const {answer: {body: {data: own}}} = await upload(film('tall.mkv'), {name: 'caf\u00e9 \ud83c\udf0a'});
  assert.equal(own.name, 'caf\u00e9 \ud83c\udf0a');
  assert.equal((await data('PATCH', `/video/${own.id}`, {text: '{"name": "f\\u00fcnf", "description": null}'})).name, 'f\u00fcnf');
  assert.equal((await data('GET', `/video/${own.id}`)).name, 'f\u00fcnf');
  await data('DELETE', `/video/${own.id}?collection_id=default`);
  assert.equal((await fetch(own.stream_url)).status >= 400, true);
  await refused(404, 'not_found', 'GET', `/video/${own.id}`);
  await refused(404, 'not_found', 'DELETE', `/video/${own.id}`);
  await refused(404, 'not_found', 'GET', `/audio/${video.id}`);
});

test('collections change by the members that are there', {timeout: 60 * SECONDS}, async () => {
  const {id} = await data('POST', '/collection', {json: {name: 'Trip', description: 'North', is_public: false}});
  const changed = await data('PATCH', `/collection/${id}`, {json: {name: null, description: 'South'}});
  assert.deepEqual([changed.name, changed.description, changed.is_public], ['Trip', 'South', false]);
  assert.match(await refused(501, 'not_implemented', 'PATCH', `/collection/${id}`, {json: {is_public: true}}), /Public/);
  const {collections, default_collection: first} = await data('GET', '/collection');
  assert.equal(first, 'default');
  assert.ok(collections.some((c) => c.id === id && c.description === 'South'));
  await data('DELETE', `/collection/${id}`);
  await refused(409, 'conflict', 'DELETE', '/collection/default');
});

// ---- the editor's timeline ---------------------------------------------------

// As Python serialises a clip, all members there.
const clip = (start, duration, asset = {}, more = {}) => ({start, clip: {
  asset: {type: 'video', id: video.id, start: 0, volume: 1, crop: {top: 0, right: 0, bottom: 0, left: 0}, ...asset},
  duration, effect: null, scale: 1, opacity: 1, fit: 'crop', position: 'center', offset: {x: 0, y: 0}, z_index: 0, ...more}});
const timeline = (tracks, more = {}) => ({timeline: {background: '#000000', resolution: '640x480',
  tracks: tracks.map((clips) => ({z_index: 0, clips})), ...more}});

test('the editor lays clips out by time, over all tracks', {timeout: 60 * SECONDS}, async () => {
  const row = await data('POST', '/editor', {json: timeline([[clip(0, 1, {start: 2}), clip(2, 1.5)], [clip(1, 1, {start: 5})]])});
  await assertPlays(row.stream_url, {seconds: 3.5, pictures: 25 + 25 + 38});
  // Nothing is black and silent: before the first clip, and between clips.
  const gaps = await data('POST', '/editor', {json: timeline([[clip(1, 1, {start: 2}), clip(3.5, 0.5)]])});
  await assertPlays(gaps.stream_url, {seconds: 4, joins: 3});
  await assertBlack(gaps.stream_url, [[0, 1], [2, 3.5]]);
  assert.match(await refused(501, 'not_implemented', 'POST', '/editor',
    {json: timeline([[clip(1, 1)]], {background: '#ff0000'})}), /Backgrounds/);
  // An old asset in a clip; a clip that is longer than what is left of it.
  const old = await data('POST', '/editor', {json: {timeline: {resolution: '640x480', tracks: [
    {clips: [{start: 0, clip: {asset: {asset_id: video.id, start: 3, end: null}, duration: 99, fit: 'crop'}}]}]}}});
  await assertPlays(old.stream_url, {seconds: 3, pictures: 75});
});

test('a clip is cropped to a canvas of another shape', {timeout: 120 * SECONDS}, async () => {
  const lists = async () => (await data('GET', '/video')).videos.map((v) => v.id);
  const before = await lists();
  const tall = await data('POST', '/editor', {json: timeline([[clip(0, 2, {start: 1}), clip(2, 1)]], {resolution: '720x1280'})});
  await assertPlays(tall.stream_url, {seconds: 3, pictures: 75});
  const {width, height} = await pictureSize(tall.stream_url);
  assert.ok(Math.abs(width / height - 9 / 16) < 0.02, `${width}x${height}`);
  // Another size of that shape is of the same pictures, so the same stream.
  const again = await data('POST', '/editor', {json: timeline([[clip(0, 2, {start: 1}), clip(2, 1)]], {resolution: '1080x1920'})});
  const path = (url) => new URL(url).pathname.split('/')[3];
  assert.equal(path(again.stream_url), path(tall.stream_url));
  const wide = await data('POST', '/editor', {json: timeline([[clip(0, 1)]], {resolution: '1280x720'})});
  const shown = await pictureSize(wide.stream_url);
  assert.ok(Math.abs(shown.width / shown.height - 16 / 9) < 0.04, `${shown.width}x${shown.height}`);
  assert.deepEqual(await lists(), before);
});

test('what a video is cropped to goes with it', {timeout: 120 * SECONDS}, async () => {
  const {answer: {body: {data: own}}} = await upload(film('tall.mkv'), {name: 'own'});
  const json = timeline([[clip(0, 1, {id: own.id})]]);
  const {stream_url: url} = await data('POST', '/editor', {json});
  await getText(url);
  const shapes = async () => (await daemon.json('/v1/assets')).items.filter((a) => a.reframe?.asset === own.id);
  const [shape, ...more] = await shapes();
  assert.deepEqual(more, []);
  assert.equal(shape.name, 'own');
  assert.match(await refused(409, 'conflict', 'DELETE', `/video/${own.id}/storage`), new RegExp(shape.id));
  await data('DELETE', `/video/${own.id}`);
  assert.deepEqual(await shapes(), []);
  assert.ok((await fetch(url)).status >= 400);
});

test('a large timeline comes through an upload address', {timeout: 60 * SECONDS}, async () => {
  const clips = Array.from({length: 300}, (_, i) => clip(i * 0.2, 0.2, {start: i % 25 / 5}));
  const text = JSON.stringify(timeline([clips]));
  assert.ok(text.length > 102400 / 2);
  const url = await uploadAddress('?name=timeline_data.json');
  assert.equal((await sendFile(url, text, 'timeline_data.json')).status, 200);
  const {stream_url: stream} = await data('POST', '/editor', {json: {timeline_url: url}});
  await getText(stream);
  await data('POST', '/editor', {text});
  await refused(400, 'invalid_request', 'POST', '/editor', {json: {timeline_url: 'https://elsewhere.example/a'}});
  await refused(413, 'too_large', 'POST', '/editor', {text: `{"timeline": "${'a'.repeat(3 << 20)}"}`});
});

test('what the editor cannot do is refused by name', {timeout: 60 * SECONDS}, async () => {
  const cases = [
    [/lie over each other/, timeline([[clip(0, 2)], [clip(1, 2)]])],
    [/scale/, timeline([[clip(0, 2, {}, {scale: 2})]])],
    [/opacity/, timeline([[clip(0, 2, {}, {opacity: 0.5})]])],
    [/Effects/, timeline([[clip(0, 2, {}, {effect: 'zoomIn'})]])],
    [/Filters/, timeline([[clip(0, 2, {}, {filter: 'greyscale'})]])],
    [/position/, timeline([[clip(0, 2, {}, {position: 'top_left'})]])],
    [/offset/, timeline([[clip(0, 2, {}, {offset: {x: 0.3, y: 0}})]])],
    [/Transitions/, timeline([[clip(0, 2, {}, {transition: {in: 'fade', out: null, duration: 0.5}})]])],
    [/volume/, timeline([[clip(0, 2, {volume: 0})]])],
    [/Cropped/, timeline([[clip(0, 2, {crop: {top: 0.1, right: 0, bottom: 0, left: 0}})]])],
    [/captions/, timeline([[clip(0, 2, {type: 'text', text: 'Hi'})]])],
    [/Fit "cover"/, timeline([[clip(0, 2, {}, {fit: 'cover'})]], {resolution: '608x1080'})],
    [/Fit "None"/, timeline([[clip(0, 2, {}, {fit: null})]])],
    [/Fit "None"/, timeline([[clip(0, 2, {}, {fit: 'None'})]])],
  ];
  for (const [names, json] of cases)
    assert.match(await refused(501, 'not_implemented', 'POST', '/editor', {json}), names);
  await data('POST', '/editor', {json: timeline([[clip(0, 2, {}, {fit: null})]], {resolution: '320x240'})});
  await data('POST', '/editor', {json: timeline([[clip(0, 2, {}, {transition: {in: null, out: null}, fit: 'contain'})]], {resolution: '608x1080'})});
  const wrong = [{}, {timeline: null}, timeline([]), timeline([[clip(0, 0)]]), timeline([[clip(-1, 2)]]), timeline([[clip('a', 2)]]),
    timeline([[clip(0, 2)]], {resolution: 'large'}), timeline([[clip(0, 2)]], {resolution: '100x10000'}), {timeline: {tracks: 5}}, timeline([[{start: 0}]]), []];
  for (const json of wrong)
    await refused(400, 'invalid_request', 'POST', '/editor', {json});
  await refused(404, 'not_found', 'POST', '/editor', {json: timeline([[clip(0, 2, {id: 'm-nobody'})]])});
});

// ---- errors ------------------------------------------------------------------

test('every error is a JSON object that says what it is', {timeout: 60 * SECONDS}, async () => {
  const stream = `/video/${video.id}/stream`;
  const cases = [
    [401, 'unauthorized', 'GET', '/collection', {key: ''}],
    [401, 'unauthorized', 'GET', '/collection', {key: 'sk-nothing'}],
    [404, 'not_found', 'GET', ''],
    [404, 'not_found', 'GET', '/nothing/at/all'],
    [404, 'not_found', 'GET', '/collection/c-nobody'],
    [404, 'not_found', 'GET', '/collection/c-nobody/upload_url'],
    [404, 'not_found', 'GET', '/video/m-nobody'],
    [404, 'not_found', 'GET', `/video/${'x'.repeat(300)}`],
    [404, 'not_found', 'GET', '/image/img-nobody'],
    [404, 'not_found', 'GET', '/async-response/m-nobody'],
    [404, 'not_found', 'GET', '/async-response/..x'],
    [404, 'not_found', 'GET', '/async-response/download/s-nobody'],
    [404, 'not_found', 'POST', '/upload/0123456789012345678901'],
    [404, 'not_found', 'POST', '/collection/c-nobody/upload', {json: registering('x')}],
    [405, 'method_not_allowed', 'PUT', '/video'],
    [405, 'method_not_allowed', 'DELETE', '/compile'],
    [400, 'invalid_request', 'GET', '/video/%zz'],
    [400, 'invalid_request', 'GET', '/video/..%2fx'],
    [400, 'invalid_request', 'POST', '/collection', {text: '{"name": '}],
    [400, 'invalid_request', 'POST', '/collection', {text: `${'['.repeat(100)}${']'.repeat(100)}`}],
    [400, 'invalid_request', 'POST', '/collection', {json: {}}],
    [400, 'invalid_request', 'POST', '/collection', {json: {name: 5}}],
    [400, 'invalid_request', 'POST', '/collection', {json: ['name']}],
    [400, 'invalid_request', 'POST', '/collection/default/upload', {json: {}}],
    [400, 'invalid_request', 'POST', stream, {json: {timeline: 'all'}}],
    [400, 'invalid_request', 'POST', stream, {json: {timeline: [[1]]}}],
    [400, 'invalid_request', 'POST', stream, {json: {timeline: [[1, 2, 3]]}}],
    [400, 'invalid_request', 'POST', stream, {json: {timeline: [['1', '2']]}}],
    [400, 'invalid_request', 'POST', stream, {json: {timeline: [[-1, 2]]}}],
    [400, 'invalid_request', 'POST', stream, {json: {timeline: [[2, 2]]}}],
    [400, 'invalid_request', 'POST', stream, {json: {timeline: [[9, 10]]}}],
    [400, 'invalid_request', 'POST', stream, {text: '{"timeline": [[0, 1e400]]}'}],
    [400, 'invalid_request', 'POST', stream, {text: '{"timeline": [[NaN, 1]]}'}],
    [400, 'invalid_request', 'POST', '/compile', {json: {}}],
    [400, 'invalid_request', 'POST', '/compile', {json: []}],
    [400, 'invalid_request', 'POST', '/compile', {json: [{video_id: video.id, shots: [[0, 0]]}]}],
    [400, 'invalid_request', 'POST', '/compile', {json: [5]}],
    [404, 'not_found', 'POST', '/compile', {json: [{video_id: 'a-nobody', shots: [[0, 1]]}]}],
    [400, 'invalid_request', 'POST', '/timeline', {json: {timeline: []}}],
    [400, 'invalid_request', 'POST', '/download', {json: {name: 'x'}}],
    [400, 'invalid_request', 'POST', '/download', {}],
    [400, 'invalid_request', 'POST', '/download', {json: {stream_link: `${daemon.base}/p/open/../x`}}],
    [404, 'not_found', 'POST', '/video/m-nobody/reframe', {json: {}}],
    [400, 'invalid_request', 'POST', `/video/${video.id}/reframe`, {json: {target: 'round'}}],
    [400, 'invalid_request', 'POST', `/video/${video.id}/reframe`, {json: {mode: 'clever'}}],
    [400, 'invalid_request', 'POST', `/video/${video.id}/reframe`, {json: {start: 5, end: 2}}],
    [501, 'not_implemented', 'POST', `/collection/default/generate/video/dub`, {json: {}}],
    [501, 'not_implemented', 'GET', '/rtstream'],
    [501, 'not_implemented', 'PATCH', '/rtstream/x/status', {json: {}}],
    [501, 'not_implemented', 'GET', '/billing/usage'],
    [501, 'not_implemented', 'GET', `/video/${video.id}/index/scene/x`],
    [501, 'not_implemented', 'POST', '/collection/default/search/title', {json: {query: 'a'}}],
  ];
  for (const [status, code, method, path, options] of cases)
    await refused(status, code, method, path, options);
  const allow = (await ask('PUT', '/video')).headers.get('allow');
  assert.match(allow, /GET/);
});

test('a key may do what its scope says', {timeout: 60 * SECONDS}, async () => {
  const {key: reader} = await (await daemon.call('POST', '/v1/keys', {json: {scopes: ['read'], label: 'reader'}})).json();
  assert.equal((await data('GET', '/video', {key: reader})).videos.length > 0, true);
  await refused(403, 'forbidden', 'DELETE', `/video/${video.id}`, {key: reader});
  await refused(403, 'forbidden', 'GET', '/collection/default/upload_url', {key: reader});
});

// What no client library would send.
function raw(text) {
  return new Promise((resolve, reject) => {
    const socket = connect(daemon.port, '127.0.0.1', () => socket.end(text));
    let got = '';
    socket.on('data', (part) => { got += part; });
    socket.on('end', () => resolve(got));
    socket.on('error', reject);
  });
}

test('a request that cannot be read is answered in the same form', {timeout: 60 * SECONDS}, async () => {
  const answer = await raw('POST /videodb/compile HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n');
  assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n/);
  const body = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')));
  assert.equal(body.success, false);
  assert.equal(typeof body.message, 'string');
});
