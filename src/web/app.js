// app.js - the page at /: key, upload, list, player.
import {call, getKey, setKey, takeKeyFromAddress, upload} from '/web/api.js';
import {listenForKeys, play} from '/web/play.js';

const $ = (id) => document.getElementById(id);
const PAGE = 50;
const POLL_MS = 2000;
const RETRY_MS = 5000;

let playing = null;  // what play() gave
let current = null;  // the asset on the stage
let next = null;     // cursor of the list
let wanted = '';     // text of the search field

// ---- small things ----------------------------------------------------------

function duration(seconds) {
  const s = Math.round(seconds);
  const two = (n) => String(n).padStart(2, '0');
  const hours = Math.floor(s / 3600);
  return (hours ? `${hours}:${two(Math.floor(s / 60) % 60)}` : `${Math.floor(s / 60)}`) + `:${two(s % 60)}`;
}

function bytes(n) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let i = 0;
  for (; n >= 1000 && i < units.length - 1; i++)
    n /= 1000;
  return `${n.toFixed(i && n < 100 ? 1 : 0)} ${units[i]}`;
}

function show(id, text) {
  $(id).textContent = text;
  $(id).hidden = !text;
}

function fact(name, value) {
  const row = document.createElement('div');
  const term = document.createElement('dt');
  const data = document.createElement('dd');
  term.textContent = name;
  data.textContent = value;
  row.append(term, data);
  return row;
}

function link(name, value) {
  const row = document.createElement('li');
  const title = document.createElement('span');
  const code = document.createElement('code');
  const copy = document.createElement('button');
  title.textContent = name;
  code.textContent = value;
  code.title = value;
  copy.textContent = 'Copy';
  copy.type = 'button';
  copy.setAttribute('aria-label', `Copy ${name}`);
  copy.addEventListener('click', async () => {
    await navigator.clipboard.writeText(value);
    copy.textContent = 'Copied';
    setTimeout(() => { copy.textContent = 'Copy'; }, 1500);
  });
  row.append(title, code, copy);
  return row;
}

// ---- the stage -------------------------------------------------------------

function describe(asset) {
  const video = asset.tracks.find((t) => t.kind === 'video');
  const sound = asset.tracks.filter((t) => t.kind === 'audio');
  const rungs = asset.renditions.filter((r) => r.height).map((r) => r.name);
  const facts = [fact('Length', duration(asset.duration)), fact('Size', bytes(asset.size_bytes))];
  if (asset.kind === 'video' && video)
    facts.push(fact('Video', `${video.codec} ${video.width}×${video.height}`));
  if (sound.length)
    facts.push(fact('Audio', sound.map((t) => [t.codec, t.language].filter(Boolean).join(' ')).join(', ')));
  if (rungs.length)
    facts.push(fact('Rungs', rungs.join(', ')));
  facts.push(fact('Made', `${Math.round(asset.progress * 100)} %`));
  $('facts').replaceChildren(...facts);
  $('links').replaceChildren(
    link('HLS', asset.playback.hls),
    link('DASH', asset.playback.dash),
    link('Embed', `<iframe src="${asset.playback.player}" allowfullscreen></iframe>`));
}

function stopPlaying() {
  playing?.stop();
  playing = null;
}

async function attach() {
  stopPlaying();
  show('stage-error', '');
  const quality = $('quality');
  quality.replaceChildren(new Option('Auto', '-1'));
  quality.disabled = true;
  playing = await play($('video'), current.playback[$('format').value], {
    onLevels(levels) {
      quality.append(...levels.map((text, i) => new Option(text, String(i))));
      quality.disabled = levels.length < 2;
    },
    onError: (text) => show('stage-error', `Playback failed: ${text}`),
  });
  window.reeldPlayer = playing.player;
  // A browser may refuse to start by itself; the controls are there.
  $('video').play().catch(() => {});
}

async function open(id) {
  // A fresh copy: grants in an old one may have expired.
  const asset = await call('GET', `/v1/assets/${id}`);
  current = asset;
  $('stage').hidden = false;
  $('stage-title').textContent = asset.name || asset.id;
  document.title = `${asset.name || asset.id} – reeld`;
  history.replaceState(null, '', `/watch?v=${asset.id}`);
  describe(asset);
  markPlaying();
  $('stage').scrollIntoView({behavior: 'smooth', block: 'nearest'});
  $('video').focus({preventScroll: true});
  await attach();
}

function close() {
  stopPlaying();
  current = null;
  $('stage').hidden = true;
  document.title = 'reeld';
  history.replaceState(null, '', '/');
  markPlaying();
}

async function remove() {
  if (!current || !confirm(`Delete “${current.name}”? Its links stop playing at once.`))
    return;
  await call('DELETE', `/v1/assets/${current.id}`);
  close();
  await list();
}

// ---- the list --------------------------------------------------------------

function markPlaying() {
  for (const row of $('assets').children)
    row.classList.toggle('is-playing', row.dataset.id === current?.id);
}

function fill(row, asset) {
  row.dataset.id = asset.id;
  row.dataset.progress = asset.state === 'ready' ? asset.progress : 1;
  row.querySelector('.asset-name').textContent = asset.name || asset.id;
  const facts = asset.state === 'ready'
    ? [asset.kind, duration(asset.duration), bytes(asset.size_bytes)]
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
  row.querySelector('.asset-open').addEventListener('click', () => open(asset.id).catch(trouble));
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
    if (asset.id === current?.id)
      describe(asset);
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
    await open(asset.id);
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
    await open(id);
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
$('stage-close').addEventListener('click', close);
$('delete').addEventListener('click', () => remove().catch(trouble));
$('format').addEventListener('change', () => attach().catch(trouble));
$('quality').addEventListener('change', (e) => playing?.setLevel(Number(e.target.value)));
listenForTheme();
listenForDrops();
listenForKeys($('video'));
takeKeyFromAddress();
if (getKey())
  enter().catch(trouble);
else
  askForKey('');
watch();
