// SPDX-License-Identifier: MIT
// daemon.js - starts a real reeld for a test, on a port and a directory of its
// own, and talks with it.
import {spawn} from 'node:child_process';
import {mkdtemp, readFile, rm} from 'node:fs/promises';
import {request} from 'node:http';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import {createInterface} from 'node:readline';

const ROOT = resolve(import.meta.dirname, '../..');
const PROGRAM = process.env.REELD || join(ROOT, 'build/release/reeld');

// Resolves to the port once the daemon says that it listens.
function listening(child, lines) {
  return new Promise((done, failed) => {
    createInterface({input: child.stderr}).on('line', (line) => {
      lines.push(line);
      const found = line.match(/reeld\.listening address=\S*:(\d+)/);
      if (found)
        done(Number(found[1]));
    });
    child.once('error', failed);
    child.once('exit', (code) => failed(new Error(`reeld ended with ${code}:\n${lines.join('\n')}`)));
  });
}

// `settings`: {segment_wait: '2s'} becomes --segment-wait=2s. A directory that
// is given is used as it is and stays.
export async function start(settings = {}, {directory} = {}) {
  const own = directory || await mkdtemp(join(tmpdir(), 'reeld-test-'));
  const flags = Object.entries({listen: '127.0.0.1:0', data_dir: own, ...settings})
    .map(([name, value]) => `--${name.replaceAll('_', '-')}=${value}`);
  const lines = [];
  const child = spawn(PROGRAM, ['serve', ...flags], {stdio: ['ignore', 'ignore', 'pipe']});
  const port = await listening(child, lines);
  const ended = new Promise((done) => child.once('exit', (code, signal) => done({code, signal})));
  const daemon = new Daemon({child, port, directory: own, lines, ended, keeps: Boolean(directory)});
  daemon.key = (await readFile(join(own, 'admin.key'), 'utf8').catch(() => '')).trim();
  return daemon;
}

class Daemon {
  constructor(parts) {
    Object.assign(this, parts);
    this.origin = `http://127.0.0.1:${this.port}`;
  }

  // An API call with the admin key; `body` that is a plain object is JSON.
  call(method, path, {body, headers = {}, key = this.key} = {}) {
    const isJson = body && Object.getPrototypeOf(body) === Object.prototype;
    return fetch(this.origin + path, {
      method,
      body: isJson ? JSON.stringify(body) : body,
      duplex: 'half',
      headers: {
        ...(key ? {authorization: `Bearer ${key}`} : {}),
        ...(isJson ? {'content-type': 'application/json'} : {}),
        ...headers,
      },
    });
  }

  async upload(path, {query = '', headers = {}} = {}) {
    return this.call('POST', `/v1/assets${query}`, {
      body: await readFile(path),
      headers: {'content-type': 'application/octet-stream', ...headers},
    });
  }

  // What fetch() hides: raw header order, no decompression, any path as it is.
  raw(method, path, headers = {}) {
    return new Promise((done, failed) => {
      const asked = request({host: '127.0.0.1', port: this.port, method, path, headers, agent: false}, (answer) => {
        const parts = [];
        answer.on('data', (part) => parts.push(part));
        answer.on('end', () => done({status: answer.statusCode, headers: answer.headers, body: Buffer.concat(parts)}));
        answer.on('error', failed);
      });
      asked.on('error', failed);
      asked.end();
    });
  }

  async stop() {
    this.child.kill('SIGTERM');
    const how = await this.ended;
    if (!this.keeps)
      await rm(this.directory, {recursive: true, force: true});
    return how;
  }
}
