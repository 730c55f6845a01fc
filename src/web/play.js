// play.js - attaches a manifest to a <video>: hls.js for .m3u8, dash.js for
// .mpd, the browser itself where there is no Media Source (iPhone).
//
//   const playing = await play(video, url, {onLevels, onError});
//   playing.setLevel(-1); playing.stop();
//
// Only manifests of this host are played: the page is embeddable, and must not
// become somebody's way to run a player against another server.

const isDash = (url) => url.pathname.endsWith('.mpd');

function label(height, bitrate) {
  const rate = bitrate ? `${(bitrate / 1e6).toFixed(1)} Mbit/s` : '';
  return [height ? `${height}p` : 'audio', rate].filter(Boolean).join(', ');
}

async function playHls(video, url, on) {
  const {default: Hls} = await import('/web/vendor/hls.min.mjs');
  // Media Source first: some browsers say "maybe" to native HLS and play it
  // less well (PLAYER-10).
  if (!Hls.isSupported()) {
    if (!video.canPlayType('application/vnd.apple.mpegurl'))
      throw new Error('This browser can play neither Media Source nor HLS.');
    video.src = url.href;
    return {setLevel() {}, stop() { video.removeAttribute('src'); video.load(); }};
  }
  const hls = new Hls({enableWorker: false});
  let recoveries = 0;
  hls.on(Hls.Events.MANIFEST_PARSED, () =>
    on.onLevels(hls.levels.map((l) => label(Math.min(l.width || l.height, l.height), l.bitrate))));
  hls.on(Hls.Events.ERROR, (_, data) => {
    if (!data.fatal)
      return;
    if (data.type === Hls.ErrorTypes.MEDIA_ERROR && recoveries++ < 2)
      hls.recoverMediaError();
    else
      on.onError(`${data.details}${data.response ? ` (HTTP ${data.response.code})` : ''}`);
  });
  hls.loadSource(url.href);
  hls.attachMedia(video);
  return {
    player: hls,
    setLevel(level) { hls.nextLevel = level; },
    stop() { hls.destroy(); },
  };
}

async function playDash(video, url, on) {
  const {MediaPlayer} = await import('/web/vendor/dash.mediaplayer.min.js');
  const dash = MediaPlayer().create();
  let representations = [];
  dash.initialize(video, url.href, false);
  dash.on('streamInitialized', () => {
    representations = dash.getRepresentationsByType('video');
    on.onLevels(representations.map((r) => label(Math.min(r.width, r.height), r.bandwidth)));
  });
  dash.on('error', (e) => on.onError(e.error?.message || 'DASH playback failed'));
  return {
    player: dash,
    setLevel(level) {
      dash.updateSettings({streaming: {abr: {autoSwitchBitrate: {video: level < 0}}}});
      if (level >= 0)
        dash.setRepresentationForTypeById('video', representations[level].id, true);
    },
    stop() { dash.destroy(); },
  };
}

export async function play(video, address, {onLevels = () => {}, onError = () => {}} = {}) {
  const url = new URL(address, location.href);
  if (url.origin !== location.origin)
    throw new Error('Only manifests of this server can be played here.');
  const on = {onLevels, onError};
  return isDash(url) ? playDash(video, url, on) : playHls(video, url, on);
}

// The keys that people know from other players, wherever the focus is, unless
// they are typing or on a control of their own; `more` adds the page's own.
export function listenForKeys(video, more = {}) {
  const actions = {
    ' ': () => (video.paused ? video.play() : video.pause()),
    k: () => (video.paused ? video.play() : video.pause()),
    ArrowLeft: () => { video.currentTime = Math.max(0, video.currentTime - 5); },
    ArrowRight: () => { video.currentTime = Math.min(video.duration || 0, video.currentTime + 5); },
    ArrowUp: () => { video.volume = Math.min(1, video.volume + 0.1); },
    ArrowDown: () => { video.volume = Math.max(0, video.volume - 0.1); },
    m: () => { video.muted = !video.muted; },
    f: () => (document.fullscreenElement ? document.exitFullscreen() : video.requestFullscreen()),
    Home: () => { video.currentTime = 0; },
    ...more,
  };
  document.addEventListener('keydown', (event) => {
    const busy = event.target.closest('input, select, textarea, button, a');
    const action = actions[event.key];
    if (busy || !action || event.ctrlKey || event.metaKey || event.altKey || !video.readyState)
      return;
    // The browser's own handling of a focused <video> would act a second time.
    event.preventDefault();
    action();
  }, true);
}
