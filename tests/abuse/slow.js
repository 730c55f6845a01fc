// SPDX-License-Identifier: MIT
// slow.js - clients that are slow on purpose, by the thousand, from many
// addresses, and a good one among them that is timed.
import {connect} from 'node:net';
import {Agent, request} from 'node:http';
import {setTimeout as sleep} from 'node:timers/promises';

const DRIP_MS = 1000;
const A_ADDRESS = 100; // fewer than may come from one

// What each kind says first, and then a byte at a time for ever; readers ask
// for much and read nothing.
function kinds(reeld, big) {
  const key = `Authorization: Bearer ${reeld.key}\r\n`;
  return {
    headers: {first: 'GET / HTTP/1.1\r\nHost: h\r\nX: ', drip: 'x'},
    bodies: {first: `POST /v1/assets HTTP/1.1\r\nHost: h\r\n${key}Content-Type: video/mp4\r\nContent-Length: 1000000\r\n\r\n`, drip: 'x'},
    json: {first: `POST /v1/streams HTTP/1.1\r\nHost: h\r\n${key}Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n`, drip: ' '},
    chunks: {first: `POST /v1/streams HTTP/1.1\r\nHost: h\r\n${key}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`, drip: '1\r\n \r\n'},
    readers: {first: `GET ${big} HTTP/1.1\r\nHost: h\r\n${key}\r\n`, drip: null},
    silent: {first: '', drip: null},
    idle: {first: 'GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n', drip: null},
  };
}

export class Crowd {
  constructor(reeld, {count, big = '/', kinds: names}) {
    this.reeld = reeld;
    this.kinds = kinds(reeld, big);
    this.count = count;
    this.sockets = new Set();
    this.ended = 0;
    this.names = names || Object.keys(this.kinds);
  }

  enter(i) {
    const {first, drip} = this.kinds[this.names[i % this.names.length]];
    const address = 2 + Math.floor(i / A_ADDRESS);
    return new Promise((resolve) => {
      const socket = connect({port: this.reeld.port, host: '127.0.0.1', localAddress: `127.0.${address >> 8}.${address & 255}`});
      this.sockets.add(socket);
      let timer = null;
      socket.on('error', () => {});
      socket.on('close', () => {
        clearInterval(timer);
        this.ended++;
        this.sockets.delete(socket);
        resolve();
      });
      socket.on('connect', () => {
        socket.pause(); // nothing is read
        socket.write(first);
        if (drip)
          timer = setInterval(() => socket.write(drip), DRIP_MS);
        resolve();
      });
      // A socket that reads nothing never sees its end: it looks now and then.
      if (!drip)
        timer = setInterval(() => socket.write('', (error) => error && socket.destroy()), DRIP_MS);
    });
  }

  async come() {
    for (let i = 0; i < this.count; i += 100)
      await Promise.all(Array.from({length: Math.min(100, this.count - i)}, (_, k) => this.enter(i + k)));
  }

  leave() {
    for (const socket of this.sockets)
      socket.destroy();
  }
}

function ask(agent, port, path, key) {
  return new Promise((resolve) => {
    const began = performance.now();
    const asked = request({agent, host: '127.0.0.1', port, path, headers: {authorization: `Bearer ${key}`}, timeout: 20000}, (answer) => {
      answer.resume();
      answer.on('end', () => resolve({status: answer.statusCode, ms: performance.now() - began}));
      answer.on('error', () => resolve({status: 0, ms: performance.now() - began}));
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve({status: 0, ms: performance.now() - began}));
    asked.end();
  });
}

// Asks until `isOver()`, at `perSecond`, over a new connection every tenth time.
export async function goodClient(reeld, paths, perSecond, isOver) {
  const kept = new Agent({keepAlive: true, maxSockets: 4});
  const answers = [];
  for (let i = 0; !isOver(); i++) {
    const agent = i % 10 === 0 ? new Agent({keepAlive: false}) : kept;
    answers.push(ask(agent, reeld.port, paths[i % paths.length], reeld.key));
    await sleep(1000 / perSecond);
  }
  const all = await Promise.all(answers);
  kept.destroy();
  const times = all.filter((a) => a.status === 200).map((a) => a.ms).sort((a, b) => a - b);
  const at = (share) => times[Math.min(times.length - 1, Math.floor(share * times.length))];
  return {asked: all.length, served: times.length, p50: at(0.5), p99: at(0.99), most: times.at(-1)};
}

export async function connections(reeld) {
  const text = await (await fetch(`${reeld.base}/metrics`)).text();
  return Number(/^reeld_http_connections (\d+)$/m.exec(text)[1]);
}
