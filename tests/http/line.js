// SPDX-License-Identifier: MIT
// line.js - a line between a client and a daemon that can be cut, or stalls.
import {randomFillSync} from 'node:crypto';
import {closeSync, openSync, readFileSync, writeSync} from 'node:fs';
import {connect, createServer} from 'node:net';

// `to` tells the port, anew for each connection.
export async function startLine(to) {
  const line = new Line(to);
  await new Promise((resolve) => line.server.listen(0, '127.0.0.1', resolve));
  line.port = line.server.address().port;
  line.base = `http://127.0.0.1:${line.port}`;
  return line;
}

class Line {
  constructor(to) {
    this.to = to;
    this.pairs = new Set();
    this.sent = 0;      // bytes that clients sent, over all connections
    this.most = Infinity; // at so many no more is taken, and onMost() called
    this.onMost = () => {};
    this.server = createServer((client) => this.join(client));
  }

  join(client) {
    const server = connect(this.to(), '127.0.0.1');
    const pair = {client, server};
    this.pairs.add(pair);
    const end = () => {
      client.destroy();
      server.destroy();
      this.pairs.delete(pair);
    };
    for (const socket of [client, server])
      socket.on('error', end).on('close', end);
    server.pipe(client);
    client.on('data', (data) => {
      if (this.sent >= this.most)
        return;
      this.sent += data.length;
      if (!server.write(data)) {
        client.pause();
        server.once('drain', () => client.resume());
      }
      if (this.sent >= this.most)
        this.onMost();
    });
    client.on('end', () => server.end());
  }

  cut() {
    for (const {client, server} of this.pairs) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
  }

  async stop() {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

// A film made long: behind it stands a box that players skip.
export function writeLongFilm(from, to, bytes) {
  const film = readFileSync(from);
  const box = Buffer.alloc(8);
  box.writeUInt32BE(bytes - film.length);
  box.write('free', 4, 'latin1');
  const file = openSync(to, 'w');
  writeSync(file, film);
  writeSync(file, box);
  const block = Buffer.alloc(1 << 20);
  for (let left = bytes - film.length - 8; left > 0; left -= block.length)
    writeSync(file, randomFillSync(block), 0, Math.min(left, block.length));
  closeSync(file);
}
