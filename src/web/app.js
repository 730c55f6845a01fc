// app.js - the page at /: key, upload, lists; the player is in stage.js.
import {call, getKey, setKey, takeKeyFromAddress} from '/web/api.js';
import {ClipList} from '/web/cliplist.js';
import {bytes, duration} from '/web/format.js';
import {$, make, show} from '/web/rows.js';
import {Stage} from '/web/stage.js';
import {upload} from '/web/upload.js';

const PAGE = 50;
const STREAMS = 20;
const PICTURE_PX = 160;
const POLL_MS = 2000;
const RETRY_MS = 5000;

let next = null;  // cursor of the list
let wanted = '';  // text of the search field

const stage = new Stage({
  onClip: (clip) => clips.add(clip),
  onChange: () => markPlaying(),
  onLibrary: () => list(),
  onError: trouble,
});
const clips = new ClipList({
  async onPlay(stream) {
    clips.tell(stream);
    await stage.put(stream);
    await listStreams();
  },
  onOpen: (id, from) => stage.open(id, from),
  onError: trouble,
});

// ---- the list --------------------------------------------------------------

function markPlaying() {
  for (const row of [...$('assets').children, ...$('streams').children])
    row.classList.toggle('is-playing', row.dataset.id === stage.id);
}

// Only what comes into view is asked for. A link that was given out again is
// of the same picture, which is not fetched twice.
function showPicture(row, url) {
  const picture = row.querySelector('.asset-picture');
  picture.hidden = !url;
  if (url && !picture.src) {
    picture.src = `${url}?width=${PICTURE_PX}`;
    picture.onerror = () => { picture.hidden = true; };
  }
}

function fill(row, asset) {
  row.dataset.id = asset.id;
  row.dataset.progress = asset.state === 'ready' ? asset.progress : 1;
  row.querySelector('.asset-name').textContent = asset.name || asset.id;
  showPicture(row, asset.playback?.thumbnail);
  const facts = asset.state === 'ready'
    ? [asset.kind, asset.duration && duration(asset.duration), bytes(asset.size_bytes)].filter(Boolean)
    : [bytes(asset.size_bytes), asset.error?.detail].filter(Boolean);
  row.querySelector('.asset-facts').textContent = facts.join(' · ');
  const progress = row.querySelector('progress');
  progress.hidden = asset.state !== 'ready' || asset.progress >= 1;
  progress.value = asset.progress || 0;
  row.querySelector('.asset-state').textContent =
    asset.state === 'ready' && asset.progress < 1 ? `${Math.round(asset.progress * 100)} % made` : asset.state;
  row.querySelector('.asset-open').disabled = asset.state !== 'ready';
}

function rowOf(asset) {
  const row = $('asset-row').content.firstElementChild.cloneNode(true);
  fill(row, asset);
  row.querySelector('.asset-open').addEventListener('click', () => stage.open(asset.id).catch(trouble));
  return row;
}

async function page(cursor) {
  const query = new URLSearchParams({limit: PAGE});
  if (wanted)
    query.set('name', wanted);
  if (cursor)
    query.set('cursor', cursor);
  return call('GET', `/v1/assets?${query}`);
}

async function list() {
  const answer = await page(null);
  next = answer.next;
  $('assets').replaceChildren(...answer.items.map(rowOf));
  $('empty').hidden = answer.items.length > 0;
  $('more').hidden = !next;
  await listStreams();
}

// The newest ones; a stream is found again by its link, or by its clips.
async function listStreams() {
  const {items} = await call('GET', `/v1/streams?limit=${STREAMS}`);
  $('streams').replaceChildren(...items.map((stream) => {
    const name = make('span', {className: 'asset-name', textContent: stream.name || stream.id});
    const clipCount = stream.clip_count === 1 ? '1 clip' : `${stream.clip_count} clips`;
    const facts = make('span', {className: 'asset-facts quiet', textContent: `${clipCount} · ${duration(stream.duration)}`});
    const button = make('button', {type: 'button', className: 'asset-open'}, name, facts);
    button.addEventListener('click', () => stage.open(stream.id).catch(trouble));
    const row = make('li', {className: 'asset card'}, button);
    row.dataset.id = stream.id;
    return row;
  }));
  $('streams-part').hidden = items.length === 0;
  markPlaying();
}

