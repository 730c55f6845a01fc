// SPDX-License-Identifier: MIT
// remote.js - somebody else's server, for pulls and callbacks: on loopback, it
// answers as the test says and keeps what it was asked.
import {createServer} from 'node:http';

// `handle(request, response, body)`; the server closes with stop().
export async function startRemote(handle) {
  const asked = [];
  const server = createServer((request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts);
      asked.push({method: request.method, url: request.url, headers: request.headers, body, at: Date.now()});
      handle(request, response, body);
    });
    request.on('error', () => {}); // hung up on: the test knows why
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${server.address().port}`;
  const stop = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return {base, asked, stop};
}

// Serves `bytes` with Range and If-Range, and ends each answer after `most`.
export function sendFile(request, response, bytes, {etag = '"v1"', most = Infinity, status} = {}) {
  const range = request.headers.range?.match(/^bytes=(\d+)-$/);
  const isSame = !request.headers['if-range'] || request.headers['if-range'] === etag;
  const from = range && isSame && !status ? Number(range[1]) : 0;
  if (range && from >= bytes.length) {
    response.writeHead(416, {'content-range': `bytes */${bytes.length}`}).end();
    return;
  }
  const part = bytes.subarray(from);
  const headers = {'content-type': 'video/mp4', 'content-length': part.length, ...(etag ? {etag} : {})};
  if (from > 0)
    headers['content-range'] = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
  response.writeHead(from > 0 ? 206 : 200, headers);
  if (part.length <= most) {
    response.end(part);
    return;
  }
  response.write(part.subarray(0, most), () => setTimeout(() => response.destroy(), 50));
}

export async function until(what, check, seconds = 60) {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const found = await check();
    if (found)
      return found;
    if (Date.now() > deadline)
      throw new Error(`not within ${seconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
