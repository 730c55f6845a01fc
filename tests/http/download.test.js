// SPDX-License-Identifier: MIT
// download.test.js - whole files of what plays: of assets, clips and streams.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {existsSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {boxes} from './boxes.js';
import {startDaemon, withDaemon} from './daemon.js';
import {film} from './films.js';
import {isProblem} from './problem.js';
import {until} from './remote.js';
import {frameHashes, run, sound} from './run.js';

const SECONDS = 1000;
const PACKET_S = 1024 / 48000;
const NAMES = ['plain.mp4', 'mpeg4.mkv', 'silent.mp4', 'tall.mkv', 'sound.mp3'];

let daemon;
let place;
const assets = {};
before(async () => {
  place = mkdtempSync(join(tmpdir(), 'reeld-download-'));
  daemon = await startDaemon(['--ladder', 'on_demand']);
  for (const name of NAMES)
    assets[name] = await daemon.upload(film(name), {name: `a "b" ${name}`});
}, {timeout: 100 * SECONDS});
after(async () => {
  await daemon?.stop();
  rmSync(place, {recursive: true, force: true});
});

const at = (playback, path) => new URL(path, playback.hls).href;

// Comes again while it is being made, as curl --retry does.
async function fetchFile(url, headers = {}) {
  for (;;) {
    const answer = await fetch(url, {headers});
    if (answer.status !== 503)
      return answer;
    const problem = await answer.json();
    assert.ok(problem.progress >= 0 && problem.progress <= 1, JSON.stringify(problem));
    assert.ok(Number(answer.headers.get('retry-after')) > 0);
  }
}

async function save(url, name) {
  const answer = await fetchFile(url);
  const bytes = Buffer.from(await answer.arrayBuffer());
  assert.equal(answer.status, 200, `${url}: ${bytes.subarray(0, 300)}`);
  assert.equal(Number(answer.headers.get('content-length')), bytes.length);
  const file = join(place, name);
  writeFileSync(file, bytes);
  return {file, bytes, answer};
}

// {format, video, audio} as ffprobe has them, pictures decoded and counted.
async function look(file) {
  const {stdout, stderr} = await run('ffprobe', ['-v', 'error', '-count_frames', '-show_entries',
    'format=duration:stream=codec_name,codec_type,start_time,duration,nb_read_frames', '-of', 'json', file]);
  assert.equal(stderr, '', file);
  const {format, streams} = JSON.parse(stdout);
  return {
    format, duration: Number(format.duration),
    video: streams.find((s) => s.codec_type === 'video'), audio: streams.find((s) => s.codec_type === 'audio'),
  };
}

// The samples that a file points at, all in the last box and none twice shown
// before its time.
function assertFaststart(bytes) {
  const types = [];
  for (let offset = 0; offset < bytes.length;) {
    const short = bytes.readUInt32BE(offset);
    types.push(bytes.toString('latin1', offset + 4, offset + 8));
    offset += short === 1 ? Number(bytes.readBigUInt64BE(offset + 8)) : short;
    assert.ok(offset <= bytes.length, types.join());
  }
  assert.deepEqual(types, ['ftyp', 'moov', 'free', 'mdat']);
}

const near = (got, wanted, most, what) =>
  assert.ok(Math.abs(got - wanted) <= most, `${what}: ${got}, not ${wanted}`);

// The playlist of one rung, whose lines are of that height; whole URL.
async function rungOf(hls, height) {
  const lines = (await (await fetch(hls)).text()).split('\n');
  const at = lines.findIndex((l) => l.startsWith('#EXT-X-STREAM-INF') && l.includes(`x${height},`));
  assert.ok(at >= 0, lines.join('\n'));
  return new URL(lines[at + 1], hls).href;
}

