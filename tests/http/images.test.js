// images.test.js - thumbnails show the very picture of their time, tiles of
// storyboards key frames, previews what moves; and what is wrong is told.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {after, before, test} from 'node:test';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {startDaemon} from './daemon.js';
import {film} from './films.js';
import {hasMedia, media} from './media.js';
import {frameTimes} from './run.js';

const SECONDS = 1000;
const WIDTH = 192;

let daemon;
before(async () => { daemon = await startDaemon(['--ladder', 'on_demand', '--image-workers', '2']); });
after(async () => daemon?.stop());

const place = (asset, name) => asset.playback.hls.replace('index.m3u8', name);

async function get(asset, name, status = 200) {
  const answer = await fetch(place(asset, name));
  const bytes = Buffer.from(await answer.arrayBuffer());
  assert.equal(answer.status, status, `${name}: ${bytes.subarray(0, 300)}`);
  return {headers: answer.headers, bytes, problem: status >= 400 ? JSON.parse(bytes) : null};
}

// All pictures of an input as luma, width x height bytes each.
function pictures(input, width, height, filters = []) {
  const args = ['-v', 'error', '-i', input, '-map', '0:v:0',
    '-vf', [...filters, `scale=${width}:${height}:flags=area`, 'format=gray'].join(','),
    '-fps_mode', 'passthrough', '-f', 'rawvideo', '-'];
  return new Promise((resolve, reject) => {
    execFile('ffmpeg', args, {encoding: 'buffer', maxBuffer: 1 << 30}, (error, stdout) => {
      if (error)
        return reject(error);
      const size = width * height;
      resolve(Array.from({length: stdout.length / size}, (_, i) => stdout.subarray(i * size, (i + 1) * size)));
    });
  });
}

async function pictureOf(bytes, name, width, height) {
  const path = join(daemon.dataDir, name);
  await writeFile(path, bytes);
  return (await pictures(path, width, height))[0];
}

// How much two pictures look alike, whatever their brightness: 1 is the same.
function likeness(a, b) {
  let [sa, sb, saa, sbb, sab] = [0, 0, 0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    sa += a[i];
    sb += b[i];
    saa += a[i] * a[i];
    sbb += b[i] * b[i];
    sab += a[i] * b[i];
  }
  const n = a.length;
  const [va, vb] = [saa - sa * sa / n, sbb - sb * sb / n];
  if (va < n || vb < n) // nothing to be seen in one of them
    return va < n && vb < n && Math.abs(sa - sb) < 3 * n ? 1 : 0;
  return (sab - sa * sb / n) / Math.sqrt(va * vb);
}

// Nothing nearby is more like it; a hair's breadth for pictures that stand still.
function assertShows(got, all, index, what) {
  const own = likeness(got, all[index]);
  assert.ok(own > 0.97, `${what}: likeness ${own} to picture ${index}`);
  for (let i = Math.max(0, index - 3); i <= Math.min(all.length - 1, index + 3); i++) {
    const other = likeness(got, all[i]);
    assert.ok(other <= own + 0.0005, `${what}: more like picture ${i} (${other}) than ${index} (${own})`);
  }
}

function sizeOfJpeg(bytes) {
  for (let at = 2; at < bytes.length;) {
    const marker = bytes[at + 1];
    if (marker >= 0xc0 && marker <= 0xc2)
      return {height: bytes.readUInt16BE(at + 5), width: bytes.readUInt16BE(at + 7)};
    at += 2 + bytes.readUInt16BE(at + 2);
  }
  throw new Error('no JPEG');
}

