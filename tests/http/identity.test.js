// identity.test.js - a segment is a pure function of source, recipe and range:
// the same bytes in a row, alone, backwards, after kill -9, by other workers.
import assert from 'node:assert/strict';
import {createHash} from 'node:crypto';
import {test} from 'node:test';
import {startDaemon} from './daemon.js';
import {hasMedia, media} from './media.js';

const SECONDS = 1000;
const SOURCES = ['timing/open-gop-bpyramid.mp4', 'timing/vfr-dropped-frames.mp4',
  'formats/interlaced-480i2997-mbaff.ts', 'formats/vp9-opus-720p.webm', 'formats/h264-aac.flv'];

async function hashOf(url) {
  const answer = await fetch(url);
  const body = Buffer.from(await answer.arrayBuffer());
  assert.equal(answer.status, 200, `${url}: ${body.subarray(0, 200)}`);
  return createHash('sha256').update(body).digest('hex');
}

function urlsOf(asset) {
  const root = asset.playback.hls.replace('/index.m3u8', '');
  const urls = [];
  for (const r of asset.renditions) {
    urls.push([`${r.name}/init.mp4`, `${root}/${r.name}/init.mp4`]);
    for (let i = 0; i < r.segments; i++) {
      urls.push([`${r.name}/${i}.m4s`, `${root}/${r.name}/${i}.m4s`]);
      if (r.width)
        urls.push([`${r.name}/${i}.ts`, `${root}/${r.name}/${i}.ts`]);
    }
  }
  return urls;
}

async function hashes(asset, order = (urls) => urls) {
  const all = {};
  for (const [name, url] of order(urlsOf(asset)))
    all[name] = await hashOf(url);
  return all;
}

const ladderIsDone = async (daemon, asset) => {
  for (;;)
    if ((await daemon.json(`/v1/assets/${asset.id}?wait=10`)).progress >= 1)
      return;
};

for (const file of SOURCES) {
  test(`${file} gives the same bytes however it is made`,
    {timeout: 300 * SECONDS, skip: !hasMedia}, async () => {
      const inRow = await startDaemon(['--ladder', 'background']);
      const first = await inRow.upload(media(file));
      await ladderIsDone(inRow, first);
      const expected = await hashes(first);
      await inRow.stop();

      const alone = await startDaemon(['--ladder', 'on_demand', '--read-ahead', '0',
        '--worker-threads', '1', '--workers', '1']);
      const second = await alone.upload(media(file));
      assert.deepEqual(await hashes(second, (urls) => urls.reverse()), expected);
      await alone.stop();

      const killed = await startDaemon(['--ladder', 'background', '--workers', '3']);
      const third = await killed.upload(media(file));
      await killed.kill();
      const again = await killed.restart();
      const same = await again.json(`/v1/assets/${third.id}`);
      assert.equal(same.state, 'ready');
      assert.deepEqual(await hashes(same), expected);
      await again.stop();
    });
}
