// SPDX-License-Identifier: MIT
// hostile.test.js - requests that no honest client sends: smuggled, malformed,
// outside of every directory, with markup and line ends in every name
// (threat-model SEC-09, 10, 11, 14, 16, 19, 21).
import assert from 'node:assert/strict';
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';

import {startDaemon} from './daemon.js';
import {film} from './films.js';
import {exchange, many, statuses} from './raw.js';

const MINUTE = 60e3;
// `hasty` soon ends what is not whole, and honest requests, too, of a client
// that a busy machine lets wait: those go to `reeld`, or are asked again.
let reeld, hasty, asset, data;

before(async () => {
  const flags = ['--ladder', 'on_demand', '--requests-per-key', '0'];
  reeld = await startDaemon([...flags, '--cors-origins', 'https://a.example https://b.example:8443', '--log-level', 'debug', '--access-log', 'on']);
  hasty = await startDaemon([...flags, '--header-timeout', '1s', '--idle-timeout', '1s']);
  asset = await reeld.upload(film('plain.mp4'));
  data = readFileSync(film('plain.mp4'));
});
after(async () => {
  await reeld?.stop();
  await hasty?.stop();
});

async function untilNotCut(work) {
  for (let tries = 1; ; tries++)
    try {
      return await work();
    } catch (error) {
      if (tries === 60 || !/^(fetch failed|socket hang up|terminated)$/.test(error.message))
        throw error;
    }
}

async function isAlive(daemon) {
  const {status} = await untilNotCut(() => daemon.raw('GET', '/healthz', {connection: 'close'}));
  assert.equal(status, 200);
}

// ---- SEC-09: smuggling -----------------------------------------------------

