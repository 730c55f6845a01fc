// secrets.js - whether the time of a refusal tells how much of a key or a grant
// was right: altered at the front, at the back, or of a name that nobody has.
// Threat model SEC-15, SEC-16.
import {Agent, request} from 'node:http';
import {startDaemon} from '../http/daemon.js';
import {film} from '../http/films.js';
import {median, now, table} from './tools.js';

const ROUNDS = 5000;
const WARM_UP = 200;
// Of one address few wrong keys are looked at: each comes from another.
const ADDRESSES = 60000;

const altered = (text, at) => text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);

function ask(port, agent, {path, headers = {}, localAddress}) {
  return new Promise((resolve, reject) => {
    const begun = now();
    const asked = request({host: '127.0.0.1', port, path, headers, agent, localAddress}, (answer) => {
      const ms = now() - begun;
      answer.resume();
      answer.on('end', () => resolve({status: answer.statusCode, ms}));
    });
    asked.on('error', reject);
    asked.end();
  });
}

// Welch's t of two samples without their slowest tenth, which is the machine's.
function welch(a, b) {
  const kept = (values) => [...values].sort((x, y) => x - y).slice(0, Math.floor(values.length * 0.9));
  const of = (values) => {
    const mean = values.reduce((x, y) => x + y, 0) / values.length;
    return {mean, error: values.reduce((s, v) => s + (v - mean) ** 2, 0) / (values.length - 1) / values.length};
  };
  const [x, y] = [of(kept(a)), of(kept(b))];
  return (x.mean - y.mean) / Math.sqrt(x.error + y.error);
}

// The kinds in turn, so that what disturbs one disturbs all.
async function timed(daemon, kinds, status, isFromMany) {
  const times = kinds.map(() => []);
  const agent = isFromMany ? false : new Agent({keepAlive: true, maxSockets: 1});
  for (let i = 0; i < ROUNDS; i++) {
    for (const [k, kind] of kinds.entries()) {
      const n = (i * kinds.length + k) % ADDRESSES;
      const localAddress = isFromMany ? `127.9.${n >> 8}.${1 + (n & 127)}` : undefined;
      const answer = await ask(daemon.port, agent, {...kind, localAddress});
      if (answer.status !== status)
        throw new Error(`${kind.what}: HTTP ${answer.status}`);
      if (i >= WARM_UP)
        times[k].push(answer.ms);
    }
  }
  if (agent)
    agent.destroy();
  return kinds.map((kind, k) => [kind.what, (1000 * median(times[k])).toFixed(1),
    (median(times[k]) / median(times[0])).toFixed(3), k ? welch(times[k], times[0]).toFixed(1) : '']);
}

export default async function secrets() {
  const daemon = await startDaemon(['--ladder', 'on_demand', '--requests-per-key', '0', '--connections-per-address', '0']);
  const asset = await daemon.upload(film('plain.mp4'));
  const [, front, grant, rest] = /^(\/p\/)([^/]+)(\/.*)$/.exec(new URL(asset.playback.hls).pathname);
  const bearer = (what, key) => ({what, path: '/v1/system', headers: {authorization: `Bearer ${key}`}});
  const [, id, secret] = /^rk_([^_]+)_(.*)$/.exec(daemon.key);
  const played = (what, text) => ({what, path: front + text + rest});
  const mac = grant.lastIndexOf('.') + 1;
  const rows = [['what is wrong', 'p50, us', 'of the first', "Welch's t"],
    ...await timed(daemon, [
      bearer('key: first letter of the secret', `rk_${id}_${altered(secret, 0)}`),
      bearer('key: a letter near its end', `rk_${id}_${altered(secret, secret.length - 2)}`),
      bearer('key: nobody has that name', `rk_${altered(id, id.length - 1)}_${secret}`),
    ], 401, true),
    ...await timed(daemon, [
      played('grant: first letter of the MAC', altered(grant, mac)),
      played('grant: a letter near its end', altered(grant, grant.length - 2)),
      played('grant: no such key of ours', grant.replace(/^\d+/, '77')),
    ], 403, false)];
  await daemon.stop();
  table(rows);
}
