// page.test.js - the page at /, in a real browser: marks, the list of clips,
// what it plays and copies.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {after, before, test} from 'node:test';
import {startDaemon} from '../http/daemon.js';
import {film} from '../http/films.js';
import {openBrowser} from './browser.js';

const SECONDS = 1000;
const FRAME = 1 / 25;
let daemon;
let browser;
let page;
let one;
let two;

before(async () => {
  daemon = await startDaemon();
  browser = await openBrowser();
  one = await daemon.upload(film('plain.mp4'));
  two = await daemon.upload(film('tall.mkv'));
  await browser.context.grantPermissions(['clipboard-read', 'clipboard-write']);
  page = await browser.page(`${daemon.base}/#key=${daemon.key}`);
  await page.waitForSelector('#assets li');
}, {timeout: 240 * SECONDS});

after(async () => {
  await browser?.close();
  await daemon?.stop();
});

// The page's own policy forbids eval(), which page.waitForFunction() needs.
async function settled(what, condition, argument) {
  for (const until = Date.now() + 30 * SECONDS; Date.now() < until; await page.waitForTimeout(50))
    if (await page.evaluate(condition, argument))
      return;
  assert.fail(`never so: ${what}`);
}

const isPlayable = (title) => settled(`${title} plays`, (text) =>
  document.getElementById('video').readyState >= 3 && document.getElementById('stage-title').textContent.startsWith(text), title);

async function openAsset(asset) {
  await page.click(`#assets li[data-id="${asset.id}"] .asset-open`);
  await isPlayable(asset.name);
  await page.evaluate(() => document.getElementById('video').pause());
}

// Stands on the frame that is shown at that time, and the page knows it.
async function standAt(seconds) {
  await page.evaluate((t) => new Promise((resolve) => {
    const shown = document.getElementById('video');
    shown.requestVideoFrameCallback(() => resolve());
    shown.currentTime = t;
  }), seconds);
}

const listed = () => page.evaluate(() => JSON.parse(sessionStorage.getItem('reeld-clips')));

test('keys i and o mark the frames that are shown, a puts them into the list', {timeout: 240 * SECONDS}, async () => {
  await openAsset(one);
  await standAt(25 * FRAME + FRAME / 2);
  await page.keyboard.press('i');
  await standAt(49 * FRAME + FRAME / 2);
  await page.keyboard.press('o');
  assert.equal(await page.isVisible('.seek-range'), true);
  await page.keyboard.press('a');
  const [clip] = await listed();
  assert.equal(clip.asset, one.id);
  // Frames 25 to 49 of 25 a second: the second from 1 to 2.
  const stream = await (await daemon.call('POST', '/v1/streams', {json: {clips: [{asset: clip.asset, start: clip.start, end: clip.end}]}})).json();
  assert.ok(Math.abs(stream.clips[0].start - 1) < 1e-4, `begins at ${stream.clips[0].start}`);
  assert.ok(Math.abs(stream.clips[0].end - 2) < 1e-4, `ends at ${stream.clips[0].end}`);
});

test('frames are stepped with , and .', {timeout: 240 * SECONDS}, async () => {
  await standAt(50 * FRAME + FRAME / 2);
  for (const [key, frame] of [['.', 51], ['.', 52], [',', 51]]) {
    await page.keyboard.press(key);
    await settled(`frame ${frame} is shown`, (n) => {
      const shown = document.getElementById('video');
      return !shown.seeking && Math.floor(shown.currentTime * 25) === n;
    }, frame);
  }
});

test('ranges of several assets are collected, moved and edited', {timeout: 240 * SECONDS}, async () => {
  await openAsset(two);
  await standAt(0.5);
  await page.click('#mark-in');
  await standAt(1.5);
  await page.click('#mark-out');
  await page.click('#mark-add');
  assert.deepEqual((await listed()).map((c) => c.asset), [one.id, two.id]);
  await page.click('#clips-list li:nth-child(2) [aria-label="Up"]');
  assert.deepEqual((await listed()).map((c) => c.asset), [two.id, one.id]);
  await page.dragAndDrop('#clips-list li:nth-child(2) .clip-grip', '#clips-list li:nth-child(1)');
  assert.deepEqual((await listed()).map((c) => c.asset), [one.id, two.id]);
  await page.fill('#clips-list li:nth-child(2) .clip-time >> nth=1', '0:01.000');
  await page.press('#clips-list li:nth-child(2) .clip-time >> nth=1', 'Enter');
  assert.equal((await listed())[1].end, 1);
  // What is no time, or makes no range, changes nothing.
  await page.fill('#clips-list li:nth-child(2) .clip-time >> nth=0', 'soon');
  await page.press('#clips-list li:nth-child(2) .clip-time >> nth=0', 'Enter');
  assert.ok((await listed())[1].start < 1);
});

test('the bar shows a picture of the place under the pointer', {timeout: 240 * SECONDS}, async () => {
  await openAsset(one);
  const {width} = await page.locator('#seek').boundingBox();
  await settled('there are pictures', async () => {
    document.querySelector('#seek').dispatchEvent(new PointerEvent('pointermove', {clientX: 300}));
    return !document.querySelector('.seek-picture').hidden;
  });
  await page.hover('#seek', {position: {x: width / 2, y: 8}});
  const label = await page.textContent('.seek-label');
  assert.match(label, /^0:0[23]\.\d{3}$/, 'half of six seconds');
  const [, sheet] = (await page.evaluate(() => document.querySelector('.seek-picture').style.backgroundImage)).match(/"(.*)"/);
  const answer = await fetch(sheet);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('content-type'), 'image/jpeg');
});

