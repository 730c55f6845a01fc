// SPDX-License-Identifier: MIT
// said.js - what a campaign's daemons have said, in all of their lives: what
// the next one is held to. And numbers by chance, the same in every run of a
// seed.
import {createHash} from 'node:crypto';

export const kept = new Map(); // acknowledged assets: id -> SHA-256
export const leaving = new Set(); // delete was sent
export const gone = new Set(); // delete was acknowledged
export const sent = new Map(); // uploads without an answer: name -> SHA-256, null: never whole
export const streams = new Map(); // acknowledged: id -> clips
export const drafts = new Map(); // tus: path -> {name, bytes, offset, whole}; offset and path were acknowledged
export const calls = new Map(); // callback_url of acknowledged uploads: id -> name in the URL
export const counts = {kills: 0, steps: {}, uploads: 0, parts: 0, pulls: 0, appends: 0, deletes: 0, pieces: 0, downloads: 0,
  streams: 0, backups: 0, told: 0, looks: 0};

export const living = () => [...kept.keys()].filter((id) => !leaving.has(id));

export function forget(id) {
  kept.delete(id);
  calls.delete(id);
  leaving.delete(id);
  gone.add(id);
}

// mulberry32
let state = 1;
export const seedWith = (seed) => { state = seed; };
export function number(most) {
  state = (state + 0x6D2B79F5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) % most;
}
export const pick = (list) => list[number(list.length)];
export const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
export const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
