// players.test.js - hls.js, dash.js and Shaka in headless Chromium: play
// through, seek ten times, switch rungs, without an error or a stall.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {startDaemon} from '../http/daemon.js';
import {film} from '../http/films.js';
import {media} from '../http/media.js';
import {openBrowser} from './browser.js';

const SEEKS = 10;
const SECONDS = 1000;
let daemon;
let browser;
let asset;

before(async () => {
  daemon = await startDaemon();
  browser = await openBrowser();
  asset = await daemon.upload(media('film/sintel-trailer-720p24.mp4'));
}, {timeout: 300 * SECONDS});

after(async () => {
  await browser?.close();
  await daemon?.stop();
});

async function withPlayer(player, url, work, options) {
  const page = await browser.player(player, url, options);
  try {
    await work(page);
    const report = await page.evaluate(() => window.report);
    // hls.js reports what it has called off itself, when it seeks or switches,
    // and that it skips the part of an AAC frame by which copied sound may begin
    // later than the pictures (SEG-04).
    const errors = report.errors.filter((e) => !['aborted', 'bufferSeekOverHole'].includes(e));
    assert.deepEqual(errors, [], `${player} reported errors`);
  } finally {
    await page.close();
  }
}

async function playsFrom(page, from, seconds) {
  await page.evaluate(() => document.getElementById('video').play());
  await page.waitForFunction(([t]) => document.getElementById('video').currentTime >= t,
    [from + seconds], {timeout: 240 * SECONDS, polling: 100});
}

const cases = [
  ['hls', (a) => a.playback.hls],
  ['hls', (a) => `${a.playback.hls}?container=ts`],
  ['dash', (a) => a.playback.dash],
  ['shaka', (a) => a.playback.dash],
  ['shaka', (a) => a.playback.hls],
];

for (const [player, url] of cases) {
  const what = `${player} ${url({playback: {hls: 'index.m3u8', dash: 'manifest.mpd'}})}`;

  test(`${what}: starts, and the length is the asset's`, {timeout: 300 * SECONDS}, async () => {
    await withPlayer(player, url(asset), async (page) => {
      await playsFrom(page, 0, 2);
      const length = await page.evaluate(() => document.getElementById('video').duration);
      // hls.js begins TS with the decode time of the first picture, which leads.
      const slack = /container=ts/.test(url(asset)) ? 0.2 : 0.05;
      assert.ok(Math.abs(length - asset.duration) < slack, `${length} against ${asset.duration}`);
    });
  });

  test(`${what}: ten seeks land and play on`, {timeout: 300 * SECONDS}, async () => {
    await withPlayer(player, url(asset), async (page) => {
      await playsFrom(page, 0, 0.5);
      for (let i = 0; i < SEEKS; i++) {
        const to = (i * 17.3) % (asset.duration - 3);
        const begun = Date.now();
        const at = await page.evaluate((t) => window.seekTo(t), to);
        // It may have played on until it could be asked.
        const most = to + 0.5 + (Date.now() - begun) / SECONDS;
        assert.ok(at > to - 0.5 && at < most, `seek to ${to} landed at ${at}`);
        await playsFrom(page, to, 0.5);
      }
    });
  });

  test(`${what}: every rung plays after a switch`, {timeout: 300 * SECONDS}, async () => {
    await withPlayer(player, url(asset), async (page) => {
      await playsFrom(page, 0, 0.5);
      const levels = await page.evaluate(() => window.control.count());
      for (let i = 0; i < levels; i++) {
        await page.evaluate((n) => window.control.setLevel(n), i);
        const from = await page.evaluate(() => document.getElementById('video').currentTime);
        await playsFrom(page, from, 1);
      }
    }, {adapts: false});
  });
}