test('the MP4 of an asset has the pictures of its best rung, and starts at once', {timeout: 100 * SECONDS}, async () => {
  const {playback} = assets['plain.mp4'];
  const {file, bytes, answer} = await save(at(playback, 'download.mp4'), 'whole.mp4');
  assertFaststart(bytes);
  assert.equal(answer.headers.get('content-type'), 'video/mp4');
  assert.equal(answer.headers.get('content-disposition'),
    'attachment; filename="a _b_ plain.mp4"; filename*=UTF-8\'\'a%20%22b%22%20plain.mp4');
  const found = await look(file);
  near(found.duration, 6, 0.001, 'duration');
  assert.equal(Number(found.video.start_time), 0);
  assert.equal(Number(found.audio.start_time), 0);
  assert.deepEqual(await frameHashes(file), await frameHashes(film('plain.mp4')));
});

test('a rung that is named, in a clip with cut ends', {timeout: 100 * SECONDS}, async () => {
  const {playback} = assets['mpeg4.mkv'];
  const query = '?t=0.5,1.7&t=2.33,4.01';
  const {file, bytes} = await save(at(playback, `download.mp4${query}&rendition=240p`), 'clip.mp4');
  assertFaststart(bytes);
  const found = await look(file);
  // 0.52 to 1.72 and 2.36 to 4.04 at 25 a second.
  assert.equal(Number(found.video.nb_read_frames), 30 + 42);
  near(found.duration, 1.2 + 1.68, 0.001, 'duration');
  // Its last packet is the one that ends before the pictures do.
  near(Number(found.audio.duration), 2.88, PACKET_S, 'sound');
  assert.equal(Number(found.audio.start_time), 0);
  // Put together from what plays: the same pictures, bit by bit.
  const played = await frameHashes(await rungOf(at(playback, `index.m3u8${query}`), 240));
  assert.equal(played.length, 72);
  assert.deepEqual(await frameHashes(file), played);
});

test('Range and ETag are those of a file that does not change', {timeout: 100 * SECONDS}, async () => {
  const url = at(assets['plain.mp4'].playback, 'download.mp4');
  const {bytes, answer} = await save(url, 'ranges.mp4');
  const etag = answer.headers.get('etag');
  assert.match(etag, /^"[0-9a-f]{64}"$/);
  assert.equal(answer.headers.get('accept-ranges'), 'bytes');
  const part = await fetch(url, {headers: {range: 'bytes=1000-1999', 'if-range': etag}});
  assert.equal(part.status, 206);
  assert.equal(part.headers.get('content-range'), `bytes 1000-1999/${bytes.length}`);
  assert.deepEqual(Buffer.from(await part.arrayBuffer()), bytes.subarray(1000, 2000));
  const past = await fetch(url, {headers: {range: `bytes=${bytes.length}-`}});
  assert.equal(past.status, 416);
  await past.arrayBuffer();
  const same = await fetch(url, {headers: {'if-none-match': etag}});
  assert.equal(same.status, 304);
  const head = await fetch(url, {method: 'HEAD'});
  assert.equal(head.status, 200);
  assert.equal(Number(head.headers.get('content-length')), bytes.length);
});

test('M4A and MP3 are as long as what plays', {timeout: 100 * SECONDS}, async () => {
  const {playback} = assets['plain.mp4'];
  const m4a = await save(at(playback, 'download.m4a?t=1.013,3.5'), 'clip.m4a');
  assertFaststart(m4a.bytes);
  assert.equal(m4a.answer.headers.get('content-type'), 'audio/mp4');
  const found = await look(m4a.file);
  assert.equal(found.video, undefined);
  near(found.duration, 2.48, 0.001, 'duration'); // 1.04 to 3.52
  const mp3 = await save(at(playback, 'download.mp3?t=1.013,3.5'), 'clip.mp3');
  assert.equal(mp3.answer.headers.get('content-type'), 'audio/mpeg');
  assert.match(mp3.answer.headers.get('content-disposition'), /filename="a _b_ plain\.mp3"/);
  // By the Xing header, decoders give exactly what was put in.
  const samples = await sound(mp3.file);
  assert.equal(samples.length, 2.48 * 48000);
  // It is the tone of the source, and as loud as in the M4A.
  const power = (s) => Math.sqrt(s.reduce((sum, v) => sum + v * v, 0) / s.length);
  near(power(samples), power(await sound(m4a.file)), power(samples) * 0.05, 'power');
});

