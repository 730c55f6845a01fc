// SPDX-License-Identifier: MIT
// power.js PUBLISHER [STRIDE] - the power goes (REL-04): one life of an upload
// is traced, and what its disk may hold afterwards is built again and looked at.
//
//   write write rename SYNC write write SAID ...
//   `--- pending: any of it may be lost; what was synced is there
//
// At each sync and each answer: the last k of what is pending are lost, for
// every k; then one of them alone; then all but one. Names are made durable by
// the sync of their directory alone, as POSIX has it. Of all these ends each
// STRIDEth is looked at.
import {execFileSync, spawnSync} from 'node:child_process';
import {cpSync, mkdtempSync, openSync, closeSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';

const [publisher, stride] = [process.argv[2], Number(process.argv[3] ?? 1)];
const base = mkdtempSync(join(process.env.CRASH_DIR || tmpdir(), 'reeld-power-'));
const at = (name) => join(base, name);
const FOLDER = at('now');
const TRACE_BYTES = 8 << 20; // of one call

// ---- what was done -------------------------------------------------------------

function traceLife() {
  const said = execFileSync(publisher, ['make', at('made')]).toString();
  cpSync(at('made'), FOLDER, {recursive: true});
  const words = openSync(at('words'), 'w');
  const traced = spawnSync('strace', ['-f', '-y', '-xx', '-s', String(TRACE_BYTES), '-o', at('trace'), '-e',
    'trace=openat,close,write,pwrite64,ftruncate,fallocate,renameat2,unlink,unlinkat,mkdirat,fsync,fdatasync',
    publisher, 'live', FOLDER], {stdio: ['ignore', words, 'inherit']});
  closeSync(words);
  if (traced.status !== 0)
    throw new Error(`a life ended with ${traced.status ?? traced.signal}`);
  return {said, lines: readFileSync(at('trace'), 'latin1').split('\n')};
}

const plain = (hex) => Buffer.from(hex.replaceAll('\\x', ''), 'hex');

// {call, ret, fds: [{fd, path}], strings: [Buffer], numbers: [n], text}
function readCall(line) {
  const found = line.match(/^\d+ +(\w+)\((.*)\) += (-?\d+)(?:<([^>]*)>)?/s);
  if (!found)
    return null;
  const [, call, text, ret, retPath] = found;
  const fds = [...text.matchAll(/(?:^|, )(AT_FDCWD|\d+)<([^>]*)>/g)].map(([, fd, path]) => ({fd: Number(fd), path: plain(path).toString()}));
  const strings = [...text.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map(([, hex]) => plain(hex));
  const numbers = text.replace(/<[^>]*>|"[^"]*"/g, '').split(', ').map(Number);
  return {call, text, ret: Number(ret), retPath: retPath && plain(retPath).toString(), fds, strings, numbers};
}

// Every file that there was, by its path below the folder.
function startingFiles() {
  const names = new Map();
  for (const entry of readdirSync(at('made'), {recursive: true})) {
    const path = join(at('made'), entry);
    if (statSync(path).isFile())
      names.set(entry, {before: readFileSync(path)});
  }
  return names;
}

// As one list: {say} or {sync: inode or directory} or {file, change} or {folder,
// change}. A change of a file maps its bytes, one of a folder the names.
function readTrace(lines, started) {
  const names = new Map(started);
  const open = new Map(); // descriptor -> {path, file, position}
  const steps = [];
  const below = (path) => (path.startsWith(`${FOLDER}/`) ? path.slice(FOLDER.length + 1) : null);
  const rename = (folder, change) => {
    change(names);
    steps.push({folder, change});
  };
  const write = (fd, from, bytes) => {
    const {file, path} = open.get(fd) ?? {};
    if (file && !path.endsWith('-shm')) // made anew by whoever opens the log
      steps.push({file, change: (old) => Buffer.concat([old.subarray(0, from), Buffer.alloc(Math.max(0, from - old.length)), bytes,
        old.subarray(from + bytes.length)])});
  };
  const cut = (fd, size, isCut) => {
    const {file, path} = open.get(fd) ?? {};
    if (file && !path.endsWith('-shm'))
      steps.push({file, change: (old) => (old.length >= size ? (isCut ? old.subarray(0, size) : old)
        : Buffer.concat([old, Buffer.alloc(size - old.length)]))});
  };
  for (const c of lines.map(readCall).filter((one) => one && one.ret >= 0)) {
    const fd = c.fds[0]?.fd;
    const pathOf = (i) => {
      const name = c.strings[i].toString();
      return below(name.startsWith('/') ? name : join(c.fds[i].path, name));
    };
    switch (c.call) {
      case 'openat': {
        const path = below(c.retPath);
        if (path !== null && /O_CREAT/.test(c.text) && !names.has(path)) {
          const file = {before: Buffer.alloc(0)};
          rename(dirname(path), (all) => all.set(path, file));
        }
        open.set(c.ret, {path: path ?? c.retPath, file: names.get(path), position: 0});
        break;
      }
      case 'close':
        open.delete(fd);
        break;
      case 'write':
        if (fd === 1) {
          steps.push({say: c.strings[0].toString()});
        } else {
          write(fd, open.get(fd)?.position, c.strings[0]);
          if (open.has(fd))
            open.get(fd).position += c.ret;
        }
        break;
      case 'pwrite64':
        write(fd, c.numbers.at(-1), c.strings[0]);
        break;
      case 'ftruncate':
        cut(fd, c.numbers.at(-1), true);
        break;
      case 'fallocate':
        if (!/KEEP_SIZE/.test(c.text))
          cut(fd, c.numbers.at(-2) + c.numbers.at(-1), false);
        break;
      case 'renameat2': {
        const [from, to] = [pathOf(0), pathOf(1)];
        const file = names.get(from);
        rename(dirname(to), (all) => { all.delete(from); all.set(to, file); });
        break;
      }
      case 'unlink':
      case 'unlinkat': {
        const path = c.call === 'unlink' ? below(c.strings[0].toString()) : pathOf(0);
        rename(dirname(path), (all) => all.delete(path));
        break;
      }
      case 'fsync':
      case 'fdatasync': {
        const {path, file} = open.get(fd);
        steps.push({sync: file ?? (path === FOLDER ? '.' : path)});
        break;
      }
      default:
        throw new Error(`${c.call} is not expected here`);
    }
  }
  return steps;
}

// ---- what may be left ----------------------------------------------------------

const isSynced = (step, sync) => step.file === sync || step.folder === sync;

// Every moment at which more is promised or less is pending: {kept, pending,
// words}, steps in order.
function* moments(steps, words) {
  let done = [];
  let pending = new Set();
  for (const step of [...steps, {sync: null}]) {
    if (step.sync !== undefined || step.say !== undefined)
      yield {done, pending: [...pending], words};
    if (step.say !== undefined) {
      words += step.say;
    } else if (step.sync !== undefined) {
      pending = new Set([...pending].filter((p) => !isSynced(p, step.sync)));
    } else {
      done = [...done, step];
      pending = new Set([...pending, step]);
    }
    if (step.say !== undefined)
      yield {done, pending: [...pending], words};
  }
}

// What is lost of `pending`: [label, those].
function* losses(pending) {
  for (let k = 0; k <= pending.length; k++)
    yield [`the last ${k} of ${pending.length}`, pending.slice(pending.length - k)];
  for (const [i, one] of pending.entries()) {
    yield [`number ${i} of ${pending.length}`, [one]];
    yield [`all but number ${i} of ${pending.length}`, pending.filter((p) => p !== one)];
  }
}

function layOut(started, done, lost) {
  const names = new Map(started);
  const bytes = new Map();
  for (const step of done.filter((s) => !lost.has(s)))
    if (step.file)
      bytes.set(step.file, step.change(bytes.get(step.file) ?? step.file.before));
    else
      step.change(names);
  for (const entry of readdirSync(FOLDER, {recursive: true, withFileTypes: true}))
    if (entry.isFile())
      rmSync(join(entry.parentPath ?? entry.path, entry.name));
  for (const [path, file] of names)
    if (!path.endsWith('-shm'))
      writeFileSync(join(FOLDER, path), bytes.get(file) ?? file.before, {mode: 0o600});
}

const {said, lines} = traceLife();
const started = startingFiles();
const steps = readTrace(lines, started);
if (steps.filter((s) => s.say).length !== 4 || steps.filter((s) => s.sync).length < 10)
  throw new Error('the trace was not understood');
let seen = 0, looked = 0, failed = 0;
for (const {done, pending, words} of moments(steps, said))
  for (const [label, lost] of losses(pending)) {
    if (seen++ % stride !== 0)
      continue;
    layOut(started, done, new Set(lost));
    const {status, stderr} = spawnSync(publisher, ['check', FOLDER], {input: words});
    looked++;
    if (status === 0)
      continue;
    failed++;
    console.log(`after ${done.length} steps, without ${label}: ${stderr}\n${words.replace(/^/gm, '    said: ')}`);
  }
rmSync(base, {recursive: true});
console.log(`${looked - failed} passed, ${failed} failed: the power goes`);
process.exitCode = failed || looked === 0 ? 1 : 0;
