// stage.js - the player on the page: an asset or a stream, its facts and links,
// marks in and out. An image is shown in the player's place.
import {call} from '/web/api.js';
import {Downloads} from '/web/download.js';
import {bytes, duration, exact} from '/web/format.js';
import {Marks} from '/web/marks.js';
import {listenForKeys, play} from '/web/play.js';
import {$, fact, link, show} from '/web/rows.js';
import {SeekBar} from '/web/seekbar.js';
import {SourceButton} from '/web/source.js';

const isStream = (id) => id.startsWith('s-');

export class Stage {
  // `onClip` is given a range that is to go to the list, `onChange` is told
  // that another thing is on, `onLibrary` that one was deleted or made.
  constructor({onClip, onChange, onLibrary, onError}) {
    Object.assign(this, {onClip, onChange, onLibrary, onError});
    this.current = null;  // the asset or stream
    this.playing = null;  // what play() gave
    const video = this.video = $('video');
    this.bar = new SeekBar($('seek'), video);
    this.marks = new Marks(video);
    this.downloads = new Downloads($('downloads'), (text) => show('stage-error', text));
    this.source = new SourceButton($('drop-source'), {
      onDropped: (id) => this.refresh(id),
      onError: (text) => show('stage-error', text),
    });
    $('stage-close').addEventListener('click', () => this.close());
    $('delete').addEventListener('click', () => this.remove().catch(onError));
    $('format').addEventListener('change', () => this.attach().catch(onError));
    $('quality').addEventListener('change', (e) => this.playing?.setLevel(Number(e.target.value)));
    $('mark-in').addEventListener('click', () => this.mark('setIn'));
    $('mark-out').addEventListener('click', () => this.mark('setOut'));
    $('mark-add').addEventListener('click', () => this.addClip());
    $('keep-frame').addEventListener('click', () => this.keepFrame().catch(onError));
    listenForKeys(video, {
      i: () => this.mark('setIn'),
      o: () => this.mark('setOut'),
      ',': () => this.marks.step(-1),
      '.': () => this.marks.step(1),
      a: () => this.addClip(),
    });
  }

  get id() {
    return this.current?.id;
  }

  // ---- what is on ----------------------------------------------------------

  async open(id, from = 0) {
    // A fresh copy: grants in an old one may have expired.
    await this.put(await call('GET', `/v1/${isStream(id) ? 'streams' : 'assets'}/${id}`), from);
  }

  async put(thing, from = 0) {
    const title = thing.name || thing.id;
    this.current = thing;
    $('stage').hidden = false;
    $('stage-title').textContent = title;
    document.title = `${title} – reeld`;
    history.replaceState(null, '', `/watch?v=${thing.id}`);
    const isImage = thing.kind === 'image';
    for (const part of [this.video, this.bar.root, ...$('stage').querySelectorAll('[data-plays]')])
      part.hidden = isImage;
    $('still').hidden = !isImage;
    $('marks').hidden = isImage || isStream(thing.id);
    this.describe(thing);
    this.onChange();
    $('stage').scrollIntoView({behavior: 'smooth', block: 'nearest'});
    await (isImage ? this.showImage(thing) : this.playFrom(thing, from));
  }

  // What plays goes on; what is told of it may be another.
  async refresh(id) {
    if (this.id !== id)
      return;
    const {source_dropped_at: at} = await call('GET', `/v1/assets/${id}`);
    if (this.id !== id)
      return;
    this.current.source_dropped_at = at;
    this.describe(this.current);
  }

  // What browsers do not show as it was uploaded is shown as a picture of it.
  showImage({playback}) {
    this.stop();
    show('stage-error', '');
    $('still').src = playback.image || playback.thumbnail;
  }

  async playFrom(thing, from) {
    const track = thing.tracks?.find((t) => t.kind === 'video');
    this.marks.clear(track?.frame_rate);
    this.showMarks();
    $('keep-frame').hidden = !track;
    this.downloads.offer(thing.playback.hls,
      thing.kind === 'audio' ? ['download.m4a', 'download.mp3'] : ['download.mp4', 'download.m4a', 'download.mp3']);
    this.video.focus({preventScroll: true});
    await this.attach(from);
  }