// A request that would leave a collection behind, were it ever run.
function smuggled({key}) {
  const body = '{"name":"smuggled"}';
  return `POST /v1/collections HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer ${key}\r\n` +
    `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}
const EMPTY = '0\r\n\r\n';
const chunk = (text) => `${text.length.toString(16)}\r\n${text}\r\n`;

// Not in the table: a NUL byte, behind which libmicrohttpd reads nothing of a
// header's line (threat-model F16); it cannot hold another header.
//
// Heads that two servers may read differently, with the smuggled request where
// the other reading has the next one begin.
const HEADS = [
  'Content-Length: 0\r\nContent-Length: 999', 'Content-Length: 999\r\nContent-Length: 0',
  'Content-Length: 5\r\nContent-Length: 5', 'Content-Length: 5, 5', 'Content-Length: 5,6', 'Content-Length: 5;6',
  'Content-Length: +5', 'Content-Length: -1', 'Content-Length: -0', 'Content-Length: 0x5', 'Content-Length: 5.0',
  'Content-Length: 5e0', 'Content-Length: 5 5', 'Content-Length: 5_0', 'Content-Length: "5"', 'Content-Length: five',
  'Content-Length:', 'Content-Length: \t', 'Content-Length: 18446744073709551621', 'Content-Length: 9223372036854775808',
  'Content-Length : 5', 'Content-Length\t: 5', ' Content-Length: 5', '\tContent-Length: 5',
  'Content-Length\x0b: 5', 'Content-Length: 5\x0b', 'Content-Length: \x0c5',
  'Content_Length: 5\r\nContent-Length: 5\r\nContent-Length: 6',
  'Content-Length: 5\r\nTransfer-Encoding: chunked', 'Transfer-Encoding: chunked\r\nContent-Length: 5',
  'Content-Length: 5\r\nTransfer-Encoding: identity', 'Transfer-Encoding: identity', 'Transfer-Encoding: gzip',
  'Transfer-Encoding: gzip, chunked', 'Transfer-Encoding: chunked, gzip', 'Transfer-Encoding: chunked, chunked',
  'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity',
  'Transfer-Encoding: identity\r\nTransfer-Encoding: chunked', 'Transfer-Encoding: identity, chunked',
  'Transfer-Encoding: "chunked"', "Transfer-Encoding: 'chunked'", 'Transfer-Encoding: chunked;q=1', 'Transfer-Encoding: chunked,',
  'Transfer-Encoding: ,chunked', 'Transfer-Encoding: xchunked', 'Transfer-Encoding: chunkedx', 'Transfer-Encoding: chunk ed',
  'Transfer-Encoding:', 'Transfer-Encoding: \x0bchunked', 'Transfer-Encoding: chunked\x0b', 'Transfer-Encoding: \x00chunked',
  'Transfer-Encoding : chunked', 'Transfer-Encoding\t: chunked', ' Transfer-Encoding: chunked',
  'X: y\r\n Transfer-Encoding: chunked\r\nContent-Length: 5\r\nContent-Length: 6',
  'Transfer-Encoding\r\n : chunked', 'Transfer\x01Encoding: chunked', 'Transfer-Encoding\xa0: chunked',
  'X: a\rTransfer-Encoding: chunked\r\nContent-Length: 5\r\nContent-Length: 6',
  'Host: other', 'Host: h\r\nHost: h',
];

// Chunks that are not as RFC 9112 section 7.1 has them.
const CHUNKS = [
  'x\r\nabc\r\n', '-1\r\nabc\r\n', '+3\r\nabc\r\n', '0x3\r\nabc\r\n', ' 3\r\nabc\r\n', '\t3\r\nabc\r\n', '3 3\r\nabc\r\n',
  '3_\r\nabc\r\n', '3\rabc\r\n', '3\r\nabc', '3\r\nabcd\r\n', '3\r\nabc\r', '3\r\nabcXX', '\r\n3\r\nabc\r\n', ';3\r\nabc\r\n',
  '10000000000000000\r\n', 'fffffffffffffffff\r\n', 'ffffffffffffffffffffffffffffffffffff\r\n', '\x003\r\nabc\r\n', '3\x00\r\nabc\r\n',
];

async function listsNothingSmuggled(daemon) {
  const {items} = await untilNotCut(() => daemon.json('/v1/collections'));
  assert.deepEqual(items.filter((c) => c.name === 'smuggled'), []);
}

test('a request whose end is in doubt gets an answer and an end, and nothing behind it runs', {timeout: 8 * MINUTE}, async () => {
  const start = `POST /v1/collections HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer ${hasty.key}\r\nContent-Type: application/json\r\n`;
  const forms = [
    ...HEADS.map((head) => `${start}${head}\r\n\r\n${EMPTY}${smuggled(hasty)}`),
    ...HEADS.map((head) => `${head.startsWith(' ') || head.startsWith('\t') ? 'GET / HTTP/1.1\r\n' + head + '\r\nHost: h' :
      'GET / HTTP/1.1\r\nHost: h\r\n' + head}\r\n\r\n${EMPTY}${smuggled(hasty)}`),
    ...CHUNKS.map((bad) => `${start}Transfer-Encoding: chunked\r\n\r\n${bad}${EMPTY}${smuggled(hasty)}`),
    `${start.replace('1.1', '1.0')}Transfer-Encoding: chunked\r\n\r\n${EMPTY}${smuggled(hasty)}`,
    `GET / HTTP/1.1\r\n\r\n${smuggled(hasty)}`,
  ];
  assert.ok(forms.length >= 60);
  const wrong = [];
  await many(forms, 16, async (form) => {
    const {text, how} = await exchange(hasty.port, form);
    // libmicrohttpd sends the head of some of its own refusals twice.
    const got = [...new Set(statuses(text))];
    const isRefused = got.length === 0 || (got.length === 1 && [400, 411, 413, 415, 422, 431, 501].includes(got[0]));
    if (!isRefused || how === 'hangs')
      wrong.push(`${JSON.stringify(form.slice(0, form.indexOf('POST /v1/collections', 5)).replace(hasty.key, 'KEY'))}: ${got} ${how}`);
  });
  assert.deepEqual(wrong, []);
  await listsNothingSmuggled(hasty);
});

test('what stands in a body is a body', async () => {
  // Each is one request, whole; what follows it in the other reading is inside.
  const inside = smuggled(reeld);
  const start = `PATCH /v1/assets/${asset.id} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer ${reeld.key}\r\nConnection: close\r\n` +
    'Content-Type: application/merge-patch+json\r\n';
  for (const form of [
    `${start}Content-Length: ${inside.length}\r\n\r\n${inside}`,
    `${start}Transfer-Encoding: chunked\r\n\r\n${chunk(inside)}${EMPTY}`,
    `${start}Transfer-Encoding: chunked\r\n\r\n1;a="\r\n"\r\nx\r\n${chunk(inside)}${EMPTY}`,
    `${start}Transfer-Encoding: chunked\r\n\r\n${chunk(inside)}0\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n`,
  ]) {
    const {text, how} = await exchange(reeld.port, form);
    assert.equal(how, 'closed', form);
    assert.equal(statuses(text).length, 1, text);
    assert.equal(statuses(text)[0], 400, text);
  }
  await listsNothingSmuggled(reeld);
});

// ---- SEC-11: malformed requests --------------------------------------------

function malformed(asset) {
  const key = `Authorization: Bearer ${hasty.key}\r\n`;
  const table = [];
  const line = (text) => table.push(`${text}\r\nHost: h\r\n\r\n`);
  for (const method of ['', ' ', 'get', 'G', 'GETGET', 'G\tET', 'G(T', 'GET,', '\xc3\x84', 'A'.repeat(9000), 'CONNECT', 'TRACE', 'PROPFIND', 'LINK', 'PRI', '"GET"'])
    line(`${method} / HTTP/1.1`);
  for (const version of ['', 'HTTP', 'HTTP/', 'HTTP/1', 'HTTP/1.', 'HTTP/1.2.3', 'HTTP/0.9', 'HTTP/2.0', 'HTTP/3', 'HTTP/9.9', 'http/1.1', 'HTTP/-1.1',
    'HTTP/1.1x', 'HTTP/ 1.1', 'HTTPS/1.1', 'RTSP/1.0', 'HTTP/1.1 HTTP/1.1', 'HTTP/11', 'HTTP/1,1', '\x00'])
    line(`GET / ${version}`);
  for (const target of ['', 'x', '*', '//', '///', '/%', '/%2', '/%zz', '/%00', '/a%00b', '/\x01', '/\x7f', '/\xff', '/%ff', '/%c0%af', '/%ed%a0%80', '/a b',
    '/\t', '/..', '/../..', '/%2e%2e', '/a/../b', '/.', '/./', '/\\', '/%5c', '/a%2fb', '/#a', '/a#b', 'http://', 'http://h', 'http://h/', 'h:80', '?', '/?%', '/?a=%zz', '/?%00',
    '/?a=%00', '/' + 'a/'.repeat(100), '/' + 'a'.repeat(9000), '/?' + 'a'.repeat(9000), '/?' + 'a&'.repeat(2000), '/v1/assets/%', '/v1/assets/%00',
    '/v1/assets/..', '/v1/assets/m-', '/v1//assets', '/v1/assets/', '/V1/assets', '/v1/assets/m-01jd8zk3v5x2n9q4t7w0y1b6ce/x', '/p//', '/p/x', '/p/x/y', '/p/x/y/z', '/p/..%2f/x/y'])
    line(`GET ${target} HTTP/1.1`);
  for (const header of ['no colon', ': empty', ' folded: first', 'a b: c', 'a\x00: b', 'a: \x00', 'a\x7f: b', 'a: b\x01', '\xc3\xa4: b', 'a;: b', 'a(: b', 'a/: b', 'a: ' + 'b'.repeat(40000),
    'a'.repeat(40000) + ': b', 'Host: b', 'Expect: nothing', 'Expect: 100-continue\r\nContent-Length: 99999999999', 'Content-Length: 99999999999999', 'Range: bytes=0-0\r\nContent-Length: x',
    ...Array(3).fill(0).map((_, i) => Array(101 + 100 * i).fill('a: b').join('\r\n'))])
    table.push(`POST /v1/streams HTTP/1.1\r\nHost: h\r\n${key}${header}\r\n\r\n`);
  for (const host of ['', ' ', 'a b', 'a@b', 'a/b', 'a?b', 'a#b', 'a:b:c', 'a:x', 'a:99999999', '[', '[::1', ']', '[::1]x', 'a,b', 'a\tb', '<a>', '"a"', 'a\\b', 'a%zz', '\x00', '\xff', "a'b"])
    table.push(`GET /v1/openapi.json HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  for (const body of ['', '{', '}', '[]', '"a"', '1', 'null', 'true', '{"clips"}', '{"clips":}', '{"clips":[}', '{"a":1,"a":2}', '{"clips":[],}', "{'clips':[]}", '{"clips":NaN}', '{"clips":1e999}',
    '\xef\xbb\xbf{}', '\x00', '{"\\u0000":1}', '{"clips":"\\ud800"}', '{"clips":"\xff"}', '{"x":1}', '{"clips":{}}', '{"clips":[]}', '{"clips":[1]}', '{"clips":[{}]}', '{"clips":[{"asset":1}]}',
    '{"clips":[{"asset":"x"}]}', `{"clips":[{"asset":"${asset.id}","start":-1}]}`, `{"clips":[{"asset":"${asset.id}","start":1e300}]}`, `{"clips":[{"asset":"${asset.id}","start":"1"}]}`,
    `{"clips":[{"asset":"${asset.id}","start":5,"end":4}]}`, '['.repeat(10000), '{"a":'.repeat(10000), `{"clips":[${'{},'.repeat(2000)}{}]}`, '{"clips":[],"expires_in":0}',
    '{"clips":[],"expires_in":1e18}', '{"clips":[],"name":"' + 'a'.repeat(5000) + '"}', '{"clips":[],"snap":"x"}', '-', '{"a":01}', '//', '{"a":0x1}'])
    for (const [path, type] of [['/v1/streams', 'application/json'], [`/v1/assets/${asset.id}`, 'application/merge-patch+json'], ['/v1/keys', 'application/json']])
      table.push(`${path.startsWith('/v1/assets/') ? 'PATCH' : 'POST'} ${path} HTTP/1.1\r\nHost: h\r\n${key}Connection: close\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  for (const query of ['t=', 't=a', 't=1,0', 't=-1', 't=1e9,2e9', 't=nan', 't=inf,1', 't=1:2:3:4', 't=,', 't=1,2,3', 't=99999999999999999999', 'x=y', 'container=x', 't=%00', 't=1;2', 't=npt:', 't=0,0'])
    for (const name of ['clip.m3u8', 'clip.mpd'])
      table.push(`GET /v1/assets/${asset.id}/${name}?${query} HTTP/1.1\r\nHost: h\r\n${key}Connection: close\r\n\r\n`);
  for (const query of ['limit=0', 'limit=-1', 'limit=201', 'limit=x', 'limit=', 'limit=1e2', 'cursor=x', 'cursor=', 'state=x', 'kind=x', 'x=1', 'limit=99999999999999999999', 'cursor=m-%00', 'wait=1'])
    table.push(`GET /v1/assets?${query} HTTP/1.1\r\nHost: h\r\n${key}Connection: close\r\n\r\n`);
  for (const part of ['', '--', '--x', '--x\r\n', '--x\r\n\r\n', '--x--', '--x\r\nContent-Disposition: form-data\r\n\r\n', '--x\r\nContent-Disposition: form-data; name=\r\n\r\na\r\n--x--',
    '--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n', '--y\r\n\r\n--y--', '--x\r\nA\r\n\r\n--x--', '--x\r\n' + 'A: b\r\n'.repeat(3000) + '\r\n--x--',
    '--x\r\nContent-Disposition: form-data; name="nope"\r\n\r\na\r\n--x--', '\x00'.repeat(100)])
    table.push(`POST /v1/assets HTTP/1.1\r\nHost: h\r\n${key}Connection: close\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: ${part.length}\r\n\r\n${part}`);
  for (const type of ['multipart/form-data', 'multipart/form-data; boundary=', 'multipart/form-data; boundary=' + 'b'.repeat(200), 'multipart/form-data; boundary="a\x01"'])
    table.push(`POST /v1/assets HTTP/1.1\r\nHost: h\r\n${key}Connection: close\r\nContent-Type: ${type}\r\nContent-Length: 3\r\n\r\nabc`);
  for (const head of ['Idempotency-Key: ' + 'k'.repeat(300), 'Idempotency-Key: a b', 'If-Match: x', 'Content-Digest: x', 'Content-Digest: sha-256=:x:'])
    table.push(`${head.startsWith('Content') ? 'POST /v1/assets' : head.startsWith('If') ? `PATCH /v1/assets/${asset.id}` : 'POST /v1/collections'} HTTP/1.1\r\nHost: h\r\n${key}Connection: close\r\n` +
      `Content-Type: ${head.startsWith('Content') ? 'video/mp4' : 'application/json'}\r\n${head}\r\nContent-Length: 2\r\n\r\n{}`);
  table.push('\r\n', '\r\n\r\n\r\n', '\n', '\x00', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 'GET', 'GET /', 'GET / HTTP/1.1\r\nHost', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'SSH-2.0-x\r\n', '\xff'.repeat(1000),
    'a'.repeat(70000), '\r'.repeat(1000), 'GET / HTTP/1.1\r\rHost: h\r\r');
  return table;
}

test('what is malformed is answered with 4xx, 501, 505 or an end, soon', {timeout: 8 * MINUTE}, async () => {
  const table = malformed(await untilNotCut(() => hasty.upload(film('plain.mp4'))));
  assert.ok(table.length >= 300, String(table.length));
  const wrong = [];
  await many(table, 16, async (request, i) => {
    const {text, how} = await exchange(hasty.port, request);
    const bad = statuses(text).filter((s) => !((s >= 400 && s < 500) || s === 501 || s === 505));
    // A few are odd, but not wrong: they ask for a page, or for nothing.
    const isFine = bad.every((s) => s === 200 || s === 204) && /^(GET (\/|http:\/\/h\/?|\/\?\S*|\/\/|\/#a) HTTP|GET \/v1\/(openapi|assets)|PATCH)/.test(request);
    const isOurs = !text.includes('Content-Type: ') || /application\/problem\+json/.test(text) || isFine;
    if ((bad.length > 0 && !isFine) || how === 'hangs' || !isOurs)
      wrong.push(`${JSON.stringify(request.replaceAll(hasty.key, 'KEY').slice(0, 200))}: ${statuses(text)} ${how} ${isOurs ? '' : text.slice(0, 200)}`);
    if (i % 10 === 0)
      await isAlive(hasty);
  });
  assert.deepEqual(wrong, []);
  await isAlive(hasty);
});

// ---- SEC-10: paths ---------------------------------------------------------

test('no spelling of a path leaves its place', async () => {
  mkdirSync(join(reeld.dataDir, 'planted'), {recursive: true});
  writeFileSync(join(reeld.dataDir, 'planted.txt'), 'PLANTED');
  writeFileSync(join(reeld.dataDir, 'planted', 'planted.txt'), 'PLANTED');
  const ups = ['..', '%2e%2e', '%2E%2E', '.%2e', '%2e.', '..%00', '..;', '...', '..%20', '..\\', '%2e%2e%5c', '..%5c', '..%2f', '%2e%2e%2f', '..%252f', '%252e%252e', '..%c0%af', '%c0%ae%c0%ae',
    '..%e0%80%af', '..%ef%bc%8f', '.%00.', '..%0a', '..%09', '%u002e%u002e', '..//'];
  const ends = ['planted.txt', 'catalog.db', 'admin.key', 'etc/passwd'];
  const places = ['/web/', '/v1/assets/', '/p/open/', '/problems/', '/', `/v1/assets/${asset.id}/`, new URL(asset.playback.hls).pathname.replace('index.m3u8', '')];
  const targets = [];
  for (const place of places)
    for (const up of ups)
      for (const end of ends)
        for (const times of [1, 3])
          targets.push(`${place}${`${up}/`.repeat(times)}${end}`);
  for (const place of ['/web/', '/problems/'])
    targets.push(`${place}/etc/passwd`, `${place}%2fetc%2fpasswd`, `${place}${join(reeld.dataDir, 'planted.txt')}`, `${place}C:\\planted.txt`, `${place}file:///etc/passwd`);
  const wrong = [];
  await many(targets, 16, async (target) => {
    const {text, how} = await exchange(reeld.port,
      `GET ${target} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer ${reeld.key}\r\nConnection: close\r\n\r\n`);
    if (how === 'hangs' || /PLANTED|SQLite format|rk_[0-9a-z]{26}|root:/.test(text.replaceAll(target, '')) || !statuses(text).every((s) => s >= 400 && s < 500))
      wrong.push(`${target}: ${statuses(text)}`);
  });
  assert.ok(targets.length >= 40 && ups.length * places.length >= 40);
  assert.deepEqual(wrong, []);
});

