// memory.js - resident memory of the daemon and of a worker, bytes on disk.
import {connect} from 'node:net';
import {statSync} from 'node:fs';
import {setTimeout as sleep} from 'node:timers/promises';
import {startDaemon} from '../http/daemon.js';
import {media} from '../http/media.js';
import {bytesUnder, childrenOf, looped, residentMiB, table} from './tools.js';

const CONNECTIONS = 1000;

function keptOpen(daemon) {
  return new Promise((resolve, reject) => {
    const {hostname, port} = new URL(daemon.base);
    const socket = connect(Number(port), hostname);
    socket.once('data', () => resolve(socket));
    socket.once('error', reject);
    socket.write(`GET /healthz HTTP/1.1\r\nHost: ${hostname}:${port}\r\n\r\n`);
  });
}

async function daemonMemory() {
  const daemon = await startDaemon(['--connections-per-address', '0', '--idle-timeout', '60s']);
  await sleep(1000);
  const idle = residentMiB(daemon.pid);
  const sockets = [];
  for (let i = 0; i < CONNECTIONS; i++)
    sockets.push(await keptOpen(daemon));
  const busy = residentMiB(daemon.pid);
  sockets.forEach((s) => s.destroy());
  await daemon.stop();
  return {idle, busy};
}

async function workerMemory() {
  const daemon = await startDaemon(['--ladder', 'background']);
  const asset = await daemon.upload(media('film/bbb-1080p25-44s.mp4'));
  let most = 0;
  for (;;) {
    for (const pid of childrenOf(daemon.pid))
      most = Math.max(most, residentMiB(pid));
    const {progress} = await daemon.json(`/v1/assets/${asset.id}`);
    if (progress >= 1)
      break;
    await sleep(200);
  }
  await daemon.stop();
  return most;
}

async function diskRatio() {
  const file = looped(60);
  const daemon = await startDaemon(['--ladder', 'on_demand']);
  await daemon.upload(file);
  await sleep(2000);
  const ratio = bytesUnder(daemon.dataDir) / statSync(file).size;
  await daemon.stop();
  return ratio;
}

export default async function memory() {
  const {idle, busy} = await daemonMemory();
  table([['what', 'measured'],
    ['daemon, idle', `${idle.toFixed(1)} MiB`],
    [`daemon, ${CONNECTIONS} keep-alive connections`, `${busy.toFixed(1)} MiB`],
    ['worker, 1080p ladder, most', `${(await workerMemory()).toFixed(0)} MiB`],
    ['bytes on disk after a compatible upload', `${(await diskRatio()).toFixed(3)} x the upload`]]);
}
