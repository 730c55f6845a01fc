// SPDX-License-Identifier: MIT
// videodb.js - VideoDB's own Node SDK against a daemon, and what its streams
// show.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {decodeErrors, frameHashes, run} from './run.js';

export const sdk = createRequire(import.meta.url)('videodb');

export const connection = (daemon, key = daemon.key) => sdk.connect({apiKey: key, baseUrl: `${daemon.base}/videodb`});

export async function getText(url) {
  const answer = await fetch(url);
  const text = await answer.text();
  assert.equal(answer.status, 200, `${url}: ${text.slice(0, 300)}`);
  return text;
}

// The best rendition's own playlist: ffmpeg would open all of them.
export async function bestPlaylist(url) {
  const lines = (await getText(url)).split('\n').filter((l) => l && l[0] !== '#');
  return new URL(lines[0], url).href;
}

// What the playlist promises, in seconds, and how many joins it has.
async function promises(url) {
  const text = await getText(url);
  assert.match(text, /#EXT-X-ENDLIST/);
  const seconds = [...text.matchAll(/#EXTINF:([\d.]+)/g)].reduce((sum, m) => sum + Number(m[1]), 0);
  const uris = text.split('\n').filter((l) => l && l[0] !== '#');
  return {seconds, uris, joins: text.match(/#EXT-X-DISCONTINUITY\n/g)?.length ?? 0};
}

// An address that was given out: .m3u8, absolute, without headers, from another
// origin, MPEG-TS; exactly so many pictures and seconds.
export async function assertPlays(url, {seconds, pictures, joins}) {
  assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/[^?]*\.m3u8$/);
  const answer = await fetch(url, {headers: {origin: 'https://elsewhere.example'}});
  assert.equal(answer.headers.get('access-control-allow-origin'), '*');
  await answer.body.cancel();
  const playlist = await bestPlaylist(url);
  const promised = await promises(playlist);
  assert.ok(Math.abs(promised.seconds - seconds) < 0.06, `${promised.seconds} s, not ${seconds}`);
  for (const uri of promised.uris)
    assert.match(uri, /\.ts$/);
  if (joins !== undefined)
    assert.equal(promised.joins, joins);
  if (pictures !== undefined)
    assert.equal((await frameHashes(playlist)).length, pictures);
  // Behind a join the times of the next clip go on as they are: ffmpeg minds.
  const errors = await decodeErrors(playlist);
  assert.deepEqual(errors.filter((line) => !promised.joins || !/non monotonically increasing dts/.test(line)), []);
}

export async function pictureSize(url) {
  const {stdout} = await run('ffprobe', ['-v', 'error', '-select_streams', 'v:0', '-show_entries', 'stream=width,height',
    '-of', 'csv=p=0', await bestPlaylist(url)]);
  const [width, height] = stdout.trim().split('\n')[0].split(',').map(Number);
  return {width, height};
}

// All pictures, small and grey, one behind the other.
const PICTURE_BYTES = 64 * 48;
function pictures(input) {
  return new Promise((resolve, reject) => {
    execFile('ffmpeg', ['-v', 'error', '-i', input, '-map', '0:v:0', '-vf', 'scale=64:48', '-fps_mode', 'passthrough',
      '-pix_fmt', 'gray', '-f', 'rawvideo', '-'], {encoding: 'buffer', maxBuffer: 64 << 20},
    (error, stdout) => (error ? reject(error) : resolve(stdout)));
  });
}
const pictureOf = (all, i) => all.subarray(i * PICTURE_BYTES, (i + 1) * PICTURE_BYTES);

// Picture `number` of what plays at the address is picture `of` of the file:
// none of its neighbours is more like it. (Colours may be told otherwise.)
export async function assertShows(url, number, file, of) {
  const [all, source] = await Promise.all([pictures(await bestPlaylist(url)), pictures(file)]);
  const shown = pictureOf(all, number);
  const near = [-2, -1, 0, 1, 2].map((i) => of + i).filter((i) => i >= 0 && pictureOf(source, i).length === PICTURE_BYTES);
  const distances = near.map((i) => shown.reduce((sum, v, at) => sum + Math.abs(v - pictureOf(source, i)[at]), 0));
  assert.equal(near[distances.indexOf(Math.min(...distances))], of, `picture ${number}: ${distances}`);
}

// Segments within these times, in seconds of the stream, are black, all others
// are not.
export async function assertBlack(url, spans) {
  const playlist = await bestPlaylist(url);
  const text = await getText(playlist);
  const shown = await Promise.all(text.split('\n').filter((l) => l && l[0] !== '#').map((uri) => pictures(new URL(uri, playlist).href)));
  const lengths = [...text.matchAll(/#EXTINF:([\d.]+)/g)].map((m) => Number(m[1]));
  let at = 0;
  for (const [i, all] of shown.entries()) {
    const count = all.length / PICTURE_BYTES;
    const isBlack = spans.some(([from, to]) => at > from - 0.05 && at + lengths[i] < to + 0.05);
    for (let p = 0; p < count; p++) {
      const brightest = Math.max(...pictureOf(all, p));
      assert.equal(brightest < 24, isBlack, `picture ${p} of the segment at ${at} s: ${brightest}`);
    }
    at += lengths[i];
  }
}

// The file part has no type, and a name without its ending; no key goes along.
export async function sendFile(url, bytes, name = 'a file') {
  const form = new FormData();
  form.append('file', new Blob([bytes], {type: ''}), name);
  return fetch(url, {method: 'POST', body: form});
}

export const registering = (url, more = {}) => ({url, name: 'harbour walk', description: null, callback_url: null, media_type: null, ...more});

// Requests as the Python SDK sends them, to the daemon that there is by then:
// a JSON type on everything, even where there is no body.
export function pythonClient(daemonOf) {
  async function ask(method, path, {json, key = daemonOf().key, text} = {}) {
    const answer = await fetch(`${daemonOf().base}/videodb${path}`, {
      method,
      body: text ?? (json === undefined ? undefined : JSON.stringify(json)),
      headers: {
        'content-type': 'application/json',
        'x-videodb-client': 'videodb-python/0.4.5',
        'x-foo-bar': '1',
        ...(key ? {'x-access-token': key} : {}),
      },
    });
    const body = await answer.text();
    assert.equal(answer.headers.get('content-type'), 'application/json', `${path}: ${body}`);
    const parsed = JSON.parse(body);
    assert.equal(typeof parsed.success, 'boolean', body);
    assert.ok(!Array.isArray(parsed));
    return {status: answer.status, body: parsed, headers: answer.headers};
  }

  async function data(method, path, options) {
    const {status, body} = await ask(method, path, options);
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(body.success, true);
    return body.data;
  }

  async function refused(status, code, method, path, options) {
    const {status: got, body} = await ask(method, path, options);
    assert.equal(got, status, `${method} ${path}: ${JSON.stringify(body)}`);
    assert.equal(body.success, false);
    assert.equal(typeof body.message, 'string');
    assert.ok(body.message.length > 5);
    assert.equal(body.error_code, code, body.message);
    return body.message;
  }

  async function uploadAddress(query = '?name=harbour+walk') {
    const {upload_url: url} = await data('GET', `/collection/default/upload_url${query}`);
    assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/videodb\/upload\/[\w-]{22}$/);
    return url;
  }

  async function upload(file, more) {
    const url = await uploadAddress();
    const sent = await sendFile(url, readFileSync(file), 'harbour walk');
    assert.ok(sent.status < 400, await sent.text());
    return {url, answer: await ask('POST', '/collection/default/upload', {json: registering(url, more)})};
  }

  return {ask, data, refused, uploadAddress, upload};
}
