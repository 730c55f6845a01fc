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
const SHORTEST_S = 0.6; // of the clips
const RATE = 3; // times as fast as they are
const SLOWLY = 0.1;
// Wide with stereo, 4:3 without sound, sound alone, tall with mono, 60 a second.
const FILES = () => [media('film/sintel-trailer-720p24.mp4'), media('people/signers-six-shots-480p30.mkv'),
  media('speech/jfk-ask-not-11s.mp3'), film('tall.mkv'), media('people/highway-540p5994-8s.mp4')];
// hls.js's word for waiting until a clip is made, too.
const HARMLESS = ['aborted', 'bufferSeekOverHole', 'bufferStalledError'];
const NEAR_S = 0.2; // of a join
const JOIN_STEP = 9; // each ninth join is sought over, in both directions

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
}, {timeout: 240 * SECONDS});
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
    return {asset: asset.id, start, end: start + SHORTEST_S + ((i + 2) % 4) * 0.2};
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
  TS: (s) => `${s.playback.hls}?container=ts`,
  DASH: (s) => s.playback.dash,
};

// ---- browsers --------------------------------------------------------------

const inPage = {
  duration: (page) => page.evaluate(() => document.getElementById('video').duration),
};

// Sound begins up to a packet of AAC before the pictures, and the last packet may
// reach over their end; MPEG-TS has both in one, and hls.js counts from the first
// to the last of either: up to a packet more a clip.
const PACKET_S = 1024 / 44100;
const slackOf = (view) => (view === 'TS' ? CLIPS * PACKET_S : PACKET_S);

const SHOWN_S = 0.1; // how well where a clip begins in a player is known

// From here on each picture that is shown is noted.
const play = (page, rate) => page.evaluate((r) => {
  const video = document.getElementById('video');
  const shown = window.shown = [];
  const note = (_, frame) => {
    if (window.shown !== shown)
      return;
    shown.push([frame.mediaTime, frame.width / frame.height]);
    video.requestVideoFrameCallback(note);
  };
  video.requestVideoFrameCallback(note);
  video.playbackRate = r;
  return video.play();
}, rate);

async function playThrough(page) {
  await play(page, RATE);
  await page.waitForFunction(() => document.getElementById('video').ended, null, {timeout: 400 * SECONDS, polling: 200});
  return page.evaluate(() => {
    const video = document.getElementById('video');
    video.pause(); // seeks from here on are those of a paused player
    const {played} = video;
    const lengths = Array.from({length: played.length}, (_, i) => played.end(i) - played.start(i));
    return {at: video.currentTime, shown: window.shown, played: lengths.reduce((a, b) => a + b, 0)};
  });
}

const clipAt = (seconds) => joins.findLastIndex((j) => j.at <= seconds);

// Each clip that was on screen had its own shape, in its own time; gives those
// that were not, as a busy machine draws few pictures of a second so fast.
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
  return joins.filter((_, i) => !seen.has(i));
}

// Playing on slowly, as Chromium may show a paused player the picture of a moment
// later when dash.js seeks twice to one place: once of the clip behind the join.
async function assertSeek(page, to, slack) {
  const clip = joins[clipAt(to)];
  const inside = [clip.at + SHOWN_S, clip.at + clip.length - SHOWN_S];
  const isThere = (want) => {
    const v = document.getElementById('video');
    return !v.seeking && v.readyState >= 2 && Math.abs(v.currentTime - want.to) < want.slack;
  };
  const isShown = ([from, until]) => window.shown.some(([t]) => t > from && t < until) ||
    document.getElementById('video').currentTime > until;
  for (let unseen = 1, tries = 0; unseen; tries++) {
    assert.ok(tries < 5, `clip at ${clip.at}: no picture of it after a seek to ${to}`);
    await page.evaluate((t) => window.seekTo(t), to);
    await page.waitForFunction(isThere, {to, slack}, {timeout: 60 * SECONDS, polling: 50})
      .catch((error) => { throw new Error(`a seek to ${to} did not get there: ${error.message}`); });
    if (!clip.shape)
      return;
    await play(page, SLOWLY);
    await page.waitForFunction(isShown, inside, {timeout: 60 * SECONDS, polling: 50});
    unseen = assertShown(await page.evaluate(() => {
      document.getElementById('video').pause();
      return window.shown;
    }), SHOWN_S).includes(clip);
  }
}

const cases = [['hls', 'HLS'], ['hls', 'TS'], ['dash', 'DASH'], ['shaka', 'DASH'], ['shaka', 'HLS']];

for (const [player, view] of cases) {
  test(`${player} plays ${view} of a stream from start to end and over its joins`,
    {timeout: 900 * SECONDS, skip: !hasMedia}, async () => {
      const page = await browser.player(player, views[view](stream));
      const named = joins;
      try {
        const slack = slackOf(view);
        const {at, shown, played} = await playThrough(page);
        const duration = await inPage.duration(page);
        assert.ok(Math.abs(duration - stream.duration) < slack, `${duration} s, not ${stream.duration}`);
        assert.ok(Math.abs(at - stream.duration) < slack, `ended at ${at} of ${stream.duration}`);
        const errors = await page.evaluate(() => window.report.errors);
        assert.deepEqual(errors.filter((e) => !HARMLESS.includes(e)), []);
        // Where this player has them: what it counts too much is spread evenly.
        joins = named.map((join, i) => ({...join, at: join.at + (duration - stream.duration) * i / CLIPS}));
        const unseen = assertShown(shown, SHOWN_S);
        // A clip jumped over is one not played.
        assert.ok(played > stream.duration - SHORTEST_S, `${played} s of ${stream.duration} were played`);
        for (const {at: start, length} of unseen)
          await assertSeek(page, start + length / 2, NEAR_S);
        for (let i = 1; i < CLIPS; i += JOIN_STEP) {
          await assertSeek(page, joins[i].at + SHOWN_S + NEAR_S, NEAR_S);
          // In the middle of the one before.
          await assertSeek(page, joins[i].at - joins[i - 1].length / 2, NEAR_S);
        }
      } finally {
        joins = named;
        await page.close();
      }
    });
}
