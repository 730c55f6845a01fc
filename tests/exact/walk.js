// SPDX-License-Identifier: MIT
// walk.js - fetches what manifests name, as a player would.
import assert from 'node:assert/strict';
import {fragments} from '../http/boxes.js';

const TRIES = 100; // of a piece that is still being made: the machine may be busy

export async function get(url) {
  let answer, bytes;
  for (let i = 0; i < TRIES && (!answer || answer.status === 503); i++) {
    answer = await fetch(url);
    bytes = Buffer.from(await answer.arrayBuffer());
  }
  assert.equal(answer.status, 200, `${url}: ${bytes.subarray(0, 300)}`);
  return {url, bytes, etag: answer.headers.get('etag')};
}

const textOf = async (url) => (await get(url)).bytes.toString();

// {videos: [{name, url}], sounds: [...]} of a multivariant playlist.
export async function rungs(url) {
  const lines = (await textOf(url)).split('\n');
  const named = (uri) => ({name: uri.split('/').at(-2), url: new URL(uri, url).href});
  const isOf = (line, what) => line.startsWith('#EXT-X-STREAM-INF') && /RESOLUTION=/.test(line) === what;
  const below = (what) => lines.filter((l, i) => i > 0 && isOf(lines[i - 1], what));
  const media = lines.map((l) => l.match(/^#EXT-X-MEDIA:.*TYPE=AUDIO.*URI="([^"]*)"/)?.[1]).filter(Boolean);
  const unique = (list) => [...new Map(list.map((r) => [r.url, r])).values()];
  return {
    videos: unique(below(true).map(named)),
    sounds: unique([...media, ...below(false)].map(named)),
  };
}

// A media playlist as its parts between discontinuities: {map, urls, seconds}.
export async function parts(url) {
  const all = [];
  let part = null;
  const begin = () => all.push(part = {map: part?.map, urls: [], seconds: []});
  begin();
  for (const line of (await textOf(url)).split('\n')) {
    if (line === '#EXT-X-DISCONTINUITY')
      begin();
    const map = line.match(/^#EXT-X-MAP:URI="([^"]*)"/)?.[1];
    if (map)
      part.map = new URL(map, url).href;
    const length = line.match(/^#EXTINF:([\d.]+)/)?.[1];
    if (length)
      part.seconds.push(Number(length));
    if (line && line[0] !== '#')
      part.urls.push(new URL(line, url).href);
  }
  return all;
}

// Presentation times of a segment's pictures or packets, in ticks, in order,
// and where its fragments begin.
function timesOf(bytes) {
  const times = [], starts = [];
  let end = 0;
  for (const f of fragments(bytes).fragments) {
    let at = f.time;
    const own = f.run.samples.map((s) => {
      const shown = at + s.offset;
      at += s.duration;
      return shown;
    });
    own.sort((a, b) => a - b);
    starts.push(own[0]);
    times.push(...own);
    end = at;
  }
  return {times, starts, end, from: times[0]};
}

export async function fetchSegment(url, isCmaf) {
  const piece = await get(url);
  return isCmaf ? {...piece, ...timesOf(piece.bytes)} : piece;
}

// A part with all its bytes: {init, segments: [{bytes, etag, times, ...}]}.
export async function fetchPart(part) {
  const init = part.map ? await get(part.map) : null;
  const segments = [];
  for (const url of part.urls)
    segments.push(await fetchSegment(url, init !== null));
  return {init, segments, seconds: part.seconds};
}

export const joined = (part) =>
  Buffer.concat([...(part.init ? [part.init.bytes] : []), ...part.segments.map((s) => s.bytes)]);

// ---- DASH ------------------------------------------------------------------

const attribute = (tag, name) => tag.match(new RegExp(`\\s${name}="([^"]*)"`))?.[1];

function expand(template, timeline, id, base) {
  const fill = (text, more) => new URL(text.replaceAll('$RepresentationID$', id).replaceAll('$Number$', more), base).href;
  let number = Number(attribute(template, 'startNumber') ?? 1), at = 0;
  const urls = [], times = [];
  for (const [s] of timeline.matchAll(/<S\s[^>]*>/g)) {
    at = Number(attribute(s, 't') ?? at);
    for (let i = 0; i <= Number(attribute(s, 'r') ?? 0); i++) {
      urls.push(fill(attribute(template, 'media'), number++));
      times.push(at);
      at += Number(attribute(s, 'd'));
    }
  }
  return {map: fill(attribute(template, 'initialization'), ''), urls, times, end: at,
    offset: Number(attribute(template, 'presentationTimeOffset') ?? 0), timescale: Number(attribute(template, 'timescale'))};
}

// The MPD's own lists, a Period each: {RepresentationID: {map, urls, times}}; a
// storyboard is none of pictures and sound.
export async function periods(url) {
  const text = await textOf(url);
  const root = new URL(text.match(/<BaseURL>([^<]*)</)?.[1] ?? '', url).href;
  return [...text.matchAll(/<Period[\s\S]*?<\/Period>/g)].map(([period]) => {
    const found = {};
    for (const [set] of period.matchAll(/<AdaptationSet[\s\S]*?<\/AdaptationSet>/g)) {
      if (/contentType="image"/.test(set))
        continue;
      const shared = set.replace(/<Representation[\s\S]*?(\/>|<\/Representation>)/g, '');
      for (const [one] of set.matchAll(/<Representation[\s\S]*?(\/>|<\/Representation>)/g)) {
        const where = /<SegmentTemplate/.test(one) ? one : shared;
        const template = where.match(/<SegmentTemplate[^>]*>/)[0];
        found[attribute(one, 'id')] = expand(template, where, attribute(one, 'id'), root);
      }
    }
    return found;
  });
}
