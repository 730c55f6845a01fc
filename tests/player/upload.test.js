// SPDX-License-Identifier: MIT
// upload.test.js - the page's uploads, in a real browser.
import assert from 'node:assert/strict';
import {createHash} from 'node:crypto';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, test} from 'node:test';

import {startDaemon} from '../http/daemon.js';
import {film} from '../http/films.js';
import {startLine, writeLongFilm} from '../http/line.js';
import {openBrowser} from './browser.js';

const SECONDS = 1000;
const BYTES = 60e6;
let place, path, daemon, line, browser;

before(async () => {
  place = mkdtempSync(join(tmpdir(), 'reeld-upload-'));
  path = join(place, 'long film.mp4');
  writeLongFilm(film('plain.mp4'), path, BYTES);
  daemon = await startDaemon(['--ladder', 'on_demand', '--keep-free', '0']);
  line = await startLine(() => daemon.port);
  browser = await openBrowser();
}, {timeout: 240 * SECONDS});

after(async () => {
  await browser?.close();
  await line?.stop();
  await daemon?.stop();
  rmSync(place, {recursive: true, force: true});
});

const isVideoOn = (page) => page.locator('#stage-title', {hasText: 'long film.mp4'}).waitFor({timeout: 150 * SECONDS});

test('an upload goes on after a reload and over a daemon that dies', {timeout: 300 * SECONDS}, async () => {
  let page = await browser.page(`${line.base}/#key=${daemon.key}`);
  // The line stalls after a third, and the page is left.
  const stalled = new Promise((resolve) => { line.onMost = resolve; });
  line.most = line.sent + BYTES / 3;
  await page.setInputFiles('#file', path);
  await stalled;
  await page.close();
  line.cut();
  await daemon.kill();
  daemon = await daemon.restart();
  // Another page, the same file: it goes on, over a cut more.
  line.most = line.sent + BYTES / 3;
  line.onMost = () => {
    line.most = Infinity;
    line.cut();
  };
  const before = line.sent;
  page = await browser.page(`${line.base}/#key=${daemon.key}`);
  await page.setInputFiles('#file', path);
  await isVideoOn(page);
  const {items} = await daemon.json('/v1/assets');
  assert.equal(items.length, 1);
  assert.equal(items[0].sha256, createHash('sha256').update(readFileSync(path)).digest('hex'));
  assert.equal(items[0].filename, 'long film.mp4');
  assert.ok(line.sent - before < 0.9 * BYTES, `${line.sent - before} bytes were sent again`);
  assert.equal(await page.locator('#uploads li').count(), 0);
  await page.close();
});

test('what is no media is told in its row', {timeout: 240 * SECONDS}, async () => {
  const page = await browser.page(`${line.base}/#key=${daemon.key}`);
  await page.setInputFiles('#file', {name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('hello, world\n')});
  await page.locator('#uploads .error').waitFor();
  assert.match(await page.locator('#uploads .error').textContent(), /video or audio|media/);
  await page.close();
});
