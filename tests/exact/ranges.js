// SPDX-License-Identifier: MIT
// ranges.js - random ranges of an asset, of the kinds that get cuts wrong.

const us = (own, ticks) => Math.round(ticks * 1e6 / own.timescale);
const pick = (random, list) => list[Math.floor(random() * list.length)];

// Longer ones only cost time: what is between the edges is the asset's own.
const LONGEST_US = 9e6;

function anywhere(random, lengthUs) {
  const start = Math.floor(random() * lengthUs * 0.98 / 1000) * 1000;
  const longest = Math.min(LONGEST_US, lengthUs - start);
  return [start, start + Math.max(1000, Math.floor(random() * longest / 1000) * 1000)];
}

// Both ends are times of pictures, told to the microsecond as JSON has them.
function onPictures(random, own) {
  const from = Math.floor(random() * (own.times.length - 1));
  const to = Math.min(own.times.length - 1, from + 1 + Math.floor(random() * 150));
  return [us(own, own.times[from]), us(own, own.times[to])];
}

function onBorder(random, own, lengthUs) {
  const start = us(own, pick(random, own.borders));
  return [start, start + Math.floor((0.1 + random() * 5) * 1e6)].map((t) => Math.min(t, lengthUs));
}

const onePicture = (random, own) => {
  const i = Math.floor(random() * (own.times.length - 1));
  return [us(own, own.times[i]), us(own, own.times[i + 1])];
};

const openEnd = (random, own, lengthUs) => [Math.floor(Math.max(0, lengthUs - random() * LONGEST_US)), null];

const KINDS = [anywhere, onPictures, anywhere, onBorder, openEnd, onePicture];

// Range number `i` of an asset, [start, end or null] in microseconds, with at
// least one picture in it (`count` of a range says how many).
export function randomRange(random, own, i, count) {
  const lengthUs = own.times ? us(own, own.end) : Math.floor(own.asset.duration * 1e6);
  for (let tries = 0; tries < 1000; tries++) {
    const kind = own.times?.length > 1 ? KINDS[(i + (tries >> 5)) % KINDS.length] : anywhere;
    const range = kind === anywhere ? anywhere(random, lengthUs) : kind(random, own, lengthUs);
    if ((range[1] === null || range[1] > range[0]) && count(range) > 0)
      return range;
  }
  throw new Error(`${own.asset.name}: no range of kind ${i}`);
}
