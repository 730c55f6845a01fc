// download.test.js - files that were downloaded play to their end in Chromium's
// <video src> and in mpv, and last exactly as long as what they were made of.
import assert from 'node:assert/strict';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {startDaemon} from '../http/daemon.js';
import {film} from '../http/films.js';
import {run} from '../http/run.js';
import {openBrowser} from './browser.js';

const SECONDS = 1000;
const FASTER = 8;
let daemon;
let browser;
let place;
const assets = {};

before(async () => {
  place = mkdtempSync(join(tmpdir(), 'reeld-download-'));
  daemon = await startDaemon(['--ladder', 'on_demand']);
  browser = await openBrowser();
  for (const name of ['plain.mp4', 'silent.mp4', 'tall.mkv', 'mpeg4.mkv'])
    assets[name] = await daemon.upload(film(name));
}, {timeout: 240 * SECONDS});

after(async () => {
  await browser?.close();
  await daemon?.stop();
  rmSync(place, {recursive: true, force: true});
});

async function save(url, name) {
  for (;;) {
    const answer = await fetch(url);
    const bytes = Buffer.from(await answer.arrayBuffer());
    if (answer.status === 503)
      continue; // it is being made
    assert.equal(answer.status, 200, `${url}: ${bytes.subarray(0, 300)}`);
    const file = join(place, name);
    writeFileSync(file, bytes);
    return file;
  }
}

// {duration, at, width, error} once it has ended, played from the server.
async function chromiumPlays(url) {
  const page = await browser.player('file', url);
  try {
    await page.evaluate((rate) => {
      const video = document.getElementById('video');
      video.playbackRate = rate;
      return video.play();
    }, FASTER);
    await page.waitForFunction(() => {
      const video = document.getElementById('video');
      return video.ended || video.error;
    }, null, {timeout: 150 * SECONDS, polling: 100});
    return await page.evaluate(() => {
      const {duration, currentTime: at, videoWidth: width, error} = document.getElementById('video');
      return {duration, at, width, error: error?.message ?? null};
    });
  } finally {
    await page.close();
  }
}

// {duration, pictures, end}: of the file as mpv has it, and how it ended.
async function mpvPlays(file) {
  const {status, stdout, stderr} = await run('mpv', ['--no-config', '--vo=null', '--ao=null', `--speed=${FASTER}`,
    '--no-input-terminal', '--msg-level=all=warn,statusline=status', '--term-status-msg=AT ${=time-pos} OF ${=duration}\n',
    file], {timeout: 60 * SECONDS});
  const said = stdout + stderr;
  assert.equal(status, 0, said.slice(-1000));
  assert.doesNotMatch(said, /\[[a-z/]+\] |error/i, said.slice(0, 1000));
  const times = [...said.matchAll(/AT ([\d.]+) OF ([\d.]+)/g)];
  assert.ok(times.length > 0, said.slice(-1000));
  const [, at, duration] = times.at(-1);
  return {at: Number(at), duration: Number(duration)};
}

async function playsToItsEnd(playback, query, name, wanted) {
  const url = new URL(`download.mp4${query}`, playback.hls).href;
  const file = await save(url, name);
  const near = (got, most, what) => assert.ok(Math.abs(got - wanted) <= most, `${what}: ${got}, not ${wanted}`);
  const seen = await chromiumPlays(url);
  assert.equal(seen.error, null);
  assert.ok(seen.width > 0);
  near(seen.duration, 0.001, 'Chromium: duration');
  near(seen.at, 0.001, 'Chromium: its end');
  const played = await mpvPlays(file);
  near(played.duration, 0.001, 'mpv: duration');
  // It says where it is now and then only.
  near(played.at, 0.1 * FASTER, 'mpv: its end');
}

test('a whole asset', {timeout: 120 * SECONDS}, () =>
  playsToItsEnd(assets['plain.mp4'].playback, '', 'whole.mp4', 6));

// 0.52 to 1.72 and 2.36 to 4.04 at 25 a second: pictures that begin in them.
test('a clip whose ends are cut out of segments', {timeout: 120 * SECONDS}, () =>
  playsToItsEnd(assets['mpeg4.mkv'].playback, '?t=0.5,1.7&t=2.33,4.01', 'clip.mp4', 1.2 + 1.68));

test('a stream of unlike assets', {timeout: 300 * SECONDS}, async () => {
  const clip = (name, start, end) => ({asset: assets[name].id, start, end});
  const created = await daemon.call('POST', '/v1/streams', {json: {clips: [
    clip('plain.mp4', 1.01, 3.01), clip('silent.mp4', 0.51, 2.01), clip('tall.mkv', 0.99, 1.99), clip('mpeg4.mkv', 2.01, 3.01),
  ]}});
  assert.equal(created.status, 201);
  const stream = await created.json();
  await playsToItsEnd(stream.playback, '', 'stream.mp4', stream.duration);
});
