// download.js - a file of what plays. The server makes it when it is asked for
// the first time and says how far it is; the browser fetches it once it is there.

const PAUSE_S = 2;
const NAMES = {'download.mp4': 'MP4', 'download.m4a': 'M4A', 'download.mp3': 'MP3'};

const pause = (s) => new Promise((resolve) => { setTimeout(resolve, s * 1000); });

// Asks until it is made; `onProgress` is told a part of 1, or null: unknown.
async function wait(url, onProgress, signal) {
  for (;;) {
    const answer = await fetch(url, {headers: {Range: 'bytes=0-0'}, signal});
    if (answer.ok)
      return;
    const problem = await answer.json().catch(() => null);
    if (answer.status !== 503)
      throw new Error(problem?.detail || `HTTP ${answer.status}`);
    onProgress(problem?.progress ?? null);
    await pause(Number(answer.headers.get('Retry-After')) || PAUSE_S);
  }
}

function save(url) {
  const link = document.createElement('a');
  link.href = url;
  link.download = '';
  document.body.append(link);
  link.click();
  link.remove();
}

// Buttons that download what `manifest` plays: `kinds` of download.*.
export class Downloads {
  constructor(row, onError) {
    this.row = row;
    this.onError = onError;
    this.under = null;
  }

  offer(manifest, kinds) {
    this.under?.abort();
    this.under = new AbortController();
    this.row.replaceChildren(...kinds.map((kind) => this.button(new URL(kind, manifest).href, kind)));
  }

  button(url, kind) {
    const button = document.createElement('button');
    const {signal} = this.under;
    button.type = 'button';
    button.textContent = NAMES[kind];
    button.setAttribute('aria-label', `Download ${NAMES[kind]}`);
    button.addEventListener('click', async () => {
      button.disabled = true;
      try {
        const say = (part) => { button.textContent = part === null ? '…' : `${Math.floor(part * 100)} %`; };
        say(null);
        await wait(url, say, signal);
        save(url);
      } catch (e) {
        if (e.name !== 'AbortError')
          this.onError(`${NAMES[kind]}: ${e.message}`);
      }
      button.textContent = NAMES[kind];
      button.disabled = false;
    });
    return button;
  }
}