// ---- SEC-14: ranges --------------------------------------------------------

// RFC 9110 section 14, as a reader of it would write it down.
function plainRange(text, size) {
  const match = /^bytes=(\d*)-(\d*)$/.exec(text);
  if (!match || (match[1] === '' && match[2] === '') || (match[1] && match[2] && BigInt(match[1]) > BigInt(match[2])))
    return {status: 200, from: 0, to: size};
  const clip = (digits) => Number(BigInt(digits) > BigInt(size) ? BigInt(size) : BigInt(digits));
  if (match[1] === '') {
    const last = clip(match[2]);
    return last === 0 ? {status: 416} : {status: 206, from: size - last, to: size};
  }
  const from = clip(match[1]);
  if (from >= size)
    return {status: 416};
  return {status: 206, from, to: match[2] === '' ? size : Math.min(clip(match[2]) + 1, size)};
}

test('ranges are cut as a plain slicer would', async () => {
  const size = data.length;
  const edges = [0, 1, 2, 499, size - 2, size - 1, size, size + 1, 2 ** 31, 2 ** 32, 2 ** 53];
  const ranges = ['bytes=-', 'bytes=', 'bytes', 'bytes=a-b', 'bytes=1-0', 'bits=0-1', 'bytes=--1', 'bytes=0-1-2', 'bytes=+0-1', 'bytes=0x0-1', 'bytes=99999999999999999999999-', 'bytes=-99999999999999999999999',
    'bytes=0-99999999999999999999999'];
  for (const a of edges) {
    ranges.push(`bytes=${a}-`, `bytes=-${a}`);
    for (const b of edges)
      ranges.push(`bytes=${a}-${b}`);
  }
  const key = {authorization: `Bearer ${reeld.key}`};
  await many(ranges, 8, async (range) => {
    const answer = await reeld.raw('GET', `/v1/assets/${asset.id}/source`, {...key, range});
    const wanted = plainRange(range, size);
    assert.equal(answer.status, wanted.status, range);
    if (wanted.status === 416) {
      assert.equal(answer.headers['content-range'], `bytes */${size}`, range);
      return;
    }
    assert.equal(Number(answer.headers['content-length']), wanted.to - wanted.from, range);
    assert.ok(answer.body.equals(data.subarray(wanted.from, wanted.to)), range);
    if (wanted.status === 206)
      assert.equal(answer.headers['content-range'], `bytes ${wanted.from}-${wanted.to - 1}/${size}`, range);
  });
  // A flood of them is no work: the whole is sent, once.
  for (const flood of [`bytes=${Array(500).fill('0-1').join(',')}`, `bytes=${Array(300).fill(0).map((_, i) => `${i}-`).join(',')}`, 'bytes=0-0,-1', 'bytes=0-1, 2-3']) {
    const answer = await reeld.raw('GET', `/v1/assets/${asset.id}/source`, {...key, range: flood});
    assert.equal(answer.status, 200);
    assert.equal(answer.body.length, size);
  }
});

