// conformance.test.js - every VOD item of the streaming conformance list, by
// its id, on an asset with a copied rung and one that is all encoded.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {existsSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import HLS from 'hls-parser';
import {boxes, find, fragments, nalTypes, packets, pes} from './boxes.js';
import {startDaemon} from './daemon.js';
import {film} from './films.js';
import {MEDIA, hasMedia, media} from './media.js';
import {decodeErrors} from './run.js';

const SECONDS = 1000;
const XSD = process.env.REELD_TEST_XSD || join(MEDIA, '..', 'reference', 'xsd', 'DASH-MPD.xsd');

let daemon;
const shows = [];

async function get(url, headers = {}) {
  const answer = await fetch(url, {headers});
  return {status: answer.status, headers: answer.headers, body: Buffer.from(await answer.arrayBuffer())};
}

async function text(url) {
  const {status, body} = await get(url);
  assert.equal(status, 200, url);
  return body.toString();
}

function attributes(line) {
  const found = {};
  for (const [, name, value] of line.slice(line.indexOf(':') + 1).matchAll(/([A-Z0-9-]+)=("[^"]*"|[^,]*)/g)) {
    assert.ok(!(name in found), `HLS-04: ${name} twice in ${line}`);
    found[name] = value;
  }
  return found;
}

function mediaPlaylist(source) {
  const lines = source.split('\n');
  const segments = [];
  lines.forEach((line, i) => {
    if (line.startsWith('#EXTINF:'))
      segments.push({duration: Number(line.slice(8).split(',')[0]), uri: lines[i + 1]});
  });
  return {lines, segments, target: Number(/#EXT-X-TARGETDURATION:(\d+)/.exec(source)[1])};
}

async function load(file, flags = {}) {
  const asset = await daemon.upload(file);
  const root = asset.playback.hls.replace('index.m3u8', '');
  const show = {asset, root, file, ...flags, renditions: {}};
  show.multivariant = await text(asset.playback.hls);
  show.multivariantTs = await text(`${asset.playback.hls}?container=ts`);
  show.mpd = await text(asset.playback.dash);
  for (const r of asset.renditions) {
    const playlist = mediaPlaylist(await text(`${root}${r.name}/index.m3u8`));
    const init = (await get(`${root}${r.name}/init.mp4`)).body;
    const segments = [];
    for (const s of playlist.segments)
      segments.push((await get(`${root}${r.name}/${s.uri}`)).body);
    show.renditions[r.name] = {...r, playlist, init, segments};
  }
  return show;
}

before(async () => {
  daemon = await startDaemon(['--ladder', 'on_demand']);
  shows.push(await load(film('plain.mp4')), await load(film('mpeg4.mkv')), await load(film('sound.mp3')));
  if (hasMedia)
    shows.push(await load(media('timing/open-gop-bpyramid.mp4')), await load(media('timing/vfr-dropped-frames.mp4')));
}, {timeout: 240 * SECONDS});
after(async () => daemon?.stop());

const each = (work) => async () => {
  for (const show of shows)
    await work(show, Object.values(show.renditions));
};
const pictures = (list) => list.filter((r) => r.width);
const sounds = (list) => list.filter((r) => !r.width);
const timescale = (r) => find(boxes(r.init), 'moov', 'trak', 'mdia', 'mdhd').body.readUInt32BE(12);
const allFragments = (r) => r.segments.flatMap((s) => fragments(s).fragments);
const sum = (list) => list.reduce((a, b) => a + b, 0);

// ---- HTTP ------------------------------------------------------------------

test('HTTP-01 HTTP-02 HTTP-07 HTTP-09: every URI that a manifest names answers, typed and cacheable', each(async (show, list) => {
  const uris = [];
  for (const r of list) {
    const own = (await text(`${show.root}${r.name}/index.m3u8`)).split('\n');
    uris.push([`${r.name}/init.mp4`, r.width ? 'video/mp4' : 'audio/mp4']);
    uris.push(...own.filter((l) => l && l[0] !== '#').map((u) => [`${r.name}/${u}`, r.width ? 'video/' : 'audio/']));
    if (r.width || !pictures(list).length)
      uris.push(...(await text(`${show.root}${r.name}/ts.m3u8`)).split('\n')
        .filter((l) => l && l[0] !== '#').map((u) => [`${r.name}/${u}`, 'video/mp2t']));
    if (r.width)
      uris.push(...(await text(`${show.root}${r.name}/iframes.m3u8`)).split('\n')
        .filter((l) => l && l[0] !== '#').map((u) => [`${r.name}/${u}`, 'video/']));
  }
  for (const [uri, type] of uris) {
    const {status, headers, body} = await get(show.root + uri);
    assert.equal(status, 200, uri);
    assert.ok(body.length > 0, uri);
    assert.ok(headers.get('content-type').startsWith(type), `${uri}: ${headers.get('content-type')}`);
    assert.equal(headers.get('cache-control'), 'public, max-age=31536000, immutable', uri);
    const head = await fetch(show.root + uri, {method: 'HEAD'});
    assert.equal(Number(head.headers.get('content-length')), body.length, uri);
    assert.equal(head.headers.get('etag'), headers.get('etag'), uri);
  }
  for (const [url, type] of [[show.asset.playback.hls, 'application/vnd.apple.mpegurl'], [show.asset.playback.dash, 'application/dash+xml']]) {
    const {headers} = await get(url);
    assert.ok(headers.get('content-type').startsWith(type));
    assert.match(headers.get('cache-control'), /max-age=\d+/);
  }
}));

test('HTTP-03 HTTP-04: CORS on media, manifests and errors; preflight', each(async (show) => {
  for (const uri of ['index.m3u8', 'manifest.mpd', 'nothing.m4s', `${show.asset.renditions[0].name}/0.m4s`]) {
    const {headers} = await get(show.root + uri, {Origin: 'http://player.example'});
    assert.equal(headers.get('access-control-allow-origin'), '*', uri);
    assert.match(headers.get('access-control-expose-headers'), /content-range/i);
  }
  const options = await fetch(show.asset.playback.hls, {method: 'OPTIONS', headers: {
    'Origin': 'http://player.example', 'Access-Control-Request-Method': 'GET', 'Access-Control-Request-Headers': 'range'}});
  assert.ok([200, 204].includes(options.status));
  assert.match(options.headers.get('access-control-allow-methods'), /GET.*HEAD|HEAD.*GET/);
  assert.match(options.headers.get('access-control-allow-headers'), /range/i);
  assert.ok(Number(options.headers.get('access-control-max-age')) > 0);
}));

test('HTTP-05 HTTP-06 HTTP-08: ranges, ETags, gzip', each(async (show) => {
  const url = `${show.root}${show.asset.renditions[0].name}/0.m4s`;
  const whole = await get(url);
  const etag = whole.headers.get('etag');
  for (const [range, from, to] of [['bytes=0-9', 0, 10], ['bytes=5-', 5, whole.body.length], ['bytes=-7', whole.body.length - 7, whole.body.length]]) {
    const part = await get(url, {Range: range});
    assert.equal(part.status, 206, range);
    assert.deepEqual(part.body, whole.body.subarray(from, to));
    assert.equal(part.headers.get('content-range'), `bytes ${from}-${to - 1}/${whole.body.length}`);
  }
  const past = await get(url, {Range: `bytes=${whole.body.length}-`});
  assert.equal(past.status, 416);
  assert.equal(past.headers.get('content-range'), `bytes */${whole.body.length}`);
  assert.equal((await get(url, {'Range': 'bytes=0-9', 'If-Range': '"other"'})).status, 200);
  for (const match of [etag, '*', `"x", ${etag}`])
    assert.equal((await get(url, {'If-None-Match': match})).status, 304, match);
  const plain = await get(show.asset.playback.hls, {'Accept-Encoding': 'identity'});
  const packed = await get(show.asset.playback.hls, {'Accept-Encoding': 'gzip'});
  assert.equal(plain.headers.get('content-encoding'), null);
  assert.equal(packed.headers.get('content-encoding'), 'gzip');
  assert.match(packed.headers.get('vary'), /accept-encoding/i);
  assert.notEqual(plain.headers.get('etag'), packed.headers.get('etag'));
  assert.doesNotMatch(etag, /^W\//);
}));

test('HTTP-11: no such thing is 404, a bad grant 403, POST 405', each(async (show) => {
  assert.equal((await get(`${show.root}nothing.m3u8`)).status, 404);
  assert.equal((await get(`${show.root}${show.asset.renditions[0].name}/99999.m4s`)).status, 404);
  assert.equal((await get(show.asset.playback.hls.replace(/\/p\/[^/]+/, '/p/1.2.AAAA'))).status, 403);
  assert.equal((await fetch(show.asset.playback.hls, {method: 'POST'})).status, 405);
}));

test('HTTP-12 HTTP-13: URIs are relative, so that the grant in the path covers them', each(async (show, list) => {
  const all = [show.multivariant, show.multivariantTs, show.mpd, ...list.map((r) => r.playlist.lines.join('\n'))].join('\n');
  assert.doesNotMatch(all.replaceAll(/xmlns[^ >]*|xsi:[^ >]*|schemeIdUri="[^"]*"/g, ''), /https?:\/\/127|"\/p\//);
}));

// ---- HLS -------------------------------------------------------------------

test('HLS-01 HLS-03 HLS-21: syntax of playlists, also by a strict parser', each(async (show, list) => {
  HLS.setOptions({strictMode: true});
  for (const source of [show.multivariant, show.multivariantTs, ...list.map((r) => r.playlist.lines.join('\n'))]) {
    assert.ok(source.startsWith('#EXTM3U\n') && source.endsWith('\n'));
    assert.doesNotMatch(source, /[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]|\ufeff|[ \t]\n|\n[ \t]*\n/);
    assert.ok(HLS.parse(source));
    const kinds = [/#EXT-X-STREAM-INF/.test(source), /#EXTINF/.test(source)];
    assert.equal(kinds.filter(Boolean).length, 1);
    for (const tag of ['VERSION', 'TARGETDURATION', 'MEDIA-SEQUENCE', 'PLAYLIST-TYPE', 'ENDLIST', 'INDEPENDENT-SEGMENTS'])
      assert.ok(source.split(`#EXT-X-${tag}`).length <= 2, tag);
  }
}));

test('HLS-02 HLS-05 HLS-06 HLS-08 HLS-11 HLS-12 HLS-36: version, durations, order, end, map', each(async (show, list) => {
  const targets = new Set();
  for (const r of list) {
    const {lines, segments, target} = r.playlist;
    assert.ok(Number(/VERSION:(\d+)/.exec(lines.join())[1]) >= 6);
    assert.ok(target >= 1);
    targets.add(target);
    for (const s of segments)
      assert.ok(Math.round(s.duration) <= target && s.duration <= target + 0.5, `${s.duration} over ${target}`);
    assert.ok(lines.indexOf('#EXT-X-MEDIA-SEQUENCE:0') < lines.findIndex((l) => l.startsWith('#EXTINF')));
    assert.ok(lines.includes('#EXT-X-PLAYLIST-TYPE:VOD') && lines.includes('#EXT-X-ENDLIST'));
    assert.equal(lines.filter((l) => l.startsWith('#EXT-X-MAP')).length, 1);
    assert.ok(!lines.includes('#EXT-X-DISCONTINUITY'), 'HLS-09: none inside one asset');
  }
  assert.equal(targets.size, 1);
}));

test('HLS-07 HLS-35 HLS-37 HLS-54: EXTINF is exact, sums to the length, and is the same everywhere', each(async (show, list) => {
  const first = list[0].playlist.segments.map((s) => s.duration);
  for (const r of list) {
    const durations = r.playlist.segments.map((s) => s.duration);
    // Pictures to the tick, sound to within one frame of AAC.
    const slack = r.width ? 0 : 1024 / 44100 + 1e-6;
    assert.equal(durations.length, first.length, r.name);
    durations.forEach((_, i) => assert.ok(
      Math.abs(sum(durations.slice(0, i)) - sum(first.slice(0, i))) <= slack, `${r.name}: segment ${i}`));
    assert.ok(Math.abs(sum(durations) - show.asset.duration) < 0.04 + slack);
    r.playlist.lines.filter((l) => l.startsWith('#EXTINF')).forEach((l) => assert.match(l, /^#EXTINF:\d+\.\d{5,},$/));
  }
}));

test('HLS-14 HLS-22 HLS-25 HLS-26 HLS-27 HLS-28 HLS-29 HLS-31: what the multivariant playlist says is so', each(async (show, list) => {
  const lines = show.multivariant.split('\n');
  if (pictures(list).length)
    assert.ok(lines.includes('#EXT-X-INDEPENDENT-SEGMENTS'));
  const groups = lines.filter((l) => l.startsWith('#EXT-X-MEDIA:')).map(attributes);
  for (const g of groups) {
    assert.match(g.NAME, /^"[^"]+"$/);
    assert.match(g.CHANNELS, /^"\d+"$/);
    assert.ok(g.URI);
  }
  assert.ok(groups.filter((g) => g.DEFAULT === 'YES').length <= 1);
  lines.forEach((line, i) => {
    if (!line.startsWith('#EXT-X-STREAM-INF'))
      return;
    const a = attributes(line);
    const r = show.renditions[lines[i + 1].split('/')[0]];
    const init = boxes(r.init);
    assert.ok(Number(a.BANDWIDTH) > 0);
    assert.equal(a['CLOSED-CAPTIONS'] ?? 'NONE', 'NONE');
    if (!r.width)
      return;
    const entry = find(init, 'moov', 'trak', 'mdia', 'minf', 'stbl', 'stsd').body.subarray(8);
    const avcc = entry.subarray(entry.indexOf('avcC') + 4);
    const codec = `avc1.${avcc.subarray(1, 4).toString('hex')}`;
    assert.equal(a.CODECS.toLowerCase().replaceAll('"', '').split(',')[0], codec);
    assert.equal(a.RESOLUTION, `${r.width}x${r.height}`);
    assert.match(a['FRAME-RATE'], /^\d+\.\d{3}$/);
    if (a.AUDIO)
      assert.ok(groups.some((g) => g['GROUP-ID'] === a.AUDIO));
  });
}));

test('HLS-23 HLS-24 DASH-12: BANDWIDTH is no less than any segment, and true once all is measured', each(async (show, list) => {
  const fresh = (await text(show.asset.playback.hls)).split('\n');
  const rate = (r) => r.segments.map((s, i) => s.length * 8 / r.playlist.segments[i].duration);
  const loudest = Math.max(0, ...sounds(list).filter((r) => !/64k/.test(r.name)).map((r) => Math.max(...rate(r))));
  fresh.forEach((line, i) => {
    if (!line.startsWith('#EXT-X-STREAM-INF') || !/RESOLUTION/.test(line))
      return;
    const a = attributes(line);
    const r = show.renditions[fresh[i + 1].split('/')[0]];
    // Runs of half to one and a half target durations count (RFC 8216 4.1).
    const peaks = rate(r).filter((_, n) => r.playlist.segments[n].duration >= r.playlist.target / 2);
    const peak = Math.max(...peaks, 0) + (a.AUDIO ? loudest : 0);
    assert.ok(Number(a.BANDWIDTH) >= peak * 0.9, `${r.name}: ${a.BANDWIDTH} for ${peak}`);
    if (a['AVERAGE-BANDWIDTH']) {
      const average = sum(r.segments.map((s) => s.length)) * 8 / sum(r.playlist.segments.map((s) => s.duration));
      assert.ok(Number(a['AVERAGE-BANDWIDTH']) >= average * 0.9);
    }
  });
}));

test('HLS-32: I-frame playlists: each entry one IDR, its length the way to the next', each(async (show, list) => {
  for (const r of pictures(list)) {
    const {lines, segments} = mediaPlaylist(await text(`${show.root}${r.name}/iframes.m3u8`));
    assert.ok(lines.includes('#EXT-X-I-FRAMES-ONLY'));
    assert.ok(Math.abs(sum(segments.map((s) => s.duration)) - show.asset.duration) < 0.04);
    for (const s of segments.slice(0, 3)) {
      const {body} = await get(`${show.root}${r.name}/${s.uri}`);
      const [f, ...more] = fragments(body).fragments;
      assert.equal(more.length, 0);
      assert.equal(f.run.samples.length, 1);
      assert.ok(Math.abs(f.run.samples[0].duration / timescale(r) - s.duration) < 0.002);
    }
  }
}));

test('HLS-34: a variant for 192 kbit/s', each(async (show) => {
  const rates = [...show.multivariant.matchAll(/STREAM-INF:BANDWIDTH=(\d+)/g)].map((m) => Number(m[1]));
  assert.ok(Math.min(...rates) <= 192000, String(rates));
}));

// ---- segments and CMAF -----------------------------------------------------

test('SEG-01 CMAF-03 CMAF-04 CMAF-05 CMAF-06: fragments parse, one traf and trun each, data where it is said to be', each(async (_, list) => {
  for (const r of list) {
    for (const s of r.segments) {
      const {types, fragments: own} = fragments(s);
      assert.ok(own.length > 0);
      assert.ok(!types.includes('moov'));
      for (const f of own) {
        assert.deepEqual([f.trafs, f.truns, f.mdat.type], [1, 1, 'mdat']);
        assert.ok(f.tfhd.flags & 0x20000 && !(f.tfhd.flags & 1));
        assert.equal(f.tfdtVersion, 1);
        assert.equal(f.run.dataOffset, f.moof.size + 8);
        assert.equal(sum(f.run.samples.map((x) => x.size)), f.mdat.size - 8);
        assert.ok(f.run.samples.every((x) => x.duration > 0 && x.size > 0));
      }
    }
    const sequence = allFragments(r).map((f) => f.sequence);
    sequence.slice(1).forEach((n, i) => assert.ok(n > sequence[i], `mfhd ${n} after ${sequence[i]}`));
  }
}));

test('SEG-02 SEG-12 CMAF-07: segments begin with a sync sample, flags tell the truth', each(async (_, list) => {
  for (const r of list)
    for (const s of r.segments)
      for (const [n, f] of fragments(s).fragments.entries())
        f.run.samples.forEach((x, i) => {
          const isSync = !(x.flags & 0x10000);
          if (!r.width || (i === 0 && n === 0))
            assert.ok(isSync, `${r.name}: sample ${i}`);
          else if (r.mode === 'encode')
            assert.equal(isSync, i === 0, `${r.name}: sample ${i}`);
          if (isSync && r.width)
            assert.equal(x.flags >> 24 & 3, 2);
        });
}));

test('SEG-03 SEG-07 SEG-08 CMAF-08: decode times run on, offsets are signed, the first picture is on time', each(async (_, list) => {
  for (const r of list) {
    let next = null;
    for (const f of allFragments(r)) {
      if (next !== null)
        assert.equal(f.time, next, r.name);
      next = f.time;
      const shown = [];
      for (const x of f.run.samples) {
        shown.push(next + x.offset);
        next += x.duration;
      }
      assert.equal(new Set(shown).size, shown.length, 'no two pictures at one time');
      assert.equal(Math.min(...shown), f.time);
    }
  }
}));

test('SEG-04 SEG-05 CMAF-11 CMAF-15: sound begins and ends with the picture, within one frame of AAC', each(async (show, list) => {
  for (const r of list) {
    const all = allFragments(r);
    const scale = timescale(r);
    const from = all[0].time / scale;
    const to = all.at(-1).time / scale + sum(all.at(-1).run.samples.map((x) => x.duration)) / scale;
    const frame = r.width ? 0.001 : 1024 / scale;
    assert.ok(from <= frame, `${r.name} begins at ${from}`);
    assert.ok(Math.abs(to - show.asset.duration) <= 2 * frame, `${r.name} ends at ${to} of ${show.asset.duration}`);
  }
}));

test('CMAF-01 CMAF-02 CMAF-12 CMAF-13 SEG-10 SEG-11: inits', each(async (_, list) => {
  for (const r of list) {
    const init = boxes(r.init);
    assert.deepEqual(init.map((b) => b.type), ['ftyp', 'moov']);
    assert.match(find(init, 'ftyp').body.toString('latin1'), /cmf[c2]/);
    assert.match(find(init, 'ftyp').body.toString('latin1'), /iso6/);
    assert.equal(find(init, 'moov').children.filter((b) => b.type === 'trak').length, 1);
    assert.ok(find(init, 'moov', 'mvex'));
    const table = find(init, 'moov', 'trak', 'mdia', 'minf', 'stbl').children;
    for (const type of ['stts', 'stsc', 'stco'])
      assert.equal(find(table, type).body.readUInt32BE(4), 0, type);
    const entry = find(table, 'stsd').body;
    assert.equal(entry.readUInt32BE(4), 1);
    assert.equal(entry.toString('latin1', 12, 16), r.width ? 'avc1' : 'mp4a');
    assert.equal(find(init, 'moov', 'trak', 'edts'), null);
    if (r.width)
      // A copied rung says of colours what the source says: perhaps nothing.
      for (const type of ['avcC', 'pasp', ...(r.mode === 'encode' ? ['colr'] : [])])
        assert.ok(entry.includes(type), `${r.name}: ${type}`);
  }
  assert.ok(new Set(pictures(list).map(timescale)).size <= 1, 'CMAF-09');
}));

test('SEG-06 SEG-09: every rung decodes without a word from ffmpeg', {timeout: 240 * SECONDS}, each(async (show, list) => {
  for (const r of list) {
    const file = join(daemon.dataDir, `joined-${r.name}.mp4`);
    writeFileSync(file, Buffer.concat([r.init, ...r.segments]));
    assert.deepEqual(await decodeErrors(file), [], r.name);
  }
}));

// Those of pictures and sound; that of thumbnails is another sort of thing.
const SET = /<AdaptationSet[^>]* contentType="(?:video|audio)"[\s\S]*?<\/AdaptationSet>/g;

test('CMAF-14: HLS and DASH name the same files', each(async (show, list) => {
  const media_ = [...show.mpd.matchAll(/media="(\$RepresentationID[^"]*)"/g)].map((m) => m[1]);
  const inits = [...show.mpd.matchAll(/initialization="([^"]*)"/g)].map((m) => m[1]);
  assert.ok(media_.length && inits.length === media_.length);
  const start = Number(/startNumber="(\d+)"/.exec(show.mpd)?.[1] ?? 1);
  for (const r of list)
    r.playlist.segments.forEach((s, i) => assert.ok(media_.some((m) =>
      m.replace('$RepresentationID$', r.name).replace('$Number$', String(start + i)) === `${r.name}/${s.uri}`), s.uri));
}));

test('DASH-16: thumbnails are sheets of equal tiles', each(async (show, list) => {
  const set = /<AdaptationSet[^>]* contentType="image"[\s\S]*?<\/AdaptationSet>/.exec(show.mpd)?.[0];
  if (pictures(list).length === 0) {
    assert.equal(set, undefined);
    return;
  }
  assert.match(set, / mimeType="image\/jpeg"/);
  const number = (name) => Number(new RegExp(` ${name}="(\\d+)"`).exec(set)[1]);
  const [, columns, rows] = /thumbnail_tile" value="(\d+)x(\d+)"/.exec(set).map(Number);
  assert.equal(number('width') % columns + number('height') % rows, 0);
  const sheets = Math.ceil(show.asset.duration * number('timescale') / number('duration') - 1e-6);
  const cues = (await text(`${show.root}storyboard.vtt`)).match(/storyboard-\d+\.jpg/g);
  assert.equal(new Set(cues).size, sheets);
  for (let i = 0; i < sheets; i++) {
    const {status, headers, body} = await get(`${show.root}${/media="([^"]*)"/.exec(set)[1].replace('$Number$', i)}`);
    assert.equal(status, 200);
    assert.equal(headers.get('content-type'), 'image/jpeg');
    assert.ok(body.length * 8 <= number('bandwidth') * number('duration') / number('timescale'), 'bandwidth');
  }
}));

// ---- MPEG-TS ---------------------------------------------------------------

async function tsSegments(show, r) {
  const {segments} = mediaPlaylist(await text(`${show.root}${r.name}/ts.m3u8`));
  const found = [];
  for (const s of segments)
    found.push(packets((await get(`${show.root}${r.name}/${s.uri}`)).body));
  return found;
}

function pids(all) {
  const pmt = all.find((p) => p.pid !== 0 && p.starts && p.payload[1] === 2);
  const section = pmt.payload.subarray(1 + pmt.payload[0]);
  const length = (section.readUInt16BE(1) & 0xfff) - 4;
  const streams = [];
  for (let at = 12 + (section.readUInt16BE(10) & 0xfff); at < 3 + length; at += 5 + (section.readUInt16BE(at + 3) & 0xfff))
    streams.push({type: section[at], pid: section.readUInt16BE(at + 1) & 0x1fff});
  return {pmt: pmt.pid, pcr: section.readUInt16BE(8) & 0x1fff, streams};
}

test('TS-01 TS-02 TS-03 TS-06 TS-10: packets, tables first, counters run on, streams and their types', {timeout: 240 * SECONDS},
  each(async (show, list) => {
    for (const r of pictures(list).length ? pictures(list) : list.slice(0, 1)) {
      const segments = await tsSegments(show, r);
      const counters = new Map();
      let map = null;
      for (const all of segments) {
        assert.ok(all.every((p) => !p.isBad && !p.isScrambled));
        const own = pids(all);
        assert.deepEqual([all[0].pid, all[1].pid], [0, own.pmt]);
        assert.deepEqual(own, map ??= own);
        for (const p of all.filter((x) => x.hasPayload && x.pid !== 0x1fff)) {
          const last = counters.get(p.pid);
          if (last !== undefined && !p.discontinuity)
            assert.equal(p.counter, (last + 1) % 16, `${r.name} PID ${p.pid}`);
          counters.set(p.pid, p.counter);
        }
      }
      assert.ok(map.streams.filter((s) => s.type === 0x1b).length <= 1);
      assert.ok(map.streams.every((s) => [0x1b, 0x0f].includes(s.type)));
    }
  }));

test('TS-04 TS-05 TS-07 TS-08 TS-09: clocks, access units, whole PES packets', {timeout: 240 * SECONDS}, each(async (show, list) => {
  const shown = [];
  for (const r of pictures(list)) {
    const times = [];
    for (const all of await tsSegments(show, r)) {
      const map = pids(all);
      const clock = all.filter((p) => p.pcr !== undefined).map((p) => p.pcr);
      clock.slice(1).forEach((c, i) => assert.ok(c > clock[i] && c - clock[i] <= 9000, `PCR steps by ${c - clock[i]}`));
      for (const s of map.streams) {
        const units = pes(all, s.pid);
        units.forEach((u, i) => {
          assert.ok(u.pts !== null && u.pts >= u.dts && u.dts >= 90000);
          assert.ok(i === 0 || u.dts > units[i - 1].dts);
          if (s.type !== 0x1b)
            return assert.equal(u.data.readUInt16BE(0) & 0xfff6, 0xfff0, 'ADTS');
          const nals = nalTypes(u.data);
          assert.equal(nals[0], 9, 'AUD first');
          if (nals.includes(5))
            assert.ok(nals.includes(7) && nals.includes(8) && u.randomAccess);
        });
        if (s.type === 0x1b) {
          assert.ok(nalTypes(units[0].data).includes(5), 'each segment begins with an IDR');
          times.push(...units.map((u) => u.pts).sort((a, b) => a - b));
        }
      }
    }
    if (r.frame_rate === undefined || !shown.length || times.length === shown[0].length)
      shown.push(times);
  }
  shown.slice(1).forEach((times) => assert.deepEqual(times, shown[0]));
}));

// ---- DASH ------------------------------------------------------------------

test('DASH-01 DASH-02: valid against the schema, profiles', {skip: existsSync(XSD) ? false : 'no schema'}, each(async (show) => {
  const file = join(daemon.dataDir, 'test.mpd');
  writeFileSync(file, show.mpd);
  execFileSync('xmllint', ['--nonet', '--noout', '--schema', XSD, file], {stdio: 'pipe'});
  assert.match(show.mpd, /profiles="[^"]*urn:mpeg:dash:profile:isoff-live:2011/);
  assert.match(show.mpd, /minBufferTime="PT/);
  assert.match(show.mpd, /type="static"/);
}));

const seconds = (iso) => {
  const m = /^PT(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?$/.exec(iso);
  return Number(m[1] || 0) * 3600 + Number(m[2] || 0) * 60 + Number(m[3] || 0);
};

test('DASH-03 DASH-04 DASH-19 DASH-28: durations', each(async (show, list) => {
  const of = (name) => seconds(new RegExp(`${name}="([^"]+)"`).exec(show.mpd)[1]);
  assert.ok(Math.abs(of('mediaPresentationDuration') - show.asset.duration) < 0.04);
  assert.match(show.mpd, /<Period [^>]*id="/);
  assert.ok(of('maxSegmentDuration') + 0.001 >= Math.max(...list[0].playlist.segments.map((s) => s.duration)));
}));

test('DASH-05 DASH-06 DASH-07 DASH-13: sets and representations', each(async (show, list) => {
  for (const set of show.mpd.match(SET)) {
    assert.match(set, /segmentAlignment="true"/);
    assert.match(set, /startWithSAP="1"/);
    assert.match(set, /urn:mpeg:dash:role:2011/);
    for (const own of set.match(/<Representation [\s\S]*?>/g)) {
      const id = /id="([^"]+)"/.exec(own)[1];
      const r = show.renditions[id];
      assert.ok(r, id);
      assert.match(own + set, new RegExp(`codecs="${r.codecs}"`, 'i'));
      if (r.width)
        assert.match(own + set, new RegExp(`width="${r.width}"`));
      else
        assert.match(own + set, /audioSamplingRate="\d+"/);
    }
  }
  const ids = [...show.mpd.match(SET).join('').matchAll(/<Representation [^>]*id="([^"]+)"/g)].map((m) => m[1]);
  assert.deepEqual(ids.toSorted(), list.map((r) => r.name).toSorted());
}));

test('DASH-08 DASH-09 DASH-11 DASH-24: the timeline is the media, to the tick', each(async (show, list) => {
  for (const set of show.mpd.match(SET)) {
    const scale = Number(/timescale="(\d+)"/.exec(set)[1]);
    const times = [];
    let at = 0;
    for (const s of set.matchAll(/<S ([^>]*)\/>/g)) {
      at = Number(/t="(\d+)"/.exec(s[1])?.[1] ?? at);
      const d = Number(/d="(\d+)"/.exec(s[1])[1]);
      for (let i = 0; i <= Number(/r="(\d+)"/.exec(s[1])?.[1] ?? 0); i++, at += d)
        times.push([at, d]);
    }
    for (const [, id] of set.matchAll(/<Representation [^>]*id="([^"]+)"/g)) {
      const r = list.find((x) => x.name === id);
      assert.equal(scale, timescale(r));
      const real = r.segments.map((s) => {
        const own = fragments(s).fragments;
        return [own[0].time, sum(own.flatMap((f) => f.run.samples.map((x) => x.duration)))];
      });
      assert.deepEqual(times, real, id);
    }
  }
}));
