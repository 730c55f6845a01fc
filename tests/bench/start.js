// start.js - from the last uploaded byte to the 201, and to the first picture
// that hls.js shows, for one minute and for two hours of compatible video.
import {request} from 'node:http';
import {createReadStream, statSync} from 'node:fs';
import {startDaemon} from '../http/daemon.js';
import {openBrowser} from '../player/browser.js';
import {looped, median, now, table} from './tools.js';

const ROUNDS = 5;

// Uploads and says when the last byte was handed over and the answer was there.
function timedUpload(daemon, file) {
  return new Promise((resolve, reject) => {
    const size = statSync(file).size;
    const ask = request(`${daemon.base}/v1/assets?name=bench`, {
      method: 'POST',
      headers: {'Authorization': `Bearer ${daemon.key}`, 'Content-Length': size},
    });
    let sent = 0;
    ask.on('response', (answer) => {
      let text = '';
      answer.on('data', (d) => { text += d; });
      answer.on('end', () => (answer.statusCode === 201
        ? resolve({ms: now() - sent, asset: JSON.parse(text)})
        : reject(new Error(`HTTP ${answer.statusCode}: ${text}`))));
    });
    ask.on('error', reject);
    const body = createReadStream(file, {highWaterMark: 1 << 20});
    body.on('data', (chunk) => {
      if (!ask.write(chunk)) {
        body.pause();
        ask.once('drain', () => body.resume());
      }
    });
    // 'finish' comes when the kernel has taken the last byte.
    body.on('end', () => ask.end(() => { sent = now(); }));
  });
}

async function firstFrame(browser, asset) {
  const page = await browser.player('hls', asset.playback.hls);
  await page.evaluate(() => document.getElementById('video').play());
  await page.waitForFunction(() => window.report.firstFrameMs > 0, null, {polling: 20});
  const ms = await page.evaluate(() => window.report.firstFrameMs);
  await page.close();
  return ms;
}

export default async function start() {
  const rows = [['length', 'MiB', '201 after last byte, ms', 'first frame in hls.js, ms']];
  const browser = await openBrowser();
  for (const seconds of [60, 7200]) {
    const file = looped(seconds);
    const answers = [];
    const frames = [];
    for (let i = 0; i < ROUNDS; i++) {
      // A daemon of its own each time: nothing is warm, nothing is made.
      const daemon = await startDaemon(['--ladder', 'on_demand']);
      const {ms, asset} = await timedUpload(daemon, file);
      answers.push(ms);
      frames.push(await firstFrame(browser, asset));
      await daemon.stop();
    }
    rows.push([`${seconds / 60} min`, (statSync(file).size / 1048576).toFixed(0),
      median(answers).toFixed(0), median(frames).toFixed(0)]);
  }
  await browser.close();
  table(rows);
}
