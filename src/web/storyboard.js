// storyboard.js - small pictures of a film by time, from its storyboard.vtt.
//
// The sheets are fetched by the browser when one of their pictures is shown
// first. A show without a storyboard has no pictures, which is no error: the
// bar then shows times alone.
import {seconds} from '/web/format.js';

const CUE = /^(\S+) --> (\S+)/;
const PLACE = /^(.*)#xywh=(\d+),(\d+),(\d+),(\d+)$/;

function parse(text, base) {
  const cues = [];
  let from = NaN;
  let to = NaN;
  for (const line of text.split(/\r?\n/)) {
    const time = line.match(CUE);
    const place = line.match(PLACE);
    if (time) {
      [from, to] = [seconds(time[1]), seconds(time[2])];
    } else if (place && from >= 0) {
      const [x, y, width, height] = place.slice(2).map(Number);
      cues.push({from, to, url: new URL(place[1], base).href, x, y, width, height});
    }
  }
  return cues;
}

// Resolves to a function that gives the picture of a time, or null.
export async function storyboard(manifest, signal) {
  const from = new URL(manifest, location.href);
  const url = new URL('storyboard.vtt', from);
  for (const range of from.searchParams.getAll('t')) // of a clip
    url.searchParams.append('t', range);
  const answer = await fetch(url, {signal});
  const cues = answer.ok ? parse(await answer.text(), url) : [];
  return (time) => cues.findLast((cue) => cue.from <= time) || cues[0] || null;
}