test('a click on the bar goes there', {timeout: 240 * SECONDS}, async () => {
  const {width} = await page.locator('#seek').boundingBox();
  await page.click('#seek', {position: {x: width / 2, y: 8}});
  await settled('it stands in the middle', () => Math.abs(document.getElementById('video').currentTime - 3) < 0.1);
});

test('what plays is downloaded as a file', {timeout: 240 * SECONDS}, async () => {
  const [download] = await Promise.all([page.waitForEvent('download', {timeout: 150 * SECONDS}),
    page.click('#downloads [aria-label="Download MP4"]')]);
  assert.equal(download.suggestedFilename(), 'plain.mp4');
  const length = execFileSync('ffprobe', ['-v', 'error', '-show_entries', 'format=duration', '-of', 'csv=p=0', await download.path()], {encoding: 'utf8'});
  assert.ok(Math.abs(Number(length) - one.duration) < 0.05, `${length} against ${one.duration}`);
});

test('a frame that is shown becomes an image, which is shown', {timeout: 240 * SECONDS}, async () => {
  await standAt(75 * FRAME + FRAME / 2);
  await page.click('#keep-frame');
  await page.waitForSelector('#assets li[data-id^="img-"]');
  await page.click('#assets li[data-id^="img-"] .asset-open');
  await settled('it is shown', () => document.getElementById('still').naturalWidth === 320);
  for (const part of ['#video', '#seek', '#marks', '#downloads'])
    assert.equal(await page.isVisible(part), false, part);
  await openAsset(one);
  assert.equal(await page.isVisible('#still'), false);
});

test('the list plays at once, and ends where its clips end', {timeout: 240 * SECONDS}, async () => {
  await page.click('#clips-play');
  await isPlayable('s-');
  const {items: [stream]} = await (await daemon.call('GET', '/v1/streams?limit=1')).json();
  assert.equal(stream.clip_count, 2);
  const length = await page.evaluate(() => document.getElementById('video').duration);
  assert.ok(Math.abs(length - stream.duration) < 0.1, `${length} against ${stream.duration}`);
  await settled('it ends', () => document.getElementById('video').ended);
  assert.equal(await page.isVisible('#stage-error'), false);
  assert.equal(await page.textContent('#streams li .asset-name'), stream.id);
});

test('its links and the curl line are copied, and the curl line makes it', {timeout: 240 * SECONDS}, async () => {
  await page.click('#clips-links');
  await page.waitForSelector('#clips-made li:nth-child(3)');
  const copied = async (name) => {
    await page.click(`#clips-made [aria-label="Copy ${name}"]`);
    return page.evaluate(() => navigator.clipboard.readText());
  };
  for (const [name, start] of [['HLS', '#EXTM3U'], ['DASH', '<?xml']]) {
    const answer = await fetch(await copied(name));
    assert.equal(answer.status, 200);
    assert.ok((await answer.text()).startsWith(start));
  }
  const line = await copied('curl');
  const answer = execFileSync('bash', ['-c', line], {encoding: 'utf8', env: {...process.env, KEY: daemon.key}});
  const {items: [stream]} = await (await daemon.call('GET', '/v1/streams?limit=1')).json();
  assert.equal(JSON.parse(answer).id, stream.id);
});

test('the list outlives a reload, and is cleared', {timeout: 240 * SECONDS}, async () => {
  await page.reload();
  await page.waitForSelector('#clips-list li:nth-child(2)');
  await page.click('#clips-clear');
  assert.equal(await page.isVisible('#clips'), false);
  assert.deepEqual(await listed(), []);
});

// What the next question is; the answer to it.
const answered = (isYes) => new Promise((resolve) => page.once('dialog', async (dialog) => {
  await (isYes ? dialog.accept() : dialog.dismiss());
  resolve(dialog.message());
}));

test('a stored source is dropped, after a word on what that means', {timeout: 240 * SECONDS}, async () => {
  const own = await daemon.upload(film('blips.mp4'));
  await page.reload();
  await page.waitForSelector(`#assets li[data-id="${own.id}"]`);
  await openAsset(own);
  const asked = answered(false);
  await page.click('#drop-source');
  const question = await asked;
  for (const part of [/blips\.mp4/, /for good/, /stays: it plays on/, /Uploading the same file again/])
    assert.match(question, part);
  assert.equal((await daemon.json(`/v1/assets/${own.id}`)).source_dropped_at, null);
  answered(true);
  await page.click('#drop-source');
  await page.waitForSelector('#drop-source', {state: 'hidden', timeout: 180 * SECONDS});
  assert.ok((await daemon.json(`/v1/assets/${own.id}`)).source_dropped_at);
  assert.match(await page.textContent('#facts'), /Source\s*dropped/);
  assert.equal(await page.isVisible('#stage-error'), false);
  await isPlayable(own.name);
});

test('a source that another asset has stays, and says so', {timeout: 240 * SECONDS}, async () => {
  await daemon.call('POST', `/v1/assets/${two.id}/reframe`, {json: {target: 'square'}});
  await openAsset(two);
  answered(true);
  await page.click('#drop-source');
  await page.waitForSelector('#stage-error', {state: 'visible'});
  assert.match(await page.textContent('#stage-error'), /The source stays/);
  assert.equal(await page.isEnabled('#drop-source'), true);
});

test('names are text, whatever they say', {timeout: 240 * SECONDS}, async () => {
  const name = '<img src=x onerror="window.hacked=1">';
  await daemon.call('PATCH', `/v1/assets/${one.id}`, {json: {name}, headers: {'content-type': 'application/merge-patch+json'}});
  await page.reload();
  await page.waitForSelector(`#assets li[data-id="${one.id}"]`);
  await openAsset({...one, name});
  await page.keyboard.press('i');
  await page.keyboard.press('a');
  assert.equal(await page.textContent('.clip-name'), name);
  assert.equal(await page.evaluate(() => window.hacked), undefined);
});
