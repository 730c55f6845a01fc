// serve.js - made segments and manifests under wrk against nginx serving the
// same bytes as files, server on one core, client on the other, rounds
// interleaved; ratios are medians of the ratio within a round.
import {execFileSync, spawn} from 'node:child_process';
import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {startDaemon} from '../http/daemon.js';
import {looped} from './tools.js';
import {SCRATCH, cpuSeconds, median, table} from './tools.js';

const ROUNDS = 7;
const SECONDS = 3;
const CONNECTIONS = 64;
const NGINX_PORT = 18088;

function nginxConfig(root) {
  return `daemon off; worker_processes 1; pid ${root}/nginx.pid; error_log ${root}/error.log;
events { worker_connections 1024; }
http { access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;
  open_file_cache max=1000; open_file_cache_valid 60s; default_type application/octet-stream;
  server { listen 127.0.0.1:${NGINX_PORT}; root ${root}/files; } }\n`;
}

// All that a run of wrk says. `url` of nginx, when it is a path alone; `script`:
// a file in Lua that makes the requests.
function runWrk(url, headers, script) {
  const text = execFileSync('taskset', ['-c', '1', 'wrk', '-t1', `-c${CONNECTIONS}`, `-d${SECONDS}s`,
    ...(script ? ['-s', script] : []), ...headers.flatMap((h) => ['-H', h]),
    new URL(url, `http://127.0.0.1:${NGINX_PORT}`).href]).toString();
  if (/Non-2xx/.test(text))
    throw new Error(`${url}: ${text}`);
  return text;
}

// Requests a second.
export function wrk(url, headers = []) {
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(runWrk(url, headers))[1]);
}

// Microseconds of a process's CPU for each request of a run in which no two
// are alike: `path` is Lua, of the request's number `n`.
export function wrkFresh(pid, base, path) {
  const script = join(SCRATCH, 'fresh.lua');
  writeFileSync(script, `local n = 0
function request() n = n + 1 return wrk.format("GET", ${path}) end\n`);
  const before = cpuSeconds(pid);
  const [, count] = /(\d+) requests in/.exec(runWrk(base, [], script));
  return (cpuSeconds(pid) - before) / Number(count) * 1e6;
}

export async function startNginx(files) {
  const root = join(SCRATCH, 'nginx');
  mkdirSync(join(root, 'files'), {recursive: true});
  for (const [name, bytes] of Object.entries(files))
    writeFileSync(join(root, 'files', name), bytes);
  writeFileSync(join(root, 'nginx.conf'), nginxConfig(root));
  const nginx = spawn('taskset', ['-c', '0', 'nginx', '-c', join(root, 'nginx.conf')], {stdio: 'ignore'});
  await sleep(500);
  return nginx;
}

// The segment whose size is nearest to what is asked for.
async function segmentOf(base, count, bytes) {
  let best = null;
  for (let i = 0; i < count; i++) {
    const answer = await fetch(`${base}/${i}.m4s`);
    if (answer.status !== 200)
      throw new Error(`${base}/${i}.m4s: HTTP ${answer.status}`);
    const body = Buffer.from(await answer.arrayBuffer());
    if (!best || Math.abs(body.length - bytes) < Math.abs(best.body.length - bytes))
      best = {url: `${base}/${i}.m4s`, body};
  }
  return best;
}

export default async function serve() {
  const daemon = await startDaemon(['--http-threads', '1', '--ladder', 'on_demand', '--connections-per-address', '0']);
  const asset = await daemon.upload(looped(60));
  execFileSync('taskset', ['-a', '-p', '-c', '0', String(daemon.pid)]);
  const root = asset.playback.hls.replace('/index.m3u8', '');
  const count = asset.renditions.find((r) => r.name === 'source').segments;
  const large = await segmentOf(`${root}/source`, count, 1 << 20);
  const small = await segmentOf(`${root}/240p`, count, 100 << 10);
  const manifest = {url: `${root}/source/index.m3u8`};
  manifest.body = Buffer.from(await (await fetch(manifest.url)).arrayBuffer());
  const cases = {large, small, manifest};
  const nginx = await startNginx(Object.fromEntries(Object.entries(cases).map(([n, c]) => [n, c.body])));
  const rows = [['what', 'bytes', 'nginx req/s', 'reeld req/s', 'ratio', 'us CPU a request']];
  for (const [name, one] of Object.entries(cases)) {
    const theirs = [], ours = [], ratios = [], cpu = [];
    for (let i = 0; i < ROUNDS; i++) {
      theirs.push(wrk(`/${name}`));
      const before = cpuSeconds(daemon.pid);
      ours.push(wrk(one.url));
      cpu.push((cpuSeconds(daemon.pid) - before) / (ours[i] * SECONDS) * 1e6);
      ratios.push(ours[i] / theirs[i]);
    }
    rows.push([name, one.body.length, median(theirs).toFixed(0), median(ours).toFixed(0),
      median(ratios).toFixed(2), median(cpu).toFixed(1)]);
  }
  nginx.kill();
  await daemon.stop();
  table(rows);
}
