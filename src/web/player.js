// player.js - the embeddable page: /player?url=MANIFEST&t=SECONDS&autoplay=1,
// and /watch?v=ID.GRANT, /embed?v=ID.GRANT, which carry the right to play.
import {listenForKeys, play} from '/web/play.js';

const video = document.getElementById('video');
const error = document.getElementById('error');
const query = new URLSearchParams(location.search);

function say(text) {
  error.textContent = text;
  error.hidden = false;
}

// An id has no dot, a grant has two, or is the word "open".
function manifest() {
  const [, id, grant] = query.get('v')?.match(/^([a-z]+-[0-9a-z]+)\.([\w.-]+)$/) ?? [];
  return query.get('url') || (id && `/p/${grant}/${id}/index.m3u8`);
}

async function start() {
  const url = manifest();
  if (!url)
    return say('Nothing to play: give ?url= a manifest of this server, or ?v= what its API gave.');
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