// B-frames, open GOPs, edit lists, variable rates, other starts; turned,
// mirrored, HDR, interlaced, not square, without key frames.
const DEINTERLACED = ['bwdif=mode=send_frame'];
const SOURCES = [
  ['timing/moov-at-end.mp4'], ['timing/open-gop-bpyramid.mp4'], ['timing/hevc-open-gop-cra.mp4'],
  ['timing/edit-list-trim-copy.mp4'], ['formats/editlist-iibbibb.mp4'], ['timing/vfr-dropped-frames.mp4'],
  ['timing/start-offset-1h.mkv'], ['timing/negative-cts.mp4'], ['timing/plain.ts'], ['timing/pts-wrap.ts'],
  ['timing/one-frame.mp4'], ['timing/one-gop-44s-1fps.mp4'], ['timing/intra-refresh-no-idr.mp4'],
  ['formats/rotate-and-reflect.mp4'], ['phone/portrait-4k60-rot90.mp4'], ['phone/hlg-main10-rot270-editlist.mp4'],
  ['phone/hdr10-av1-720x1280.mp4'], ['formats/vp9-opus-720p.webm'], ['formats/prores-422-pcm.mov'],
  ['formats/interlaced-480i2997-mbaff.ts', DEINTERLACED], ['formats/anamorphic-576i25-mpeg2-ac3.mpg', DEINTERLACED],
];

for (const [file, filters] of SOURCES) {
  test(`thumbnails of ${file} show the picture of their time`, {timeout: 300 * SECONDS, skip: !hasMedia}, async () => {
    const asset = await daemon.upload(media(file));
    const first = sizeOfJpeg((await get(asset, `thumbnail.jpg?t=0&width=${WIDTH}`)).bytes);
    assert.equal(first.width, WIDTH);
    const sorted = (await frameTimes(media(file))).sort((a, b) => a - b);
    const times = sorted.map((t) => t - sorted[0]);
    const all = await pictures(media(file), first.width, first.height, filters);
    assert.equal(all.length, times.length);
    // At the time of a picture, in its middle, and just before the next one.
    for (const part of [0, 0.37, 0.78, 1]) {
      const index = Math.round(part * (times.length - 1));
      const length = (times[index + 1] ?? asset.duration) - times[index];
      const t = times[index] + (part === 0.37 ? length / 2 : part === 0.78 ? length - 0.001 : 0);
      const asked = `t=${(Math.floor(t * 1e6 + 0.5) / 1e6).toFixed(6)}&width=${WIDTH}`;
      for (const type of index % 2 ? ['jpg'] : ['webp']) {
        const {bytes} = await get(asset, `thumbnail.${type}?${asked}`);
        const got = await pictureOf(bytes, `thumbnail.${type}`, first.width, first.height);
        assertShows(got, all, index, `${file} ${asked}`);
      }
    }
  });
}

test('thumbnails are answered as what never changes', {timeout: 60 * SECONDS}, async () => {
  const asset = await daemon.upload(film('plain.mp4'));
  const {headers, bytes} = await get(asset, 'thumbnail.jpg');
  assert.equal(headers.get('content-type'), 'image/jpeg');
  assert.match(headers.get('cache-control'), /immutable/);
  assert.equal(headers.get('access-control-allow-origin'), '*');
  assert.equal(headers.get('x-content-type-options'), 'nosniff');
  assert.deepEqual(sizeOfJpeg(bytes), {width: 320, height: 240}, 'never above the source');
  const etag = headers.get('etag');
  const again = await fetch(asset.playback.thumbnail, {headers: {'if-none-match': etag}});
  assert.equal(again.status, 304);
  const webp = await get(asset, 'thumbnail.webp?width=160&t=npt:0:02.5');
  assert.equal(webp.headers.get('content-type'), 'image/webp');
  assert.equal(webp.bytes.toString('latin1', 8, 12), 'WEBP');
  const part = await fetch(asset.playback.thumbnail, {headers: {range: 'bytes=0-9'}});
  assert.equal(part.status, 206);
});

