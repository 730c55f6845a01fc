// player.js - the embeddable page: /player?url=MANIFEST&t=SECONDS&autoplay=1
import {listenForKeys, play} from '/web/play.js';

const video = document.getElementById('video');
const error = document.getElementById('error');
const query = new URLSearchParams(location.search);

function say(text) {
  error.textContent = text;
  error.hidden = false;
}

async function start() {
  const url = query.get('url');
  if (!url)
    return say('Nothing to play: give ?url= a manifest of this server.');
  const from = Number(query.get('t'));
  if (from > 0)
    video.addEventListener('loadedmetadata', () => { video.currentTime = from; }, {once: true});
  const playing = await play(video, url, {onError: say});
  // For whoever embeds or tests the page.
  window.reeldPlayer = playing.player;
  if (query.get('autoplay') === '1') {
    video.muted = query.get('muted') === '1';
    // Browsers may refuse sound before a gesture; the controls are there.
    video.play().catch(() => {});
  }
}

listenForKeys(video);
start().catch((e) => say(e.message));
