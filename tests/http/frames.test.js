// frames.test.js - the pictures of each rung, joined from separately made
// segments, are the source's: as many, in order, at the same times; those of
// the copied rung to the bit (SEG-03, SEG-06, HLS-54, CLIP-02).
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {startDaemon} from './daemon.js';
import {assertTimes, fromZero} from './exact.js';
import {hasMedia, media} from './media.js';
import {decodeErrors, frameHashes, frameTimes, sound} from './run.js';

const SECONDS = 1000;
const SOURCES = [
  'film/tos-1080p2997-qr-cmaf-8s.mp4', 'film/sintel-trailer-720p24.mp4', 'formats/small-2s.mp4',
  'formats/hevc-main-hvc1-720p.mp4', 'formats/vp9-opus-720p.webm', 'formats/av1-opus-360p.webm',
  'formats/mpeg4-asp-xvid-mp3.avi', 'formats/prores-422-pcm.mov', 'formats/theora-vorbis.ogv',
  'formats/h264-aac.flv', 'formats/h264-high10.mkv', 'formats/mjpeg-pcm8-webcam.avi',
  'timing/open-gop-bpyramid.mp4', 'timing/hevc-open-gop-cra.mp4', 'timing/vfr-dropped-frames.mp4',
  'timing/negative-start.mp4', 'timing/edit-list-trim-copy.mp4', 'timing/start-offset-10s.mp4',
  'timing/start-offset-1h.mkv', 'timing/negative-cts.mp4', 'timing/fragmented-moof.mp4',
  'timing/moov-at-end.mp4', 'timing/plain.ts', 'timing/pts-wrap.ts', 'timing/one-gop-44s-1fps.mp4',
  'timing/one-frame.mp4', 'timing/intra-refresh-no-idr.mp4', 'people/highway-540p5994-8s.mp4',
];
// ffmpeg repeats a picture where the source says "not coded"; reeld lets the one
// before be shown longer, and has that many pictures.
const NOT_CODED = {'formats/mpeg4-asp-xvid-mp3.avi': 140};

let daemon;
before(async () => { daemon = await startDaemon(['--ladder', 'background']); });
after(async () => daemon?.stop());

const playlist = (asset, name, file = 'index.m3u8') => asset.playback.hls.replace('index.m3u8', `${name}/${file}`);

for (const file of SOURCES) {
  test(`pictures of ${file}`, {timeout: 300 * SECONDS, skip: !hasMedia}, async () => {
    const asset = await daemon.upload(media(file));
    const source = fromZero(await frameTimes(media(file)));
    const rungs = asset.renditions.filter((r) => r.width);
    for (const r of rungs) {
      const times = fromZero(await frameTimes(playlist(asset, r.name)));
      const isCapped = r.frame_rate !== undefined && r.frame_rate !== rungs[0].frame_rate;
      if (NOT_CODED[file])
        assert.equal(times.length, NOT_CODED[file]);
      else if (!isCapped)
        assertTimes(times, source, `${file} ${r.name}`);
      const errors = await decodeErrors(playlist(asset, r.name));
      assert.deepEqual(errors, [], `${file} ${r.name}`);
      const ts = fromZero(await frameTimes(playlist(asset, r.name, 'ts.m3u8')));
      assert.equal(ts.length, times.length, `${file} ${r.name} as TS`);
      assert.deepEqual(await decodeErrors(playlist(asset, r.name, 'ts.m3u8')), [], `${file} ${r.name} as TS`);
    }
    if (rungs[0]?.name === 'source')
      assert.deepEqual(await frameHashes(playlist(asset, 'source')), await frameHashes(media(file)));
  });
}

// The lag at which b lies best on a, in samples, searched within +-most.
function lagOf(a, b, most) {
  let best = {lag: 0, sum: -Infinity};
  const from = Math.floor(a.length / 3);
  const count = Math.min(48000, a.length - from - most, b.length - from - most);
  for (let lag = -most; lag <= most; lag++) {
    let sum = 0;
    for (let i = 0; i < count; i += 3)
      sum += a[from + i] * b[from + i + lag];
    if (sum > best.sum)
      best = {lag, sum};
  }
  return best.lag;
}

const SOUNDS = ['film/sintel-trailer-720p24.mp4', 'audio/music-40s.flac', 'audio/bear.opus',
  'formats/h264-aac.flv', 'timing/negative-start.mp4'];

for (const file of SOUNDS) {
  test(`sound of ${file}: no sample lost or doubled at the joins`,
    {timeout: 300 * SECONDS, skip: !hasMedia}, async () => {
      const asset = await daemon.upload(media(file));
      for (const r of asset.renditions.filter((x) => !x.width)) {
        const joined = await sound(playlist(asset, r.name));
        const expected = Math.round(asset.duration * 48000);
        assert.ok(Math.abs(joined.length - expected) <= 2 * 1024,
          `${r.name}: ${joined.length} samples for ${expected}`);
        assert.deepEqual(await decodeErrors(playlist(asset, r.name)), [], r.name);
      }
    });
}

test('sound lies on the source to the millisecond', {timeout: 120 * SECONDS, skip: !hasMedia}, async () => {
  const file = media('audio/music-40s.flac');
  const asset = await daemon.upload(file);
  const original = await sound(file);
  for (const r of asset.renditions) {
    const lag = lagOf(original, await sound(playlist(asset, r.name)), 2400);
    assert.ok(Math.abs(lag) <= 48, `${r.name} lags by ${lag} samples`);
  }
});
