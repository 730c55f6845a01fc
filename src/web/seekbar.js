// seekbar.js - the bar below the video: where it stands, what is marked, and a
// picture of the place that the pointer is over.
import {exact} from '/web/format.js';
import {storyboard} from '/web/storyboard.js';

const STEP_S = 5;

const clamp = (value, least, most) => Math.min(Math.max(value, least), most);

export class SeekBar {
  constructor(root, video) {
    this.root = root;
    this.video = video;
    this.pictureAt = () => null;
    this.loading = null;
    const part = (name) => root.querySelector(`.seek-${name}`);
    this.played = part('played');
    this.range = part('range');
    this.preview = part('preview');
    this.picture = part('picture');
    this.label = part('label');
    this.listen();
  }

  // Of what is being played: pictures come as soon as they are there.
  async load(manifest) {
    this.loading?.abort();
    const loading = this.loading = new AbortController();
    this.pictureAt = () => null;
    this.mark(null, null);
    try {
      this.pictureAt = await storyboard(manifest, loading.signal);
    } catch (e) {
      if (e.name !== 'AbortError')
        console.warn('storyboard:', e.message);
    }
  }

  get length() {
    return Number.isFinite(this.video.duration) ? this.video.duration : 0;
  }

  // The marked range; null: that end is open.
  mark(from, to) {
    this.range.hidden = from === null && to === null;
    this.marked = [from, to];
    if (this.length) {
      const end = to ?? this.length;
      this.range.style.left = `${(from ?? 0) / this.length * 100}%`;
      this.range.style.width = `${Math.max(end - (from ?? 0), 0) / this.length * 100}%`;
    }
  }

  draw() {
    const {currentTime} = this.video;
    this.played.style.width = this.length ? `${currentTime / this.length * 100}%` : '0';
    this.root.setAttribute('aria-valuemax', this.length.toFixed(3));
    this.root.setAttribute('aria-valuenow', currentTime.toFixed(3));
    this.root.setAttribute('aria-valuetext', `${exact(currentTime)} of ${exact(this.length)}`);
  }

  timeOf(event) {
    const {left, width} = this.root.getBoundingClientRect();
    return clamp((event.clientX - left) / width, 0, 1) * this.length;
  }

  showPreview(event) {
    if (!this.length)
      return;
    const time = this.timeOf(event);
    const cue = this.pictureAt(time);
    this.label.textContent = exact(time);
    this.picture.hidden = !cue;
    if (cue) {
      Object.assign(this.picture.style, {
        width: `${cue.width}px`, height: `${cue.height}px`,
        backgroundImage: `url("${cue.url}")`, backgroundPosition: `-${cue.x}px -${cue.y}px`,
      });
    }
    this.preview.hidden = false;
    const {left, width} = this.root.getBoundingClientRect();
    const half = this.preview.offsetWidth / 2;
    this.preview.style.left = `${clamp(event.clientX - left, half, Math.max(width - half, half))}px`;
  }

  seek(time) {
    this.video.currentTime = clamp(time, 0, this.length);
  }

  listen() {
    const {root, video} = this;
    for (const name of ['timeupdate', 'seeking', 'durationchange', 'emptied'])
      video.addEventListener(name, () => this.draw());
    video.addEventListener('durationchange', () => this.mark(...this.marked));
    root.addEventListener('pointermove', (event) => {
      this.showPreview(event);
      if (event.buttons & 1)
        this.seek(this.timeOf(event));
    });
    root.addEventListener('pointerleave', () => { this.preview.hidden = true; });
    root.addEventListener('pointerdown', (event) => {
      root.setPointerCapture(event.pointerId);
      this.seek(this.timeOf(event));
    });
    root.addEventListener('keydown', (event) => {
      const steps = {ArrowLeft: -STEP_S, ArrowRight: STEP_S, PageDown: -STEP_S * 6, PageUp: STEP_S * 6};
      if (event.key in steps)
        this.seek(video.currentTime + steps[event.key]);
      else if (event.key === 'Home' || event.key === 'End')
        this.seek(event.key === 'Home' ? 0 : this.length);
      else
        return;
      event.preventDefault();
      event.stopPropagation();
    });
  }
}
