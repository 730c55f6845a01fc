// clients.test.js - mpv, VLC and ffmpeg play both views to the end.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {startDaemon} from './daemon.js';
import {hasMedia, media} from './media.js';
import {decodeErrors, run} from './run.js';

const SECONDS = 1000;
let daemon;
let asset;
before(async () => {
  daemon = await startDaemon();
  if (hasMedia)
    asset = await daemon.upload(media('formats/vp9-opus-720p.webm'));
}, {timeout: 60 * SECONDS});
after(async () => daemon?.stop());

const views = [['HLS', (a) => a.playback.hls], ['DASH', (a) => a.playback.dash],
  ['TS', (a) => `${a.playback.hls}?container=ts`]];

for (const [name, url] of views) {
  test(`ffmpeg decodes ${name} without a warning`, {timeout: 120 * SECONDS, skip: !hasMedia}, async () => {
    const errors = await decodeErrors(url(asset), ['-map', '0:v:0', '-map', '0:a:0']);
    assert.deepEqual(errors, []);
  });

  test(`mpv plays ${name} to its end`, {timeout: 120 * SECONDS, skip: !hasMedia}, async () => {
    const {status, stdout, stderr} = await run('mpv', ['--no-config', '--vo=null', '--ao=null', '--untimed',
      '--no-terminal', '--msg-level=all=error', '--term-status-msg=', url(asset)], {timeout: 90 * SECONDS});
    assert.equal(status, 0, stdout + stderr);
  });

  test(`VLC plays ${name} to its end`, {timeout: 120 * SECONDS, skip: !hasMedia}, async () => {
    // As root VLC refuses to start; setpriv gives it another user.
    const vlc = ['cvlc', '-I', 'dummy', '--vout', 'dummy', '--aout', 'dummy', '--no-video-title-show',
      '--play-and-exit', '-v', url(asset), 'vlc://quit'];
    const asUser = process.getuid() === 0
      ? ['setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', 'env', 'HOME=/tmp', ...vlc]]
      : [vlc[0], vlc.slice(1)];
    const {status, stdout, stderr} = await run(...asUser, {timeout: 90 * SECONDS});
    assert.equal(status, 0, stdout + stderr);
    assert.doesNotMatch(stderr, /VLC could not|cannot be opened|failed to create/);
  });
}
