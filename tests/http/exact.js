// SPDX-License-Identifier: MIT
// exact.js - for tests that look at every picture: playlists, times, lengths.
import assert from 'node:assert/strict';

// A tick of a millisecond container.
export const TOLERANCE_S = 0.0011;

export const fromZero = (times) => {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted.map((t) => t - sorted[0]);
};

export async function text(url) {
  const answer = await fetch(url);
  const body = await answer.text();
  assert.equal(answer.status, 200, `${url}: ${body}`);
  return body;
}

// URLs of the playlists of pictures that a multivariant playlist names.
export async function variants(url) {
  const lines = (await text(url)).split('\n');
  return lines.filter((line, i) => line && line[0] !== '#' && /RESOLUTION=/.test(lines[i - 1]))
    .map((line) => new URL(line, url).href);
}

export function assertTimes(got, expected, what) {
  assert.equal(got.length, expected.length, `${what}: number of pictures`);
  got.forEach((t, i) => assert.ok(Math.abs(t - expected[i]) <= TOLERANCE_S, `${what}: picture ${i} at ${t}, not ${expected[i]}`));
}

export async function assertLength(playlist, expected, what) {
  const parts = [...(await text(playlist)).matchAll(/#EXTINF:([\d.]+)/g)].map((m) => Number(m[1]));
  const sum = parts.reduce((a, b) => a + b, 0);
  assert.ok(Math.abs(sum - expected) <= TOLERANCE_S, `${what}: ${sum} s, not ${expected}`);
}
