// SPDX-License-Identifier: MIT
// videodb.test.js - what VideoDB's SDK hands out, embedded from another origin:
// stream_url in hls.js, player_url as a page and in an iframe.
import assert from 'node:assert/strict';
import {createServer} from 'node:http';
import {after, before, test} from 'node:test';
import {startDaemon} from '../http/daemon.js';
import {film} from '../http/films.js';
import {connection, sdk} from '../http/videodb.js';
import {openBrowser} from './browser.js';

const SECONDS = 1000;
let daemon, browser, plain, merged, player;

before(async () => {
  daemon = await startDaemon(['--ladder', 'on_demand']);
  browser = await openBrowser();
  const conn = connection(daemon);
  const coll = await conn.getCollection();
  plain = await coll.uploadFile({filePath: film('plain.mp4')});
  const tall = await coll.uploadFile({filePath: film('tall.mkv')});
  const timeline = new sdk.Timeline(conn);
  timeline.addInline(new sdk.VideoAsset(plain.id, {start: 1, end: 3}));
  timeline.addInline(new sdk.VideoAsset(tall.id, {start: 1, end: 2.5}));
  merged = await timeline.generateStream();
  player = timeline.playerUrl;
}, {timeout: 240 * SECONDS});

after(async () => {
  await browser?.close();
  await daemon?.stop();
});

// Plays to the end, and lasts as long as it should.
async function playsThrough(frame, seconds) {
  await frame.waitForFunction(() => document.querySelector('video')?.readyState >= 2, null, {timeout: 150 * SECONDS});
  await frame.evaluate(() => { document.querySelector('video').muted = true; return document.querySelector('video').play(); });
  await frame.waitForFunction(() => document.querySelector('video').ended, null, {timeout: 150 * SECONDS, polling: 100});
  const at = await frame.evaluate(() => document.querySelector('video').currentTime);
  assert.ok(Math.abs(at - seconds) < 0.25, `${at} s, not ${seconds}`);
}

test('hls.js plays stream_url: a video, and clips of two', {timeout: 300 * SECONDS}, async () => {
  for (const [url, seconds] of [[plain.streamUrl, 6], [merged, 3.5]]) {
    const page = await browser.player('hls', url);
    await playsThrough(page, seconds);
    const {errors} = await page.evaluate(() => window.report);
    assert.deepEqual(errors.filter((e) => e !== 'bufferSeekOverHole'), []);
    await page.close();
  }
});

test('player_url is a page that plays, without a key', {timeout: 300 * SECONDS}, async () => {
  const page = await browser.page(player);
  await playsThrough(page, 3.5);
  await page.close();
});

test('the embed code plays inside a page of another origin', {timeout: 300 * SECONDS}, async () => {
  // What Python's get_embed_code() makes of it.
  const source = plain.playerUrl.replace('/watch?', '/embed?');
  const server = createServer((request, response) => {
    response.writeHead(200, {'content-type': 'text/html'});
    response.end(`<!doctype html><iframe src="${source}" width="640" height="360" allowfullscreen></iframe>`);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const page = await browser.page(`http://127.0.0.1:${server.address().port}/`);
  try {
    const frame = await (await page.waitForSelector('iframe')).contentFrame();
    await playsThrough(frame, 6);
  } finally {
    await page.close();
    server.close();
  }
});

test('a player page says when the right to play is over', {timeout: 240 * SECONDS}, async () => {
  const page = await browser.page(player.replace(/\.\d{10}\./, '.1000000000.'));
  await page.waitForSelector('#error:not([hidden])', {timeout: 150 * SECONDS});
  assert.match(await page.textContent('#error'), /403/);
  await page.close();
});