test('sound alone: MP4 and M4A of it, and MP3', {timeout: 100 * SECONDS}, async () => {
  const {playback} = assets['sound.mp3'];
  for (const ending of ['mp4', 'm4a', 'mp3']) {
    const {file, answer} = await save(at(playback, `download.${ending}`), `song.${ending}`);
    assert.equal(answer.headers.get('content-type'), ending === 'mp3' ? 'audio/mpeg' : 'audio/mp4');
    const found = await look(file);
    assert.equal(found.video, undefined);
    near(found.duration, 5.04, ending === 'mp3' ? 0.06 : 0.05, ending);
  }
});

test('a stream of unlike assets is one file, in step at each join', {timeout: 200 * SECONDS}, async () => {
  const clips = [
    {film: 'plain.mp4', start: 1.01, end: 3.01, pictures: 50},
    {film: 'silent.mp4', start: 0.51, end: 2.01, pictures: 45},
    {film: 'tall.mkv', start: 0.99, end: 1.99, pictures: 24},
    {film: 'mpeg4.mkv', start: 2.01, end: 3.01, pictures: 25},
    {film: 'plain.mp4', start: 4, end: 5, pictures: 25},
  ];
  const created = await daemon.call('POST', '/v1/streams', {json: {
    name: 'Fünf', clips: clips.map(({film: name, start, end}) => ({asset: assets[name].id, start, end})),
  }});
  assert.equal(created.status, 201);
  const stream = await created.json();
  const {file, bytes, answer} = await save(at(stream.playback, 'download.mp4'), 'stream.mp4');
  assertFaststart(bytes);
  assert.equal(answer.headers.get('content-disposition'),
    'attachment; filename="F_nf.mp4"; filename*=UTF-8\'\'F%C3%BCnf.mp4');
  const found = await look(file);
  assert.equal(Number(found.video.nb_read_frames), clips.reduce((sum, c) => sum + c.pictures, 0));
  near(found.duration, stream.duration, 0.001, 'duration');
  near(Number(found.audio.duration), stream.duration, PACKET_S, 'sound');
  // Sound is there where it is, and silence where it is not, to a packet.
  const samples = await sound(file);
  const loud = (from, to) => samples.subarray(from * 48000, to * 48000).some((v) => Math.abs(v) > 1000);
  assert.ok(loud(0.1, 1.95), 'the first has sound');
  assert.ok(!loud(2.05, 3.45), 'the second has none');
  assert.ok(loud(3.55, 4.4), 'the third has sound');
  const mp3 = await save(at(stream.playback, 'download.mp3'), 'stream.mp3');
  assert.equal((await sound(mp3.file)).length, Math.round(stream.duration * 48000));
});

test('what is not there is named', {timeout: 60 * SECONDS}, async () => {
  const {playback} = assets['silent.mp4'];
  for (const ending of ['m4a', 'mp3'])
    assert.match((await isProblem(await fetch(at(playback, `download.${ending}`)), 404, 'not_found')).detail, /no sound/);
  const unknown = await isProblem(await fetch(at(playback, 'download.mp4?rendition=4320p')), 404, 'not_found');
  assert.match(unknown.detail, /source/);
  await isProblem(await fetch(at(assets['plain.mp4'].playback, 'download.mp4?rendition=audio-64k')), 404, 'not_found');
  await isProblem(await fetch(at(assets['plain.mp4'].playback, 'download.m4a?rendition=240p')), 404, 'not_found');
  await isProblem(await fetch(at(playback, 'download.mp4?rendition=')), 400, 'invalid_request');
  await isProblem(await fetch(at(playback, 'download.mp4?size=3')), 400, 'invalid_request');
  await isProblem(await fetch(at(playback, 'download.mp4?t=3,1')), 400, 'invalid_request');
  await isProblem(await fetch(at(playback, 'download.avi')), 404, 'not_found');
  await isProblem(await fetch(at(playback, 'download.mp4').replace('/p/', '/p/x')), 403, 'bad_grant');
});