test('many askers of one thumbnail share one making', {timeout: 60 * SECONDS}, async () => {
  const asset = await daemon.upload(film('mpeg4.mkv'));
  const all = await Promise.all(Array.from({length: 20}, () => get(asset, 'thumbnail.jpg?t=3.2')));
  assert.equal(new Set(all.map((a) => a.bytes.toString('hex'))).size, 1);
  const same = await get(asset, 'thumbnail.jpg?t=3.21'); // of one time more
  assert.equal(same.headers.get('etag'), all[0].headers.get('etag'));
});

const WRONG = [
  ['thumbnail.jpg?t=-1', /"-1" is no time/], ['thumbnail.jpg?t=NaN', /"NaN" is no time/],
  ['thumbnail.jpg?t=', /no time/], ['thumbnail.jpg?t=1,2', /"1,2" is no time/],
  ['thumbnail.jpg?t=6', /past the end: it lasts 6\.0/], ['thumbnail.jpg?t=1e3', /no time/],
  ['thumbnail.jpg?t=1&t=2', /one time, not 2/], ['thumbnail.jpg?width=0', /from 16 to 3840/],
  ['thumbnail.jpg?width=161', /even/], ['thumbnail.jpg?width=99999', /from 16 to 3840/],
  ['thumbnail.jpg?width=', /from 16 to 3840/], ['thumbnail.jpg?height=100', /no parameter "height"/],
  ['thumbnail.jpg?duration=2', /no parameter "duration"/], ['preview.webp?duration=0', /more than 0 and at most 10/],
  ['preview.webp?duration=11', /at most 10/], ['storyboard-0.jpg?width=100', /no parameter "width"/],
];

test('what is wrong with an image is named', {timeout: 60 * SECONDS}, async () => {
  const asset = await daemon.upload(film('plain.mp4'));
  for (const [name, expected] of WRONG) {
    const {problem} = await get(asset, name, 400);
    assert.equal(problem.code, 'invalid_request', name);
    assert.match(problem.detail, expected, name);
  }
  for (const name of ['storyboard-99.jpg', 'storyboard-00.jpg', 'storyboard-.jpg', 'thumbnail.gif', 'thumbnail'])
    assert.equal((await get(asset, name, 404)).problem.code, 'not_found', name);
});

test('sound has no pictures, and says so', {timeout: 60 * SECONDS}, async () => {
  const asset = await daemon.upload(film('sound.mp3'));
  assert.equal(asset.playback.thumbnail, null);
  assert.equal(asset.playback.storyboard, null);
  for (const name of ['thumbnail.jpg', 'preview.webp', 'storyboard-0.jpg'])
    assert.match((await get(asset, name, 404)).problem.detail, /there are no pictures/);
  await get(asset, 'storyboard.vtt', 404);
});

// ---- storyboards -----------------------------------------------------------

const CUE = /(\d+):(\d\d):(\d\d\.\d{3}) --> (\d+):(\d\d):(\d\d\.\d{3})\n(\S*storyboard-\d+\.jpg)#xywh=(\d+),(\d+),(\d+),(\d+)\n/g;

function cuesOf(text) {
  assert.ok(text.startsWith('WEBVTT\n'));
  const seconds = (h, m, s) => Number(h) * 3600 + Number(m) * 60 + Number(s);
  return [...text.matchAll(CUE)].map((c) => ({
    from: seconds(...c.slice(1, 4)), to: seconds(...c.slice(4, 7)), sheet: c[7],
    x: Number(c[8]), y: Number(c[9]), width: Number(c[10]), height: Number(c[11]),
  }));
}

async function storyboard(asset, name = 'storyboard.vtt') {
  const {headers, bytes} = await get(asset, name);
  assert.equal(headers.get('content-type'), 'text/vtt');
  return cuesOf(bytes.toString());
}

function assertCues(cues, duration) {
  assert.equal(cues[0].from, 0);
  for (let i = 1; i < cues.length; i++)
    assert.equal(cues[i].from, cues[i - 1].to);
  assert.ok(Math.abs(cues.at(-1).to - duration) < 0.002, `ends at ${cues.at(-1).to} of ${duration}`);
}

