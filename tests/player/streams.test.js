// SPDX-License-Identifier: MIT
// streams.test.js - thirty clips of five unlike assets, in order and jumping
// back, played from start to end by the players of browsers: over every join, to
// the exact end, with the right asset's picture on screen.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {startDaemon} from '../http/daemon.js';
import {film} from '../http/films.js';
import {hasMedia, media} from '../http/media.js';
import {openBrowser} from './browser.js';

const SECONDS = 1000;
const CLIPS = 30;
// Small rungs: what is tried is how players join, not how fast they decode.
const RUNGS = '360p:750k:30 240p:400k:30';
const RATE = 3; // times as fast as they are
// Wide with stereo, 4:3 without sound, sound alone, tall with mono, 60 a second.
const FILES = () => [media('film/sintel-trailer-720p24.mp4'), media('people/signers-six-shots-480p30.mkv'),
  media('speech/jfk-ask-not-11s.mp3'), film('tall.mkv'), media('people/highway-540p5994-8s.mp4')];
// hls.js's word for waiting until a clip is made, too.
const HARMLESS = ['aborted', 'bufferSeekOverHole', 'bufferStalledError'];
const NEAR_S = 0.1; // of a join: behind it is surely the next clip

let daemon;
let browser;
let stream;
let joins; // [{at, shape}]: where each clip begins, and its width over its height
before(async () => {
  if (!hasMedia)
    return;
  daemon = await startDaemon(['--rungs', RUNGS]);
  browser = await openBrowser();
  const assets = [];
  for (const file of FILES())
    assets.push(await daemon.upload(file));
  stream = await make(assets);
}, {timeout: 120 * SECONDS});
after(async () => {
  await browser?.close();
  await daemon?.stop();
});

const shapeOf = (asset) => {
  const rung = asset.renditions.find((r) => r.width && r.mode === 'encode');
  return rung ? rung.width / rung.height : null;
};

// Clip i is of asset i mod 5, of 0.6 to 1.2 s, now before and now behind the
// one of that asset before it. The last one is longer than a second: dash.js
// takes any Period that ends within a second of the end for the last.
async function make(assets) {
  const clips = Array.from({length: CLIPS}, (_, i) => {
    const asset = assets[i % assets.length];
    const start = Math.round((i * 1.37 % (asset.duration - 1.3)) * 100) / 100;
    return {asset: asset.id, start, end: start + 0.6 + ((i + 2) % 4) * 0.2};
  });
  const answer = await daemon.call('POST', '/v1/streams', {json: {clips}});
  assert.equal(answer.status, 201, await answer.clone().text());
  const made = await answer.json();
  let at = 0;
  joins = made.clips.map((clip, i) => {
    const join = {at, shape: shapeOf(assets[i % assets.length]), length: clip.end - clip.start};
    at += join.length;
    return join;
  });
  assert.ok(Math.abs(at - made.duration) < 0.001);
  return made;
}

const views = {
  HLS: (s) => s.playback.hls,
  DASH: (s) => s.playback.dash,
};

// ---- browsers --------------------------------------------------------------

const inPage = {
  duration: (page) => page.evaluate(() => document.getElementById('video').duration),
  shape: (page) => page.evaluate(() => {
    const v = document.getElementById('video');
    return v.videoWidth / v.videoHeight;
  }),
};

async function playThrough(page) {
  await page.evaluate((rate) => {
    const video = document.getElementById('video');
    window.shown = [];
    const note = (_, frame) => {
      window.shown.push([frame.mediaTime, frame.width / frame.height]);
      video.requestVideoFrameCallback(note);
    };
    video.requestVideoFrameCallback(note);
    video.playbackRate = rate;
    return video.play();
  }, RATE);
  await page.waitForFunction(() => document.getElementById('video').ended, null, {timeout: 120 * SECONDS, polling: 200});
  return page.evaluate(() => ({at: document.getElementById('video').currentTime, shown: window.shown}));
}

const clipAt = (seconds) => joins.findLastIndex((j) => j.at <= seconds);

// Every clip was on screen, with its own shape, in its own time.
function assertShown(shown, slack) {
  const seen = new Set();
  for (const [seconds, shape] of shown) {
    const i = clipAt(seconds);
    const isInside = seconds - joins[i].at > slack && joins[i].at + joins[i].length - seconds > slack;
    if (!isInside)
      continue;
    seen.add(i);
    if (joins[i].shape)
      assert.ok(Math.abs(shape - joins[i].shape) < 0.05, `clip ${i} at ${seconds} has the shape ${shape}`);
  }
  assert.ok(seen.size >= CLIPS * 0.7, `${seen.size} of ${CLIPS} clips were seen`);
}

const cases = [['hls', 'HLS'], ['dash', 'DASH'], ['shaka', 'DASH'], ['shaka', 'HLS']];

for (const [player, view] of cases) {
  test(`${player} plays ${view} of a stream from start to end and over its joins`,
    {timeout: 240 * SECONDS, skip: !hasMedia}, async () => {
      const page = await browser.player(player, views[view](stream));
      try {
        // Parts of an AAC frame lie over at each join, to one side or the other.
        const slack = 0.08;
        const {at, shown} = await playThrough(page);
        const duration = await inPage.duration(page);
        assert.ok(Math.abs(duration - stream.duration) < slack, `${duration} s, not ${stream.duration}`);
        assert.ok(Math.abs(at - stream.duration) < slack, `ended at ${at} of ${stream.duration}`);
        assertShown(shown, 0.15);
        for (let i = 1; i < CLIPS; i += 3) {
          for (const to of [joins[i].at + NEAR_S * 2, joins[i].at - NEAR_S * 2]) {
            const there = await page.evaluate((t) => window.seekTo(t), to);
            assert.ok(Math.abs(there - to) < 0.3, `a seek to ${to} landed at ${there}`);
            const {shape} = joins[clipAt(to)];
            const is = await inPage.shape(page);
            assert.ok(!shape || Math.abs(is - shape) < 0.05, `at ${to} the shape is ${is}, not ${shape}`);
          }
        }
        const errors = await page.evaluate(() => window.report.errors);
        assert.deepEqual(errors.filter((e) => !HARMLESS.includes(e)), []);
      } finally {
        await page.close();
      }
    });
}
