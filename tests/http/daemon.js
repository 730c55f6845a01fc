// SPDX-License-Identifier: MIT
// daemon.js - starts a real reeld for a test, on a port and a directory of its
// own, and talks with it.
import {spawn} from 'node:child_process';
import {createReadStream, readFileSync, readdirSync} from 'node:fs';
import {mkdtemp, readFile, rm} from 'node:fs/promises';
import {request} from 'node:http';
import {tmpdir} from 'node:os';
import {basename, join} from 'node:path';
import {createInterface} from 'node:readline';

const ROOT = new URL('../../', import.meta.url).pathname;
const PROGRAM = process.env.REELD || join(ROOT, 'build/release/reeld');

// What the tests are told by environment is not for the daemon, to which every
// REELD_ name is a setting.
export function ownEnvironment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^REELD_(TEST|BENCH)_/.test(name)));
}

// The run-time of a sanitizer takes the allocator and the clock for itself.
export const isSanitized = /\/san-/.test(PROGRAM);

// Processes that a process has started, by whichever of its threads.
export function childrenOf(pid) {
  const read = (thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').trim().split(' ').filter(Boolean);
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap(read).map(Number);
  } catch {
    return []; // it is gone
  }
}

// Resolves to the port once the daemon says that it listens.
function listening(child, lines) {
  return new Promise((resolve, reject) => {
    createInterface({input: child.stderr}).on('line', (line) => {
      lines.push(line);
      const found = line.match(/ api\.serving port=(\d+)/);
      if (found)
        resolve(Number(found[1]));
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`reeld ended with ${code}:\n${lines.join('\n')}`)));
  });
}

// Runs one of the program's commands on a data directory.
export function command(dataDir, ...words) {
  return new Promise((resolve) => {
    const child = spawn(PROGRAM, [...words, '--data-dir', dataDir], {stdio: ['ignore', 'pipe', 'pipe'], env: ownEnvironment()});
    const text = {stdout: '', stderr: ''};
    for (const name of ['stdout', 'stderr'])
      child[name].on('data', (part) => { text[name] += part; });
    child.once('close', (code, signal) => resolve({code, signal, ...text}));
  });
}

// A busy machine takes its time; a flag wins.
const PATIENT = {REELD_SEGMENT_WAIT: '4m'};

// `flags`: ['--segment-wait', '2s']. A directory that is given is used as it
// is; in every case it goes with stop(), unless `keeps`. `under` is a program,
// with its words, that runs it; `env`: more of its environment.
export async function startDaemon(flags = [], {directory, keeps = false, under = [], env = {}} = {}) {
  const dataDir = directory || await mkdtemp(join(tmpdir(), 'reeld-test-'));
  const lines = [];
  const [program, ...args] = [...under, PROGRAM, 'serve', '--listen', '127.0.0.1:0', '--data-dir', dataDir, ...flags];
  const child = spawn(program, args, {stdio: ['ignore', 'ignore', 'pipe'], env: {...ownEnvironment(), ...PATIENT, ...env}});
  const port = await listening(child, lines);
  const isDaemon = readFileSync(`/proc/${child.pid}/comm`, 'utf8').trim() === 'reeld';
  const pid = isDaemon ? child.pid : childrenOf(child.pid)[0];
  const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve({code, signal})));
  // Seen as the daemon sees it: it may have mounts of its own.
  const key = (await readFile(join(`/proc/${pid}/root`, dataDir, 'admin.key'), 'utf8').catch(() => '')).trim();
  return new Daemon({child, pid, port, base: `http://127.0.0.1:${port}`, dataDir, flags, lines, ended, key, keeps});
}

// One of a test's own, for as long as `work` takes.
export async function withDaemon(flags, work) {
  const own = await startDaemon(['--ladder', 'on_demand', ...flags]);
  try {
    await work(own);
  } finally {
    await own.stop();
  }
}

class Daemon {
  constructor(parts) {
    Object.assign(this, parts);
  }

  // An API call with the admin key (`key: ''` for none); `json` is the body. On a
  // connection of its own: one that is kept may be closed as idle at any time.
  call(method, path, {json, body, headers = {}, key = this.key} = {}) {
    return fetch(this.base + path, {
      method,
      body: json === undefined ? body : JSON.stringify(json),
      duplex: 'half',
      headers: {
        connection: 'close',
        ...(key ? {authorization: `Bearer ${key}`} : {}),
        ...(json === undefined ? {} : {'content-type': 'application/json'}),
        ...headers,
      },
    });
  }

  async json(path) {
    const answer = await this.call('GET', path);
    if (answer.status !== 200)
      throw new Error(`GET ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  // Sends a file as it is; `query` of more than a name as an object.
  async tryUpload(file, query = {}, headers = {}) {
    const text = new URLSearchParams({name: basename(file), ...query});
    const answer = await this.call('POST', `/v1/assets?${text}`, {
      body: createReadStream(file),
      headers: {'content-type': 'application/octet-stream', ...headers},
    });
    return {status: answer.status, headers: answer.headers, body: await answer.json()};
  }

  async upload(file, query, headers) {
    const {status, body} = await this.tryUpload(file, query, headers);
    if (status !== 201)
      throw new Error(`upload of ${file}: ${status} ${JSON.stringify(body)}`);
    return body;
  }

  // What fetch() hides: bytes as they come, any path and header as they are.
  raw(method, path, headers = {}) {
    return new Promise((resolve, reject) => {
      const asked = request({host: '127.0.0.1', port: this.port, method, path, headers, agent: false}, (answer) => {
        const parts = [];
        answer.on('data', (part) => parts.push(part));
        answer.on('end', () => resolve({status: answer.statusCode, headers: answer.headers, body: Buffer.concat(parts)}));
        answer.on('error', reject);
      });
      asked.on('error', reject);
      asked.end();
    });
  }

  async kill() {
    try {
      if (this.pid) // else it was gone before it could be asked for
        process.kill(this.pid, 'SIGKILL');
    } catch (error) {
      if (error.code !== 'ESRCH') // it ended by itself just now
        throw error;
    }
    return this.ended;
  }

  // After kill(): the same directory and settings, another process and port.
  restart() {
    return startDaemon(this.flags, {directory: this.dataDir, keeps: this.keeps});
  }

  // What a sanitizer found while it ran or ended is in its exit status.
  async stop() {
    process.kill(this.pid, 'SIGTERM');
    const how = await this.ended;
    if (!this.keeps)
      await rm(this.dataDir, {recursive: true, force: true, maxRetries: 5});
    if (how.code !== 0 && how.signal !== 'SIGKILL')
      throw new Error(`reeld ended with ${how.code ?? how.signal}:\n${this.lines.slice(-60).join('\n')}`);
    return how;
  }
}
