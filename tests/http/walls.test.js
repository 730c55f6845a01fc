// SPDX-License-Identifier: MIT
// walls.test.js - what disguises itself as media reaches nothing (SEC-06), and
// bombs end within limits while the front answers (SEC-07).
//
// The workers run under strace: behind their seccomp filter none opens a file,
// makes a socket or starts a program; and a server that the files name waits in
// vain.
import assert from 'node:assert/strict';
import {createHash} from 'node:crypto';
import {mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';

import {startDaemon} from './daemon.js';
import {film} from './films.js';
import {badFiles, hasMedia, media} from './media.js';

const REFUSED_WITHIN_MS = 5000;
const MEMORY_BYTES = 768 << 20;

const directory = mkdtempSync(join(tmpdir(), 'reeld-hostile-'));
const trace = join(directory, 'trace');
const secret = join(directory, 'secret.ts');
let reeld, canary, visits = 0, isWalled;

before(async () => {
  canary = createServer((socket) => { visits++; socket.destroy(); });
  await new Promise((resolve) => canary.listen(0, '127.0.0.1', resolve));
  writeFileSync(secret, readFileSync(film('plain.mp4')));
  reeld = await startDaemon(['--ladder', 'on_demand', '--worker-memory', '768MiB', '--probe-timeout', '60s'], {
    under: ['strace', '-D', '-f', '-qq', '-o', trace, '-e', 'signal=none', '-e',
      'trace=execve,execveat,fork,vfork,clone,open,openat,openat2,socket,socketpair,connect,bind,ptrace,kill,seccomp']});
  // Builds with sanitizers raise no walls.
  isWalled = (await reeld.json('/v1/system')).workers.has_seccomp;
});
after(async () => {
  await reeld.stop();
  canary.close();
  rmSync(directory, {recursive: true});
});

// Texts that name what they want to have.
function disguises() {
  const url = `http://127.0.0.1:${canary.address().port}/x.ts`;
  const hls = (line, more = '') => `#EXTM3U\n#EXT-X-VERSION:4\n#EXT-X-TARGETDURATION:10\n${more}#EXTINF:10,\n${line}\n#EXT-X-ENDLIST\n`;
  const mpd = (base) => '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT9S" ' +
    `profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1">` +
    `<BaseURL>${base}</BaseURL><SegmentBase/></Representation></AdaptationSet></Period></MPD>`;
  return {
    'hls-url': hls(url), 'hls-file': hls(secret), 'hls-file-url': hls(`file://${secret}`),
    'hls-key': hls(url, `#EXT-X-KEY:METHOD=AES-128,URI="${url}"\n`), 'hls-map': hls(url, `#EXT-X-MAP:URI="${secret}"\n`),
    'hls-concat': hls(`concat:${secret}|${url}`), 'hls-subfile': hls(`subfile,,start,0,end,64,,:${secret}`),
    'hls-crypto': hls(`crypto+${url}`), 'hls-tcp': hls(url.replace('http', 'tcp')), 'hls-unix': hls(`unix:${secret}`),
    'hls-master': `#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n${url}\n`,
    'mpd-url': mpd(url), 'mpd-file': mpd(secret),
    'ffconcat-file': `ffconcat version 1.0\nfile '${secret}'\n`,
    'ffconcat-url': `ffconcat version 1.0\nfile '${url}'\noption protocol_whitelist file,http,tcp\n`,
    'concat': `concat:${secret}|${secret}`, 'subfile': `subfile,,start,0,end,9,,:${secret}`,
    'sdp': `v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video ${canary.address().port} RTP/AVP 96\na=rtpmap:96 H264/90000\n`,
    'pls': `[playlist]\nFile1=${url}\nNumberOfEntries=1\n`, 'asx': `<asx version="3.0"><entry><ref href="${url}"/></entry></asx>`,
    'svg': `<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file://${secret}">]><svg xmlns="http://www.w3.org/2000/svg" ` +
      `xmlns:xlink="http://www.w3.org/1999/xlink" width="9" height="9"><image xlink:href="${url}"/><text>&x;</text></svg>`,
  };
}

// Lines of workers behind their filter, by all of their threads.
function behindTheFilter() {
  const closed = new Map(); // thread: is its filter up
  const lines = [];
  for (const line of readFileSync(trace, 'latin1').split('\n')) {
    const [, thread, call] = line.match(/^(\d+) +(.*)$/) || [];
    if (!call)
      continue;
    if (/^execve\("[^"]*reel-worker"/.test(call) && / = 0$/.test(call))
      closed.set(thread, false);
    else if (closed.has(thread) && /^seccomp\(SECCOMP_SET_MODE_FILTER.* = 0$/.test(call))
      closed.set(thread, true);
    else if (closed.get(thread)) {
      lines.push(call);
      const child = call.match(/^clone\(.*CLONE_THREAD.* = (\d+)$/);
      if (child)
        closed.set(child[1], true);
    }
  }
  return {lines, workers: closed.size};
}

test('a disguise is refused, quickly, and reaches nothing', {timeout: 240e3}, async () => {
  let tried = 0;
  for (const [name, text] of Object.entries(disguises()))
    for (const type of ['video/mp4', 'video/mp2t']) {
      const begun = Date.now();
      const answer = await reeld.call('POST', `/v1/assets?name=${name}.${type.slice(6)}`, {body: text, headers: {'content-type': type}});
      const body = await answer.json();
      assert.equal(answer.status, 422, `${name}: ${JSON.stringify(body)}`);
      assert.ok(Date.now() - begun < REFUSED_WITHIN_MS, `${name} took ${Date.now() - begun} ms`);
      tried++;
    }
  assert.ok(tried >= 40);
  assert.equal(visits, 0, 'the canary had visitors');
});

// Beside inits, segments and what has its own way to be asked for.
const EACH_KIND = ['thumbnail.jpg', 'thumbnail.webp?t=2.2', 'preview.webp', 'index.m3u8?t=1.1,2.2',
  'download.mp4?t=1.1,2.2', 'download.m4a', 'download.mp3'];

// All that a playlist names.
async function fetchNamed(url, is) {
  const named = (await (await fetch(url)).text()).split('\n').filter((l) => l && is(l)).map((l) => new URL(l.split('#')[0], url).href);
  assert.ok(named.length > 0, url);
  for (const one of new Set(named))
    assert.equal((await fetch(one)).status, 200, one);
  return named;
}

async function sheets(root) {
  await fetchNamed(`${root}/storyboard.vtt`, (l) => l.startsWith('storyboard-'));
}

// Cut pieces, black pictures and silence.
async function madeOfNothing(asset) {
  const clips = [{asset: asset.id, start: 0.52, end: 1.5}, {gap: 0.5}, {asset: asset.id, start: 3}];
  const stream = await (await reeld.call('POST', '/v1/streams', {json: {clips}})).json();
  for (const media of await fetchNamed(stream.playback.hls, (l) => l[0] !== '#'))
    await fetchNamed(media, (l) => l[0] !== '#');
}

// Pictures, sound, and what is made of a part.
async function otherSources(asset) {
  for (const name of ['still.png', 'sound.mp3'])
    await reeld.upload(film(name));
  const frame = await reeld.call('POST', `/v1/assets/${asset.id}/frames`, {json: {time: 2}});
  assert.ok([200, 201, 202].includes(frame.status), await frame.text());
  const answer = await reeld.call('POST', `/v1/assets/${asset.id}/reframe`, {json: {target: 'square', end: 1}});
  const square = await answer.json();
  assert.ok([200, 201, 202].includes(answer.status), JSON.stringify(square));
  assert.equal((await fetch(square.playback.hls.replace('index.m3u8', `${square.renditions[0].name}/0.m4s`))).status, 200);
}

test('each kind of work runs behind the filter, and bombs end', {timeout: 240e3}, async () => {
  let isOver = false, slowest = 0, largest = 0;
  const watch = (async () => {
    while (!isOver) {
      const begun = Date.now();
      assert.equal((await fetch(`${reeld.base}/healthz`)).status, 200);
      slowest = Math.max(slowest, Date.now() - begun);
      for (const pid of readdirSync('/proc').filter((n) => /^\d+$/.test(n)))
        try {
          const status = readFileSync(`/proc/${pid}/status`, 'utf8');
          if (/^Name:\treel-worker$/m.test(status) && new RegExp(`^PPid:\t${reeld.pid}$`, 'm').test(status))
            largest = Math.max(largest, Number(status.match(/^VmPeak:\s+(\d+) kB$/m)?.[1] || 0) * 1024);
        } catch { /* it has ended */ }
      await sleep(50);
    }
  })();
  const asset = await reeld.upload(film('plain.mp4'));
  const root = asset.playback.hls.replace('/index.m3u8', '');
  const paths = asset.renditions.flatMap((r) => [`${r.name}/init.mp4`, `${r.name}/0.m4s`]);
  const {name} = asset.renditions.find((r) => r.height);
  for (const path of [...paths, ...EACH_KIND, `${name}/0.ts`, `${name}/i0.m4s`])
    assert.equal((await fetch(`${root}/${path}`)).status, 200, path);
  await sheets(root);
  await madeOfNothing(asset);
  await otherSources(asset);
  const bombs = badFiles().filter((f) => /bomb|stsz-count|stts-count|elst-count|4g-fps|65535|2gx2g|tracks-302|nested/.test(f.file));
  for (const {file} of bombs)
    await reeld.tryUpload(media(file), {name: 'bomb'});
  assert.ok(!hasMedia || bombs.length > 5);
  isOver = true;
  await watch;
  assert.ok(slowest < 5000, `the front took ${slowest} ms`);
  assert.ok(!isWalled || largest > 0 && largest <= MEMORY_BYTES + (64 << 20), `a worker took ${largest} bytes`);
});

// The first piece of each rendition of some codecs, by name.
async function firstPieces(daemon) {
  const found = {};
  for (const name of ['plain.mp4', 'mpeg4.mkv', 'sound.oga']) {
    const asset = await daemon.upload(film(name));
    for (const r of asset.renditions) {
      const answer = await fetch(asset.playback.hls.replace('index.m3u8', `${r.name}/0.m4s`));
      assert.equal(answer.status, 200);
      found[`${name} ${r.name}`] = createHash('sha256').update(Buffer.from(await answer.arrayBuffer())).digest('hex');
    }
  }
  return found;
}

test('the filter changes no byte, whatever the threads (SEC-04)', {timeout: 240e3}, async () => {
  const open = await startDaemon(['--ladder', 'on_demand', '--sandbox', 'off', '--worker-threads', '3']);
  try {
    const wanted = await firstPieces(open);
    assert.ok(Object.keys(wanted).length > 6);
    assert.deepEqual(await firstPieces(reeld), wanted);
  } finally {
    await open.stop();
  }
});

test('behind the filter nothing was opened, connected or started', (t) => {
  if (!isWalled)
    return t.skip('a build with sanitizers');
  const {lines, workers} = behindTheFilter();
  assert.ok(workers > 20, `${workers} workers`);
  assert.ok(lines.some((l) => /^openat\(.*"\/etc\/passwd".* = -1 EPERM/.test(l)), 'each proves its walls');
  for (const line of lines)
    assert.match(line, /^clone\(.*CLONE_THREAD|= -1 EPERM|^<\.\.\. |resumed>|unfinished \.\.\.>$/, line);
  for (const line of lines)
    assert.doesNotMatch(line, /^(socket|connect|bind|execve|execveat|fork|vfork|ptrace|kill)\(/);
  assert.equal(visits, 0);
});
