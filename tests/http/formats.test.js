// formats.test.js - every file of the media manifest reaches the state that it
// should, and what is ready plays: first and last segment of the smallest rung.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {startDaemon} from './daemon.js';
import {badFiles, goodFiles, hasMedia, media} from './media.js';

const SECONDS = 1000;
// Files of the good set that reeld refuses, and what the refusal must name.
const REFUSED = {
  'formats/vvc-unsupported.mp4': /vvc|h266|decode/i,
};
// Lengths that the container's own claim gets wrong: what is really shown.
const LENGTH_IS_NOT_CLAIMED = /adts\.aac|timing\/|truncated|fragment|ts$|phone\/|speech\/nasa|formats\/(subs|chapters|empty|editlist|multi|two|vp8|mv-hevc|scte|captions)|h263|alpha|anamorphic|people-walking/;

let daemon;
before(async () => { daemon = await startDaemon(['--ladder', 'on_demand']); });
after(async () => daemon?.stop());

async function getOk(url) {
  const answer = await fetch(url);
  const body = Buffer.from(await answer.arrayBuffer());
  assert.equal(answer.status, 200, `${url}: ${body.subarray(0, 300)}`);
  assert.ok(body.length > 0, `${url} is empty`);
  return body;
}

async function playsAtBothEnds(asset) {
  const root = asset.playback.hls.replace('/index.m3u8', '');
  await getOk(asset.playback.hls);
  await getOk(asset.playback.dash);
  for (const kind of ['video', 'audio']) {
    const of = asset.renditions.filter((r) => r.name.startsWith('audio') === (kind === 'audio'));
    if (!of.length)
      continue;
    const r = of[of.length - 1];
    await getOk(`${root}/${r.name}/index.m3u8`);
    await getOk(`${root}/${r.name}/init.mp4`);
    await getOk(`${root}/${r.name}/0.m4s`);
    await getOk(`${root}/${r.name}/${r.segments - 1}.m4s`);
  }
}

// Whatever is called ready is shown, or plays from its first to its last segment.
const showsOrPlays = (asset) => (asset.kind === 'image' ? getOk(asset.playback.thumbnail) : playsAtBothEnds(asset));

for (const file of goodFiles()) {
  test(`takes ${file.file}`, {timeout: 120 * SECONDS}, async () => {
    const {status, body} = await daemon.tryUpload(media(file.file));
    const why = REFUSED[file.file];
    if (why) {
      assert.equal(status, 422, JSON.stringify(body));
      assert.equal(body.code, 'unsupported_media');
      assert.match(body.detail, why);
      return;
    }
    assert.equal(status, 201, JSON.stringify(body));
    assert.equal(body.state, 'ready');
    if (/^images\/.*(?<!\.gif)$/.test(file.file)) {
      assert.equal(body.kind, 'image');
      await showsOrPlays(body);
      return;
    }
    const isVideo = file.streams.some((s) => s.type === 'video') && !/cover-art/.test(file.file);
    assert.equal(body.kind, isVideo ? 'video' : 'audio');
    if (file.duration_s && !LENGTH_IS_NOT_CLAIMED.test(file.file))
      assert.ok(Math.abs(body.duration - file.duration_s) < 0.15, `${body.duration} for ${file.duration_s}`);
    await showsOrPlays(body);
  });
}

for (const file of badFiles()) {
  test(`survives ${file.file.slice(0, 60)}`, {timeout: 120 * SECONDS}, async () => {
    const {status, body} = await daemon.tryUpload(media(file.file), {name: 'hostile'});
    const must = file.expect || 'survive';
    if (must.startsWith('accept: '))
      assert.equal(status, 201, JSON.stringify(body));
    else if (/^refuse(;| at once|$)/.test(must))
      assert.notEqual(status, 201, `accepted: ${JSON.stringify(body.tracks)}`);
    if (status === 201) {
      await showsOrPlays(body);
    } else {
      assert.ok([400, 413, 422].includes(status), `${status} ${JSON.stringify(body)}`);
      assert.ok(body.code && body.detail && body.title, JSON.stringify(body));
    }
    assert.equal((await fetch(`${daemon.base}/healthz`)).status, 200);
  });
}

test('the media are there', {skip: hasMedia ? false : 'no ../shared/media beside the checkout'}, () => {
  assert.ok(goodFiles().length > 90);
});