test('two that ask at once share one making, and one that left loses nothing', {timeout: 100 * SECONDS}, async () => {
  const url = at(assets['mpeg4.mkv'].playback, 'download.mp4?t=0,4');
  const gone = new AbortController();
  const left = fetch(url, {signal: gone.signal}).catch(() => 'left');
  setTimeout(() => gone.abort(), 20);
  const both = await Promise.all([save(url, 'one.mp4'), save(url, 'two.mp4')]);
  await left;
  assert.deepEqual(both[0].bytes, both[1].bytes);
  assert.equal(daemon.lines.filter((l) => l.includes(`download.made key=${both[0].answer.headers.get('etag').slice(1, -1)}`)).length, 1);
});

test('curl --retry -OJ gets the file under its name', {timeout: 100 * SECONDS}, async () => {
  const url = at(assets['tall.mkv'].playback, 'download.mp4?t=0,3');
  execFileSync('curl', ['-s', '--fail', '--retry', '100', '-OJ', url], {cwd: place});
  assert.ok(existsSync(join(place, 'a _b_ tall.mp4')), readdirSync(place).join());
  assert.equal(Number((await look(join(place, 'a _b_ tall.mp4'))).video.nb_read_frames), 72);
});

// ---- with settings of their own --------------------------------------------

const digest = (bytes) => createHash('sha256').update(bytes).digest('hex');