async function more() {
  const answer = await page(next);
  next = answer.next;
  $('assets').append(...answer.items.map(rowOf));
  $('more').hidden = !next;
}

// Rows whose ladder is still being made are looked at again.
async function refresh() {
  const rows = [...$('assets').children].filter((row) => Number(row.dataset.progress) < 1);
  for (const row of rows.slice(0, 10)) {
    const asset = await call('GET', `/v1/assets/${row.dataset.id}`);
    fill(row, asset);
    if (asset.id === stage.id)
      stage.describe(asset);
  }
  const system = await call('GET', '/v1/system');
  $('system').textContent = `reeld ${system.version}`;
}

async function watch() {
  let wait = POLL_MS;
  try {
    if (!document.hidden && !$('library').hidden)
      await refresh();
  } catch {
    wait = RETRY_MS; // the daemon may be restarting; the next round tells
  }
  setTimeout(watch, wait);
}

// ---- uploads ---------------------------------------------------------------

async function send(file) {
  const row = document.createElement('li');
  const name = document.createElement('span');
  const state = document.createElement('span');
  const progress = document.createElement('progress');
  name.textContent = file.name;
  state.className = 'quiet';
  row.append(name, state, progress);
  $('uploads').append(row);
  try {
    const asset = await upload(file, (sent, total) => {
      progress.max = total;
      progress.value = sent;
      state.textContent = sent < total ? `${bytes(sent)} of ${bytes(total)}` : 'looking at it';
    });
    row.remove();
    await list();
    await stage.open(asset.id);
  } catch (e) {
    state.textContent = e.message;
    state.className = 'error';
    progress.remove();
  }
}

async function sendAll(files) {
  for (const file of files)
    await send(file);
}

function listenForDrops() {
  const drop = $('upload');
  const over = (is) => (event) => {
    event.preventDefault();
    drop.classList.toggle('is-over', is);
  };
  document.addEventListener('dragover', over(true));
  document.addEventListener('dragleave', over(false));
  document.addEventListener('drop', (event) => {
    over(false)(event);
    sendAll([...event.dataTransfer.files]).catch(trouble);
  });
  $('file').addEventListener('change', (event) => {
    const files = [...event.target.files];
    event.target.value = '';
    sendAll(files).catch(trouble);
  });
}

// ---- start -----------------------------------------------------------------

function askForKey(text) {
  $('key-form').hidden = false;
  $('upload').hidden = true;
  $('library').hidden = true;
  show('key-error', text);
  $('key').focus();
}

function trouble(e) {
  if (e.status === 401 || e.status === 403)
    askForKey(getKey() ? 'This key is not accepted.' : '');
  else
    alert(e.message);
}

async function enter() {
  await list();
  $('key-form').hidden = true;
  $('upload').hidden = false;
  $('library').hidden = false;
  const id = new URLSearchParams(location.search).get('v');
  if (location.pathname === '/watch' && id)
    await stage.open(id);
}

function listenForTheme() {
  const root = document.documentElement;
  root.dataset.theme = localStorage.getItem('reeld-theme') || '';
  $('theme').addEventListener('click', () => {
    const isDark = root.dataset.theme
      ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
    root.dataset.theme = isDark ? 'light' : 'dark';
    localStorage.setItem('reeld-theme', root.dataset.theme);
  });
}

let searching = 0;
$('search').addEventListener('input', (event) => {
  clearTimeout(searching);
  searching = setTimeout(() => {
    wanted = event.target.value.trim();
    list().catch(trouble);
  }, 200);
});
$('key-form').addEventListener('submit', (event) => {
  event.preventDefault();
  setKey($('key').value.trim());
  enter().catch(trouble);
});
$('more').addEventListener('click', () => more().catch(trouble));
listenForTheme();
listenForDrops();
takeKeyFromAddress();
if (getKey())
  enter().catch(trouble);
else
  askForKey('');
watch();
