// harness.js - runs in the browser: one of its players on ?url=, and a record
// of what happened to it, for players.test.js to read.
const query = new URLSearchParams(location.search);
const video = document.getElementById('video');
// Whether the player chooses rungs by itself. One that is told which to play while
// it changes to another of its own choice may clear its buffer twice.
const adapts = query.get('adapts') !== 'false';
const report = {errors: [], levels: [], switches: 0, stalls: 0, firstFrameMs: 0};
const began = performance.now();

video.requestVideoFrameCallback?.(() => { report.firstFrameMs = performance.now() - began; });
video.addEventListener('waiting', () => { if (!video.seeking && video.currentTime > 0) report.stalls++; });

function load(src) {
  return new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = src;
    script.onload = resolve;
    script.onerror = () => reject(new Error(`cannot load ${src}`));
    document.head.append(script);
  });
}

// Whether the playhead stands before a hole: there is media behind it. Without
// that a stall only tells that the machine is slow to make, or to decode.
function isBeforeHole() {
  const at = video.currentTime;
  const starts = [...Array(video.buffered.length).keys()].map((i) => video.buffered.start(i));
  const isInside = starts.some((start, i) => start <= at && at < video.buffered.end(i) - 0.1);
  return !isInside && starts.some((start) => start > at);
}

// How long a busy machine may take to make what a player asks for.
const PATIENCE_MS = 240e3;

// hls.js has one policy for each kind of file.
function patientPolicies() {
  const kinds = ['manifestLoadPolicy', 'playlistLoadPolicy', 'fragLoadPolicy'];
  return Object.fromEntries(kinds.map((kind) => [kind, {
    default: {...Hls.DefaultConfig[kind].default, maxTimeToFirstByteMs: PATIENCE_MS, maxLoadTimeMs: PATIENCE_MS}}]));
}

const players = {
  // The browser itself.
  async file(url) {
    video.src = url;
  },
  async hls(url) {
    await load('/lib/hls.js/dist/hls.js');
    const hls = new Hls({enableWorker: false, ...patientPolicies()});
    window.player = hls;
    hls.on(Hls.Events.ERROR, (_, d) => {
      const isOfMachine = !d.fatal && ['bufferStalledError', 'bufferNudgeOnStall'].includes(d.details) && !isBeforeHole();
      if (!isOfMachine)
        report.errors.push(`${d.fatal ? 'fatal ' : ''}${d.details}`);
    });
    hls.on(Hls.Events.LEVEL_SWITCHED, () => report.switches++);
    hls.on(Hls.Events.MANIFEST_PARSED, () => { report.levels = hls.levels.map((l) => l.height); });
    hls.loadSource(url);
    hls.attachMedia(video);
    return {setLevel: (i) => { hls.nextLevel = i; }, count: () => hls.levels.length};
  },
  async dash(url) {
    await load('/lib/dashjs/dist/modern/umd/dash.all.min.js');
    const player = dashjs.MediaPlayer().create();
    window.player = player;
    player.on('error', (e) => report.errors.push(e.error?.message || String(e.error)));
    player.on('qualityChangeRendered', (e) => { if (e.mediaType === 'video') report.switches++; });
    player.updateSettings({streaming: {buffer: {fastSwitchEnabled: true}, fragmentRequestTimeout: PATIENCE_MS,
      abr: {autoSwitchBitrate: {video: adapts}}}});
    player.initialize(video, url, false);
    const ready = new Promise((resolve) => player.on('streamInitialized', resolve));
    await ready;
    const video_ = () => player.getRepresentationsByType('video');
    report.levels = video_().map((r) => r.height);
    return {
      setLevel(i) {
        player.updateSettings({streaming: {abr: {autoSwitchBitrate: {video: false}}}});
        player.setRepresentationForTypeById('video', video_()[i].id, true);
      },
      count: () => video_().length,
      thumbnail: (time) => new Promise((resolve) => player.provideThumbnail(time, (t) => resolve(
        {url: t.url, x: t.x, y: t.y, width: t.width, height: t.height}))),
    };
  },
  async shaka(url) {
    await load('/lib/shaka-player/dist/shaka-player.compiled.js');
    shaka.polyfill.installAll();
    const player = new shaka.Player();
    await player.attach(video);
    player.configure({streaming: {retryParameters: {timeout: PATIENCE_MS}}, abr: {enabled: adapts}});
    player.addEventListener('error', (e) => report.errors.push(`shaka ${e.detail.code}`));
    player.addEventListener('variantchanged', () => report.switches++);
    await player.load(url);
    // One variant a rung, of those with each rate of sound that with the one that
    // plays: Shaka may stop for ever when sound changes while it is being fetched.
    const tracks = () => {
      const all = player.getVariantTracks();
      const sound = all.find((t) => t.active)?.audioId;
      return [...new Map([...all, ...all.filter((t) => t.audioId === sound)].map((t) => [t.height, t])).values()];
    };
    report.levels = tracks().map((t) => t.height);
    return {
      setLevel(i) {
        player.configure({abr: {enabled: false}});
        player.selectVariantTrack(tracks()[i], true);
      },
      count: () => tracks().length,
      async thumbnail(time) {
        const t = await player.getThumbnails(player.getImageTracks()[0].id, time);
        return {url: t.uris[0], x: t.positionX, y: t.positionY, width: t.width, height: t.height};
      },
    };
  },
};

window.report = report;
window.ready = players[query.get('player')](query.get('url')).then((control) => {
  window.control = control;
  return true;
}, (e) => {
  report.errors.push(`fatal ${e.code ?? ''} ${e.message ?? e}`);
  return false;
});

// Seeks and waits until the picture there is shown.
window.seekTo = (seconds) => new Promise((resolve) => {
  const done = () => resolve(video.currentTime);
  video.addEventListener('seeked', () => {
    if (video.requestVideoFrameCallback)
      video.requestVideoFrameCallback(done);
    else
      done();
    // A paused player that stands on the same picture draws no new frame.
    setTimeout(done, 3000);
  }, {once: true});
  video.currentTime = seconds;
});
