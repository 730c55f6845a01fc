// cliplist.js - the list of clips that is being put together: ranges of assets
// in the order in which they will play. It lives as long as the tab.
import {call} from '/web/api.js';
import {duration, exact, seconds} from '/web/format.js';
import {$, link, make, show} from '/web/rows.js';

const NAME = 'reeld-clips';

function remembered() {
  try {
    return JSON.parse(sessionStorage.getItem(NAME)) || [];
  } catch {
    return [];
  }
}

export class ClipList {
  // `onPlay` is given a stream that was made of the list, `onOpen` an asset's id.
  constructor({onPlay, onOpen, onError}) {
    Object.assign(this, {onPlay, onOpen, onError});
    this.clips = remembered();
    this.dragged = -1;
    $('clips-play').addEventListener('click', () => this.try(async () => this.onPlay(await this.stream())));
    $('clips-links').addEventListener('click', () => this.try(async () => this.tell(await this.stream())));
    $('clips-clear').addEventListener('click', () => { this.clips = []; this.changed(); });
    this.changed();
  }

  async try(work) {
    try {
      await work();
    } catch (e) {
      this.onError(e);
    }
  }

  add(clip) {
    this.clips.push(clip);
    this.changed();
  }

  // What POST /v1/streams is given.
  get body() {
    return {clips: this.clips.map(({asset, start, end}) => ({asset, start, end}))};
  }

  // The same list is the same stream: asking again is no new one.
  stream() {
    return call('POST', '/v1/streams', this.body);
  }

  tell(stream) {
    $('clips-made').replaceChildren(link('HLS', stream.playback.hls), link('DASH', stream.playback.dash), this.command());
  }

  // Ids and numbers alone: nothing in it can end the quotes.
  command() {
    return link('curl', `curl -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" ${location.origin}/v1/streams -d '${JSON.stringify(this.body)}'`);
  }

  changed() {
    sessionStorage.setItem(NAME, JSON.stringify(this.clips));
    const {clips} = this;
    $('clips').hidden = clips.length === 0;
    $('clips-list').replaceChildren(...clips.map((clip, i) => this.row(clip, i)));
    $('clips-made').replaceChildren(...(clips.length ? [this.command()] : []));
    show('clips-length', clips.length ? `${clips.length === 1 ? '1 clip' : `${clips.length} clips`}, ${exact(clips.reduce((sum, c) => sum + c.end - c.start, 0))}` : '');
  }

  move(from, to) {
    if (to < 0 || to >= this.clips.length || from === to)
      return;
    this.clips.splice(to, 0, ...this.clips.splice(from, 1));
    this.changed();
  }

  row(clip, i) {
    const name = make('button', {type: 'button', className: 'clip-name', textContent: clip.name, title: clip.name});
    name.addEventListener('click', () => this.try(() => this.onOpen(clip.asset, clip.start)));
    const row = make('li', {className: 'clip', draggable: true}, make('span', {className: 'clip-grip', ariaHidden: 'true'}),
      name, this.time(clip, 'start', 'Start'), make('span', {className: 'quiet', textContent: 'to'}), this.time(clip, 'end', 'End'),
      make('span', {className: 'quiet clip-length', textContent: duration(clip.end - clip.start)}),
      this.button('Up', '↑', i === 0, () => this.move(i, i - 1)),
      this.button('Down', '↓', i === this.clips.length - 1, () => this.move(i, i + 1)),
      this.button('Remove', '×', false, () => { this.clips.splice(i, 1); this.changed(); }));
    this.listenForDrags(row, i);
    return row;
  }

  button(name, text, disabled, action) {
    const button = make('button', {type: 'button', className: 'small', textContent: text, title: name, disabled});
    button.setAttribute('aria-label', name);
    button.addEventListener('click', action);
    return button;
  }

  // A time that can be typed over; what makes no range is put back.
  time(clip, end, name) {
    const input = make('input', {className: 'clip-time', value: exact(clip[end]), spellcheck: false});
    input.setAttribute('aria-label', `${name} of ${clip.name}`);
    input.addEventListener('change', () => {
      const changed = {...clip, [end]: seconds(input.value)};
      if (changed.start < changed.end)
        clip[end] = changed[end];
      this.changed();
    });
    return input;
  }

  listenForDrags(row, i) {
    row.addEventListener('dragstart', (event) => {
      this.dragged = i;
      event.dataTransfer.effectAllowed = 'move';
      event.dataTransfer.setData('text/plain', this.clips[i].name);
    });
    row.addEventListener('dragover', (event) => {
      if (this.dragged >= 0) {
        event.preventDefault();
        event.stopPropagation();
      }
    });
    row.addEventListener('drop', (event) => {
      if (this.dragged < 0)
        return;
      event.preventDefault();
      event.stopPropagation();
      this.move(this.dragged, i);
    });
    row.addEventListener('dragend', () => { this.dragged = -1; });
  }
}