// ---- SEC-16: grants --------------------------------------------------------

test('no change of one bit, and none of one letter, leaves a grant good', {timeout: 2 * MINUTE}, async () => {
  const path = new URL(asset.playback.hls).pathname;
  const [, , grant, id] = path.split('/');
  const rest = path.slice(path.indexOf(id));
  assert.equal((await reeld.raw('GET', path)).status, 200);
  const other = await reeld.upload(film('silent.mp4'));
  const variants = new Map();
  const add = (text, why) => variants.set(`/p/${text}`, why);
  for (let i = 0; i < grant.length; i++) {
    for (let bit = 0; bit < 8; bit++) {
      const byte = grant.charCodeAt(i) ^ (1 << bit);
      add(`${grant.slice(0, i)}%${byte.toString(16).padStart(2, '0')}${grant.slice(i + 1)}/${rest}`, `bit ${bit} of ${i}`);
    }
    add(`${grant.slice(0, i)}${grant.slice(i + 1)}/${rest}`, `without ${i}`);
    add(`${grant.slice(0, i)}${grant[i]}${grant.slice(i)}/${rest}`, `${i} twice`);
  }
  for (const text of [`${grant}=`, `${grant}%20`, `%20${grant}`, `0${grant}`, `+${grant}`, grant.toUpperCase(), `${grant}.`, `.${grant}`, grant.replace('.', '..'), grant.replace('.', ','),
    grant.split('.').reverse().join('.'), `${grant}%00`, `${grant}.${grant}`, 'open', 'OPEN', 'null', '-', '1.9999999999.', '..'])
    add(`${text}/${rest}`, text);
  add(`${grant}/${rest.replace(asset.id, other.id)}`, 'of another asset');
  add(`${grant}/${rest.replace(asset.id, asset.id.toUpperCase())}`, 'in capitals');
  variants.delete(path);
  const bodies = new Set();
  await many([...variants], 16, async ([target, why]) => {
    const answer = await reeld.raw('GET', target);
    assert.ok(answer.status === 403 || answer.status === 400 || answer.status === 404, `${why}: ${answer.status} ${target}`);
    if (answer.status === 403)
      bodies.add(JSON.parse(answer.body).detail);
  });
  assert.ok(variants.size > 8 * grant.length);
  assert.equal(bodies.size, 1, 'a stranger learns why');
});

