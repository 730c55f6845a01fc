// marks.js - which frames are marked: from the one shown at "in" to the one
// shown at "out", both of them.
//
// A range is [start, end) in seconds, and the frames whose time lies in it are
// exactly those that a clip shows. What currentTime says may be anywhere inside
// the frame that is shown, so the frame's own time is taken where the browser
// tells it; a little before it begins the range and half a frame later ends it.

const ROUNDING_S = 0.001;  // times are told in microseconds, rounded
const FRAME_S = 1 / 25;    // where nothing is known of the rate

export class Marks {
  constructor(video) {
    this.video = video;
    this.shown = null;  // time of the frame on the screen
    this.clear();
    const watch = (_, frame) => {
      this.shown = frame.mediaTime;
      video.requestVideoFrameCallback(watch);
    };
    video.requestVideoFrameCallback?.(watch);
    for (const name of ['emptied', 'seeking'])
      video.addEventListener(name, () => { this.shown = null; });
  }

  clear(frameRate) {
    const [over, under] = (frameRate || '').split('/').map(Number);
    this.hasFrames = over > 0 && under > 0;
    this.frame = this.hasFrames ? under / over : FRAME_S;
    this.from = this.to = null;
  }

  // When the frame that is shown begins; right after a seek, before it is on the
  // screen, by the rate. Sound alone has no frames: then it is the time itself.
  now() {
    const {currentTime} = this.video;
    if (this.shown !== null && Math.abs(this.shown - currentTime) < 2 * this.frame)
      return this.shown;
    return this.hasFrames ? Math.floor(currentTime / this.frame) * this.frame : currentTime;
  }

  setIn() {
    this.from = Math.max(this.now() - ROUNDING_S, 0);
    if (this.to !== null && this.to <= this.from)
      this.to = null;
  }

  setOut() {
    this.to = this.now() + this.frame / 2;
    if (this.from !== null && this.from >= this.to)
      this.from = null;
  }

  step(frames) {
    this.video.pause();
    this.video.currentTime = Math.max(this.now() + (frames + 0.5) * this.frame, 0);
  }
}