test('made again after a restart, it has the same bytes', {timeout: 100 * SECONDS}, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'reeld-test-'));
  const flags = ['--ladder', 'on_demand', '--segment-wait', '1s'];
  let own = await startDaemon(flags, {directory, keeps: true});
  try {
    const asset = await own.upload(film('mpeg4.mkv'));
    const url = (d, a) => at(a.playback, 'download.mp4?t=1,4').replace(/:\d+\//, `:${d.port}/`);
    const first = await save(url(own, asset), 'first.mp4');
    const mp3 = await save(at(asset.playback, 'download.mp3'), 'first.mp3');
    await own.stop();
    // As if all of it had been evicted.
    execFileSync('sqlite3', [join(directory, 'catalog.db'), 'PRAGMA foreign_keys = ON; DELETE FROM piece']);
    own = await startDaemon(flags, {directory, keeps: true});
    const again = await save(url(own, asset), 'again.mp4');
    assert.equal(digest(again.bytes), digest(first.bytes));
    assert.equal(again.answer.headers.get('etag'), first.answer.headers.get('etag'));
    const mp3Again = await save(at(asset.playback, 'download.mp3').replace(/:\d+\//, `:${own.port}/`), 'again.mp3');
    assert.equal(digest(mp3Again.bytes), digest(mp3.bytes));
  } finally {
    await own.stop();
    rmSync(directory, {recursive: true, force: true});
  }
});

test('it goes when an asset that it shows does', {timeout: 100 * SECONDS}, async () => {
  await withDaemon([], async (own) => {
    const [one, two] = [await own.upload(film('plain.mp4')), await own.upload(film('tall.mkv'))];
    const stream = await (await own.call('POST', '/v1/streams', {json: {
      clips: [{asset: one.id, start: 0, end: 2}, {asset: two.id, start: 0, end: 2}],
    }})).json();
    const url = at(stream.playback, 'download.mp4');
    const {bytes} = await save(url, 'gone.mp4');
    const blobs = () => readdirSync(join(own.dataDir, 'blobs'), {recursive: true})
      .filter((f) => statSync(join(own.dataDir, 'blobs', f)).size === bytes.length).length;
    assert.equal(blobs(), 1);
    assert.equal((await own.call('DELETE', `/v1/assets/${two.id}`)).status, 204);
    await isProblem(await fetch(url), 410, 'asset_gone');
    for (let i = 0; i < 200 && blobs() > 0; i++)
      await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(blobs(), 0);
  });
});

// Whatever it is at just then: gathering, encoding, stitching, sending.
test('an asset that goes while files of it are made: each answer is named, and nothing stays', {timeout: 200 * SECONDS}, async () => {
  await withDaemon(['--segment-wait', '60s'], async (own) => {
    const kept = await own.upload(film('plain.mp4'));
    const busy = async () => {
      const metrics = await (await fetch(`${own.base}/metrics`)).text();
      return /^reeld_workers\{state="busy"\} [^0]/m.test(metrics) || /^reeld_pieces_waiting\{.*\} [^0]/m.test(metrics);
    };
    // Blobs and what is being written, removed or not.
    const held = () => readdirSync(`/proc/${own.pid}/fd`).map((fd) => {
      try {
        return readlinkSync(`/proc/${own.pid}/fd/${fd}`);
      } catch {
        return ''; // closed since
      }
    }).filter((path) => ['blobs/', 'temp/'].some((folder) => path.startsWith(join(own.dataDir, folder))));
    const ask = async (url) => {
      const answer = await fetch(url);
      const body = Buffer.from(await answer.arrayBuffer()); // throws where it is cut short
      return {url, status: answer.status, code: answer.status === 200 ? null : JSON.parse(body).code};
    };
    const LOST = {delete: ['403 bad_grant', '404 not_found', '410 asset_gone'], drop: ['410 source_dropped']};
    for (const [how, isUnderWay] of [['delete', false], ['delete', true], ['drop', true]]) {
      const {id, playback} = await own.upload(film('mpeg4.mkv'), {name: how});
      const stream = await (await own.call('POST', '/v1/streams', {json: {
        clips: [{asset: kept.id, end: 1}, {asset: id, start: 0.3, end: 4}]}})).json();
      let answered = 0;
      const asked = [...['mp4', 'mp4?t=0.11,3', 'mp3', 'm4a'].map((file) => at(playback, `download.${file}`)),
        at(stream.playback, 'download.mp4')].map((url) => ask(url).finally(() => answered++));
      if (isUnderWay)
        await until('they are being made', async () => answered > 0 || await busy());
      const path = `/v1/assets/${id}${how === 'drop' ? '/source' : ''}`;
      const gone = await own.call('DELETE', path);
      assert.equal(gone.status, how === 'drop' ? 202 : 204);
      for (const {url, status, code} of await Promise.all(asked))
        assert.ok(status === 200 || LOST[how].includes(`${status} ${code}`), `${how}: ${url}: ${status} ${code}`);
      if (how === 'drop') {
        const job = await gone.json();
        await until('it is dropped', async () => (await own.json(`/v1/jobs/${job.id}?wait=5`)).state === 'done');
        assert.equal((await fetchFile(at(playback, 'download.mp4'))).status, 200);
        await own.call('DELETE', `/v1/assets/${id}`);
      }
    }
    await until('nothing is left waiting', async () => !await busy());
    await until('nothing is left open', () => held().length === 0);
    await until('nothing is left of what was written', () => readdirSync(join(own.dataDir, 'temp')).length === 0);
    assert.equal((await fetchFile(at(kept.playback, 'download.mp4'))).status, 200);
  });
});

test('one that does not fit the cache is refused by name', {timeout: 100 * SECONDS}, async () => {
  await withDaemon(['--cache-budget', '60KiB'], async (own) => {
    const asset = await own.upload(film('plain.mp4'));
    const answer = await fetchFile(at(asset.playback, 'download.mp4'));
    assert.match((await isProblem(answer, 507, 'no_space')).detail, /cache_budget/);
    const temps = () => readdirSync(join(own.dataDir, 'temp'));
    for (let i = 0; i < 200 && temps().length > 0; i++)
      await new Promise((resolve) => setTimeout(resolve, 50)); // pieces that are just being stored
    assert.deepEqual(temps(), []);
  });
});
