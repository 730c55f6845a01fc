// source.js - the button that drops the stored source of an asset: what it
// means is said before, and how far it is while the server goes about it.
import {call} from '/web/api.js';
import {bytes} from '/web/format.js';

const question = ({name, id, size_bytes: size}) => `Drop the stored source of “${name || id}”?

The uploaded file (${bytes(size)}) goes for good, once the server has made and kept all that plays of it. That may take a while, and more room than the file had.

What stays: it plays on under the same links, and so do its streams and the pictures of the seek bar.

What goes: new clips that begin or end inside of a segment, stills of other moments, other shapes, and the file itself. Uploading the same file again brings it all back.`;

const hasSource = (thing) => Boolean(thing?.sha256) && !thing.source_dropped_at && thing.kind !== 'image';

export class SourceButton {
  // `onDropped` is told the id whose source is gone, `onError` why one stays.
  constructor(button, {onDropped, onError}) {
    Object.assign(this, {button, onDropped, onError});
    this.asset = null;
    button.addEventListener('click', () => this.drop(this.asset));
  }

  // Another thing is on: an asset, a stream, or null.
  offer(thing) {
    this.asset = hasSource(thing) ? thing : null;
    this.button.hidden = !this.asset;
    this.say(null);
  }

  say(job) {
    this.button.disabled = job !== null;
    this.button.textContent = job ? `Dropping source … ${Math.floor((job.progress ?? 0) * 100)} %` : 'Drop source';
  }

  async drop(asset) {
    if (!asset || !confirm(question(asset)))
      return;
    try {
      let job = await call('DELETE', `/v1/assets/${asset.id}/source`);
      while (['queued', 'running'].includes(job?.state)) {
        if (this.asset === asset)
          this.say(job);
        job = await call('GET', `/v1/jobs/${job.id}?wait=2`);
      }
      if (job && job.state !== 'done')  // nothing is told of one that was dropped before
        throw new Error(job.error || `the job ${job.state}`);
      await this.onDropped(asset.id);
    } catch (e) {
      this.onError(`The source stays: ${e.message}`);
    }
    if (this.asset === asset)
      this.say(null);
  }
}