function crop(sheet, width, cue) {
  const tile = Buffer.alloc(cue.width * cue.height);
  for (let y = 0; y < cue.height; y++)
    sheet.copy(tile, y * cue.width, (cue.y + y) * width + cue.x, (cue.y + y) * width + cue.x + cue.width);
  return tile;
}

const BOARDS = ['timing/start-offset-10s.mp4', 'timing/open-gop-bpyramid.mp4', 'timing/intra-refresh-no-idr.mp4',
  'formats/interlaced-480i2997-mbaff.ts', 'phone/hdr10-av1-720x1280.mp4', 'formats/prores-422-pcm.mov',
  'timing/one-gop-44s-1fps.mp4'];

for (const file of BOARDS) {
  test(`tiles of ${file} are pictures of about their time`, {timeout: 300 * SECONDS, skip: !hasMedia}, async () => {
    const asset = await daemon.upload(media(file));
    const cues = await storyboard(asset);
    assertCues(cues, asset.duration);
    const {width, height} = cues[0];
    assert.equal(Math.max(width, height), 160);
    const sorted = (await frameTimes(media(file))).sort((a, b) => a - b);
    const all = await pictures(media(file), width, height);
    const sheets = new Map();
    for (const cue of cues) {
      if (!sheets.has(cue.sheet)) {
        const {bytes} = await get(asset, cue.sheet);
        const size = sizeOfJpeg(bytes);
        sheets.set(cue.sheet, {...size, luma: await pictureOf(bytes, 'sheet.jpg', size.width, size.height)});
      }
      const sheet = sheets.get(cue.sheet);
      const tile = crop(sheet.luma, sheet.width, cue);
      // A key frame at or before the middle of the cue: the best match of all
      // pictures until there is as good as the same.
      const end = sorted.findIndex((t) => t - sorted[0] > (cue.from + cue.to) / 2);
      const until = all.slice(0, end < 0 ? all.length : end);
      const best = Math.max(...until.map((p) => likeness(tile, p)));
      assert.ok(best > 0.95, `${file}, cue from ${cue.from}: likeness ${best}`);
    }
  });
}

test('ten minutes have few and small sheets', {timeout: 120 * SECONDS, skip: !hasMedia}, async () => {
  const asset = await daemon.upload(media('film/bbb-full-270p24-9m56s.mp4'));
  const cues = await storyboard(asset);
  assertCues(cues, asset.duration);
  assert.equal(cues.length, 120); // one in five seconds
  const sheets = [...new Set(cues.map((c) => c.sheet))];
  assert.equal(sheets.length, 5);
  for (const sheet of sheets) {
    const {bytes} = await get(asset, sheet);
    assert.deepEqual(sizeOfJpeg(bytes), {width: 800, height: 450});
    assert.ok(bytes.length < 120000, `${sheet}: ${bytes.length} bytes`);
  }
});

// ---- clips and streams -----------------------------------------------------