  describe(thing) {
    this.source.offer(thing);
    const {hls, dash, image, thumbnail, player} = thing.playback;
    if (thing.kind === 'image') {
      $('facts').replaceChildren(fact('Size', bytes(thing.size_bytes)), fact('Image', `${thing.codec} ${thing.width}×${thing.height}`));
      $('links').replaceChildren(link('Image', image || thumbnail));
      return;
    }
    $('facts').replaceChildren(...(isStream(thing.id) ? this.streamFacts(thing) : this.assetFacts(thing)));
    $('links').replaceChildren(link('HLS', hls), link('DASH', dash),
      link('Embed', `<iframe src="${player}" allowfullscreen></iframe>`));
  }

  assetFacts(asset) {
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
    if (asset.source_dropped_at)
      facts.push(fact('Source', `dropped ${new Date(asset.source_dropped_at).toLocaleDateString()}`));
    facts.push(fact('Made', `${Math.round(asset.progress * 100)} %`));
    return facts;
  }

  streamFacts(stream) {
    return [fact('Length', exact(stream.duration)), fact('Clips', stream.clip_count)];
  }

  async attach(from = 0) {
    this.stop();
    show('stage-error', '');
    const quality = $('quality');
    quality.replaceChildren(new Option('Auto', '-1'));
    quality.disabled = true;
    const {playback} = this.current;
    this.bar.load(playback.hls);
    const playing = await play(this.video, playback[$('format').value], {
      onLevels(levels) {
        quality.append(...levels.map((text, i) => new Option(text, String(i))));
        quality.disabled = levels.length < 2;
      },
      onError: (text) => show('stage-error', `Playback failed: ${text}`),
    });
    if (this.current?.playback !== playback) {
      playing.stop();  // something else was opened meanwhile
      return;
    }
    this.playing = playing;
    window.reeldPlayer = playing.player;
    if (from > 0)
      this.video.addEventListener('loadedmetadata', () => { this.video.currentTime = from; }, {once: true});
    // A browser may refuse to start by itself; the controls are there.
    this.video.play().catch(() => {});
  }

  stop() {
    this.playing?.stop();
    this.playing = null;
  }

  close() {
    this.stop();
    this.current = null;
    $('stage').hidden = true;
    document.title = 'reeld';
    history.replaceState(null, '', '/');
    this.onChange();
  }

  async remove() {
    const thing = this.current;
    if (!thing || !confirm(`Delete “${thing.name || thing.id}”? Its links stop playing at once.`))
      return;
    await call('DELETE', `/v1/${isStream(thing.id) ? 'streams' : 'assets'}/${thing.id}`);
    this.close();
    await this.onLibrary();
  }

  // The server decodes that frame of the source: it is no screenshot. Asked for
  // is the middle of it, whatever is lost by rounding.
  async keepFrame() {
    const {id, name} = this.current;
    const time = this.marks.now() + this.marks.frame / 2;
    await call('POST', `/v1/assets/${id}/frames`, {time: Number(time.toFixed(6)), name: `${name || id} ${exact(time)}`.slice(-150)});
    await this.onLibrary();
  }

  // ---- marks ---------------------------------------------------------------

  mark(end) {
    if (!this.current || isStream(this.id))
      return;
    this.marks[end]();
    this.showMarks();
  }

  showMarks() {
    const {from, to} = this.marks;
    $('mark-from').textContent = from === null ? '–' : exact(from);
    $('mark-to').textContent = to === null ? '–' : exact(to);
    $('mark-add').disabled = from === null && to === null;
    this.bar.mark(from, to);
  }

  addClip() {
    const {from, to} = this.marks;
    if (!this.current || (from === null && to === null))
      return;
    const {id, name, duration: length} = this.current;
    this.onClip({asset: id, name: name || id, start: from ?? 0, end: Math.min(to ?? length, length)});
    this.marks.from = this.marks.to = null;
    this.showMarks();
  }
}
