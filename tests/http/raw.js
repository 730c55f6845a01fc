// SPDX-License-Identifier: MIT
// raw.js - bytes to a daemon as no client would send them, and what comes back.
import {connect} from 'node:net';

const NOT_SOON_MS = 60000;

// Sends `text` (a string stands for its bytes) and reads to the end. The client
// half stays open unless `ends`: whoever waits for more must give up by itself.
export function exchange(port, text, {ends = false, from, timeout = NOT_SOON_MS} = {}) {
  return new Promise((resolve, reject) => {
    const began = Date.now();
    const parts = [];
    const socket = connect({port, host: '127.0.0.1', localAddress: from});
    const finish = (how) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({text: Buffer.concat(parts).toString('latin1'), how, ms: Date.now() - began});
    };
    const timer = setTimeout(() => finish('hangs'), timeout);
    socket.on('connect', () => {
      const bytes = Buffer.isBuffer(text) ? text : Buffer.from(text, 'latin1');
      if (ends)
        socket.end(bytes);
      else
        socket.write(bytes);
    });
    socket.on('data', (part) => parts.push(part));
    socket.on('error', (error) => error.code === 'ECONNREFUSED' ? reject(error) : finish('reset'));
    socket.on('close', () => finish('closed'));
  });
}

// The status lines of all answers in it.
export const statuses = (text) => [...text.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map((m) => Number(m[1]));

// Runs `work` over `items`, so many at once, in order of their results.
export async function many(items, atOnce, work) {
  const results = new Array(items.length);
  let next = 0;
  await Promise.all(Array.from({length: atOnce}, async () => {
    while (next < items.length) {
      const i = next++;
      results[i] = await work(items[i], i);
    }
  }));
  return results;
}