test('images of clips count the time of the clip', {timeout: 120 * SECONDS}, async () => {
  const asset = await daemon.upload(film('silent.mp4'));
  const of = async (name) => (await get(asset, name)).bytes.toString('hex');
  const whole = await of('thumbnail.jpg?t=2.5');
  const text = (await get(asset, 'index.m3u8?t=1,2&t=2.4,3')).bytes.toString();
  const below = text.match(/t\/[\d,-]+\//)[0];
  assert.equal(await of(`${below}thumbnail.jpg?t=1.1`), whole);
  const {problem} = await get(asset, `${below}thumbnail.jpg?t=1.6`, 400);
  assert.match(problem.detail, /it lasts 1\.6/);
  const cues = await storyboard(asset, 'storyboard.vtt?t=1,2&t=2.4,3');
  assertCues(cues, 1.6);
  for (const cue of cues)
    assert.equal(await of(cue.sheet), await of('storyboard-0.jpg'));
  const again = await storyboard(asset, `${below}storyboard.vtt`);
  assert.deepEqual(again.map((c) => below + c.sheet), cues.map((c) => c.sheet));
});

test('images of streams are those of their assets', {timeout: 120 * SECONDS}, async () => {
  const wide = await daemon.upload(film('plain.mp4'));
  const tall = await daemon.upload(film('tall.mkv'));
  const song = await daemon.upload(film('sound.mp3'));
  const clips = [{asset: tall.id, start: 1, end: 2}, {asset: song.id, start: 0, end: 1.5},
    {asset: wide.id, start: 3}, {gap: 2}];
  const answer = await daemon.call('POST', '/v1/streams', {json: {clips}});
  assert.equal(answer.status, 201);
  const stream = await answer.json();
  const at = async (what, name) => (await get(what, name)).bytes.toString('hex');
  assert.equal(await at(stream, 'thumbnail.jpg?t=0.5'), await at(tall, 'thumbnail.jpg?t=1.5'));
  assert.equal(await at(stream, 'thumbnail.jpg?t=3'), await at(wide, 'thumbnail.jpg?t=3.5'));
  assert.equal(await at(stream, 'preview.webp?t=3&duration=1'), await at(wide, 'preview.webp?t=3.5&duration=1'));
  const {bytes} = await get(stream, 'thumbnail.jpg?t=2&width=64');
  const black = await pictureOf(bytes, 'black.jpg', 64, sizeOfJpeg(bytes).height);
  assert.ok(Math.max(...black) < 24, 'sound among pictures is black');
  const gap = await get(stream, `thumbnail.jpg?t=${stream.duration - 1}&width=64`);
  assert.ok(Math.max(...await pictureOf(gap.bytes, 'gap.jpg', 64, sizeOfJpeg(gap.bytes).height)) < 24, 'and so is a gap');
  const cues = await storyboard(stream);
  assert.deepEqual([...new Set(cues.map((c) => c.sheet))], ['storyboard-0.jpg', 'storyboard-1.jpg']);
  assert.equal(cues[0].from, 0);
  assert.ok(!cues.some((c) => c.from >= 1 && c.to <= 2.5), 'no tiles of sound');
  assert.equal(await at(stream, 'storyboard-0.jpg'), await at(tall, 'storyboard-0.jpg'));
  assert.equal(await at(stream, 'storyboard-1.jpg'), await at(wide, 'storyboard-0.jpg'));
  await get(stream, 'storyboard-2.jpg', 404);
});

// ---- previews --------------------------------------------------------------

function framesOfWebp(bytes) {
  const frames = [];
  for (let at = 12; at + 8 <= bytes.length;) {
    const size = bytes.readUInt32LE(at + 4);
    if (bytes.toString('latin1', at, at + 4) === 'ANMF')
      frames.push(bytes.readUIntLE(at + 8 + 12, 3));
    at += 8 + size + size % 2;
  }
  return frames;
}

test('a preview moves for three seconds', {timeout: 120 * SECONDS}, async () => {
  const asset = await daemon.upload(film('plain.mp4'));
  const {headers, bytes} = await get(asset, 'preview.webp');
  assert.equal(headers.get('content-type'), 'image/webp');
  const frames = framesOfWebp(bytes);
  const total = frames.reduce((a, b) => a + b, 0);
  assert.ok(Math.abs(total - 3000) <= 120, `${total} ms`);
  assert.ok(frames.length >= 24 && frames.length <= 31, `${frames.length} pictures`);
  const short = framesOfWebp((await get(asset, 'preview.webp?t=5.5&width=128')).bytes);
  assert.ok(short.reduce((a, b) => a + b, 0) <= 600, 'not over the end');
  assert.equal(asset.playback.preview, place(asset, 'preview.webp'));
});