// ---- SEC-15: keys ----------------------------------------------------------

test('no change of one bit, and none of one letter, leaves a key good', {timeout: 2 * MINUTE}, async () => {
  const {key, id} = await (await reeld.call('POST', '/v1/keys', {json: {scopes: ['read'], label: 'altered'}})).json();
  const variants = new Set();
  for (let i = 0; i < key.length; i++) {
    for (let bit = 0; bit < 8; bit++)
      variants.add(key.slice(0, i) + String.fromCharCode(key.charCodeAt(i) ^ (1 << bit)) + key.slice(i + 1));
    variants.add(key.slice(0, i) + key.slice(i + 1));
    variants.add(key.slice(0, i) + key[i] + key.slice(i));
  }
  for (const text of ['', ' ', 'null', 'undefined', '*', `${key}=`, `${key},${key}`, `"${key}"`, key.toUpperCase(), key.replaceAll('_', '-'), `${key.slice(0, 29)}_${'A'.repeat(43)}`,
    `rk_${'0'.repeat(26)}${key.slice(29)}`])
    variants.add(text);
  variants.delete(key);
  let from = 0;
  await many([...variants], 16, async (text) => {
    if (/[\r\n\0]/.test(text))
      return;
    // Of one address most would only be told to come later.
    const address = `127.7.${(from >> 4) & 255}.${1 + (from++ & 15)}`;
    for (const header of [`Authorization: Bearer ${text}`, `x-access-token: ${text}`]) {
      const {text: answer} = await exchange(reeld.port, `GET /v1/assets HTTP/1.1\r\nHost: h\r\n${header}\r\nConnection: close\r\n\r\n`, {from: address});
      // Blanks around a value are not part of it.
      const isTrimmed = text.trim() === key && text !== key;
      assert.ok(isTrimmed || statuses(answer).every((s) => [400, 401, 429].includes(s)), `${JSON.stringify(text)}: ${answer.slice(0, 100)}`);
      assert.ok(statuses(answer).length <= 1, answer);
    }
  });
  for (const [header, status] of [[`Authorization: Bearer ${key}`, 200], [`Authorization: bearer ${key}`, 200], [`Authorization: Basic ${key}`, 401], [`Authorization: Bearer${key}`, 401],
    [`Cookie: key=${key}`, 401], [`X-Api-Key: ${key}`, 401]]) {
    const {text} = await exchange(reeld.port, `GET /v1/assets HTTP/1.1\r\nHost: h\r\n${header}\r\nConnection: close\r\n\r\n`, {from: '127.8.0.1'});
    assert.deepEqual(statuses(text), [status], header);
  }
  assert.equal((await reeld.raw('GET', `/v1/assets?key=${key}&access_token=${key}`)).status, 401);
  await reeld.call('DELETE', `/v1/keys/${id}`);
});