// DASH-16: the tiles that the storyboard has for the same times.
for (const player of ['dash', 'shaka']) {
  test(`${player} finds thumbnails in the MPD`, {timeout: 300 * SECONDS}, async () => {
    const board = await (await fetch(asset.playback.storyboard)).text();
    const cues = [...board.matchAll(/^(\d+):(\d+):([\d.]+) --> \S+\n(\S+)#xywh=(\d+),(\d+),(\d+),(\d+)$/gm)]
      .map(([, h, m, s, sheet, ...place]) => ({from: h * 3600 + m * 60 + Number(s), sheet, place: place.map(Number)}));
    assert.ok(cues.length > 10);
    await withPlayer(player, asset.playback.dash, async (page) => {
      await playsFrom(page, 0, 1);
      for (const cue of cues) {
        const tile = await page.evaluate((t) => window.control.thumbnail(t), cue.from + 0.5);
        assert.equal(new URL(tile.url).pathname.split('/').pop(), cue.sheet);
        assert.deepEqual([tile.x, tile.y, tile.width, tile.height], cue.place, `at ${cue.from}`);
        assert.equal((await fetch(tile.url)).status, 200);
      }
    });
  });
}

// Both encoders' parameter sets stand in one init.
for (const [player, url] of [cases[0], cases[1], cases[2], cases[3]]) {
  test(`${player} ${url({playback: {hls: 'index.m3u8', dash: 'manifest.mpd'}})}: plays the source between encoded edges`, {timeout: 300 * SECONDS}, async () => {
    const own = await startDaemon(['--rungs', '360p:750k:30']);
    try {
      const {playback} = await own.upload(film('tagged.mp4'));
      const cut = (of) => `${of}${of.includes('?') ? '&' : '?'}t=2.6,9.4`;
      await withPlayer(player, cut(url({playback})), async (page) => {
        await page.evaluate(() => document.getElementById('video').play());
        await page.waitForFunction(() => document.getElementById('video').ended, null, {timeout: 240 * SECONDS});
        const [at, height] = await page.evaluate(() => {
          const video = document.getElementById('video');
          return [video.currentTime, video.videoHeight];
        });
        assert.ok(Math.abs(at - 6.8) < 0.1, `${at} of 6.8 s`);
        assert.equal(height, 360);
      });
    } finally {
      await own.stop();
    }
  });
}

test('hls.js plays a short file to its very end', {timeout: 300 * SECONDS}, async () => {
  const short = await daemon.upload(media('formats/h264-aac.flv'));
  await withPlayer('hls', short.playback.hls, async (page) => {
    await page.evaluate(() => document.getElementById('video').play());
    await page.waitForFunction(() => document.getElementById('video').ended, null, {timeout: 300 * SECONDS});
    const report = await page.evaluate(() => window.report);
    assert.equal(report.stalls, 0);
  });
});

// Fetches all that a playlist leads to: no player then waits for an encoder.
async function makeAll(url) {
  const answer = await fetch(url);
  assert.equal(answer.status, 200, url);
  const body = await answer.text();
  if (!body.startsWith('#EXTM3U'))
    return;
  for (const [, uri, line] of body.matchAll(/URI="([^"]+)"|^([^#\n].*)$/gm))
    await makeAll(new URL(uri ?? line, url).href);
}

for (const [player, url] of [cases[0], cases[1], cases[2]]) {
  test(`${player} ${url({playback: {hls: 'index.m3u8', dash: 'manifest.mpd'}})}: plays over gaps to the very end`, {timeout: 300 * SECONDS}, async () => {
    const clip = (start) => ({asset: asset.id, start, end: start + 1.5});
    const answer = await daemon.call('POST', '/v1/streams',
      {json: {clips: [{gap: 0.77}, clip(10), {gap: 1.234567}, clip(20), {gap: 2.5}]}});
    assert.equal(answer.status, 201);
    const stream = await answer.json();
    await makeAll(`${stream.playback.hls}${/container=ts/.test(url(stream)) ? '?container=ts' : ''}`);
    await withPlayer(player, url(stream), async (page) => {
      await page.evaluate(() => document.getElementById('video').play());
      await page.waitForFunction(() => document.getElementById('video').ended, null, {timeout: 240 * SECONDS});
      const at = await page.evaluate(() => document.getElementById('video').currentTime);
      // hls.js begins each stretch of TS with the decode time of its first picture.
      const slack = /container=ts/.test(url(stream)) ? 0.5 : 0.1;
      assert.ok(Math.abs(at - stream.duration) < slack, `${at} of ${stream.duration} s`);
    });
  });
}