// ---- SEC-19, SEC-20: injection ---------------------------------------------

const PAYLOADS = [
  '\r\nX-Injected: 1', '\nX-Injected: 1', '\rX-Injected: 1', '\0', '\x1b[31mred', '\x7f', '\u0085next', '\u2028line', '<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', "'--", '${x}', '%0d%0aX-Injected: 1',
  '{{1}}', '%s%n%x', '\u202egpj.exe', '../../../etc/passwd', '"; rm -rf /', '; filename="x.exe"', 'a"b\\c', '&lt;b&gt;', ']]>', '-->', '#EXT-X-KEY:METHOD=NONE', '\\u0000', '\u0000\u0001',
];

// Every line of every answer's head is one of ours, and so is each of the log.
function checkHead(text, why) {
  assert.ok(!/^x-injected/im.test(text.split('\r\n\r\n')[0]), `${why}: ${text.slice(0, 300)}`);
  assert.ok(!/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(text.split('\r\n\r\n')[0]), why);
}

test('no name or text of a client stands in a head or a log as it is', {timeout: 3 * MINUTE}, async () => {
  const key = `Authorization: Bearer ${reeld.key}\r\n`;
  const kept = [];
  for (const payload of PAYLOADS) {
    const text = encodeURIComponent(payload);
    // Where bytes go in raw: targets, headers, forms.
    const raw = Buffer.from(payload, 'utf8').toString('latin1');
    const sends = [
      `GET /${raw} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`,
      `GET /${text} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`,
      `GET /v1/assets/${text} HTTP/1.1\r\nHost: h\r\n${key}Connection: close\r\n\r\n`,
      `GET /v1/assets?name=${text} HTTP/1.1\r\nHost: h\r\n${key}Connection: close\r\n\r\n`,
      `GET /v1/assets?${text}=1 HTTP/1.1\r\nHost: h\r\n${key}Connection: close\r\n\r\n`,
      `GET /problems/${text} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`,
      `GET /watch?v=${text} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`,
      `GET /player?url=${text} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`,
      `GET /p/${text}/${text}/index.m3u8 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`,
      `GET /healthz HTTP/1.1\r\nHost: h\r\nX-Request-Id: ${raw}\r\nOrigin: ${raw}\r\nConnection: close\r\n\r\n`,
      `GET /v1/system HTTP/1.1\r\nHost: ${raw}\r\n${key}Connection: close\r\n\r\n`,
      `GET /v1/assets HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer ${raw}\r\nConnection: close\r\n\r\n`,
      `POST /v1/uploads HTTP/1.1\r\nHost: h\r\n${key}Tus-Resumable: 1.0.0\r\nUpload-Length: 5\r\nUpload-Metadata: name ${Buffer.from(payload).toString('base64')}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
    ];
    for (const send of sends)
      checkHead((await exchange(reeld.port, send)).text, JSON.stringify(payload));
    // What is kept comes back as it is in JSON, or was refused by name.
    for (const field of ['name', 'description']) {
      const answer = await reeld.call('PATCH', `/v1/assets/${asset.id}`, {body: JSON.stringify({[field]: payload}), headers: {'content-type': 'application/merge-patch+json'}});
      const body = await answer.json();
      assert.ok(answer.status === 200 || answer.status === 400, `${answer.status}`);
      if (answer.status === 200)
        assert.equal(body[field], payload);
    }
    const form = new FormData();
    form.set('file', new Blob([readFileSync(film('sound.mp3'))]), `${payload}.mp3`);
    const answer = await reeld.call('POST', '/v1/assets', {body: form});
    const body = await answer.json();
    assert.ok(answer.status === 201 || answer.status === 400, JSON.stringify(body));
    if (answer.status === 201)
      kept.push(body);
  }
  for (const one of kept) {
    const {text} = await exchange(reeld.port, `GET /v1/assets/${one.id}/source HTTP/1.1\r\nHost: h\r\n${key}Connection: close\r\n\r\n`);
    checkHead(text, one.filename);
    const head = text.split('\r\n\r\n')[0];
    assert.equal(head.match(/^content-disposition:/gim).length, 1);
    assert.match(head, /^content-disposition: attachment;/im);
    // No quote of a name ends ours.
    assert.equal((head.match(/^content-disposition:.*$/im)[0].match(/"/g) || []).length, 2, head);
    for (const url of [one.playback.hls, one.playback.dash]) {
      const manifest = await (await fetch(url)).text();
      assert.ok(!/<script|X-Injected|^#EXT-X-KEY/m.test(manifest), manifest);
    }
  }
  assert.ok(reeld.lines.some((line) => line.includes(asset.id)), 'answers are not logged');
  const mac = new URL(asset.playback.hls).pathname.split('/')[2].split('.')[2];
  for (const line of reeld.lines) {
    assert.ok(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (error|warn|info|debug) [a-z0-9_.]+/.test(line), line);
    assert.ok(!/[\x00-\x1f\x7f\u0080-\u009f\u2028\u202e]/.test(line), JSON.stringify(line));
    assert.ok(!line.includes(reeld.key.slice(-20)) && !line.includes(mac.slice(0, 20)), `a secret in the log: ${line}`);
  }
});

// ---- SEC-21: CORS ----------------------------------------------------------

test('no origin out of the list is let in, however it looks like one', async () => {
  const origins = {
    'https://a.example': true, 'https://b.example:8443': true,
    'https://A.example': false, 'http://a.example': false, 'https://a.example:443': false, 'https://a.example/': false, 'https://a.example.evil.example': false,
    'https://evil-a.example': false, 'https://x.a.example': false, 'https://b.example': false, 'https://b.example:8443:1': false, 'null': false, '*': false, '': false,
    'https://a.example https://b.example:8443': false, 'https://a.example,https://evil.example': false, 'https://evil.example#https://a.example': false, 'a.example': false,
  };
  for (const [origin, isLet] of Object.entries(origins))
    for (const [method, path] of [['GET', '/v1/assets'], ['OPTIONS', '/v1/assets'], ['POST', '/v1/streams'], ['GET', '/v1/none'], ['OPTIONS', '/v1/uploads']]) {
      const answer = await reeld.raw(method, path, {origin, authorization: `Bearer ${reeld.key}`});
      assert.equal(answer.headers['access-control-allow-origin'], isLet ? origin : undefined, `${method} ${path} ${origin}`);
      assert.equal(answer.headers['access-control-allow-credentials'], undefined);
      assert.match(answer.headers.vary || '', /Origin/);
    }
  const media = await reeld.raw('GET', new URL(asset.playback.hls).pathname, {origin: 'https://evil.example'});
  assert.equal(media.headers['access-control-allow-origin'], '*');
  assert.equal(media.headers['access-control-allow-credentials'], undefined);
});
