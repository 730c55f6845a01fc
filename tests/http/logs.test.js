// SPDX-License-Identifier: MIT
// logs.test.js - what the log says of a day's work, and what it never says
// (SEC-23).
import assert from 'node:assert/strict';
import {readFileSync, readdirSync} from 'node:fs';
import {after, before, test} from 'node:test';

import {startDaemon} from './daemon.js';
import {film} from './films.js';
import {startRemote, until} from './remote.js';

let reeld, remote;
before(async () => {
  reeld = await startDaemon(['--log-level', 'debug', '--access-log', 'on', '--ladder', 'on_demand', '--pull-allow', '127.0.0.1/32',
    '--callback-retry', '100ms', '--callback-pause', '200ms', '--callback-timeout', '1s']);
  remote = await startRemote((q, r) => (q.url === '/cut' ? r.destroy() : r.writeHead(q.url === '/refused' ? 500 : 204).end()));
});
after(async () => {
  await reeld?.stop();
  await remote?.stop();
});

const grantOf = (url) => new URL(url).pathname.split('/')[2];
const answers = () => reeld.lines.filter((l) => / http\.answer /.test(l));

// Of the daemon and of all that it has started.
function commandLines() {
  const parents = new Map();
  for (const pid of readdirSync('/proc').filter((n) => /^\d+$/.test(n))) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      parents.set(pid, stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    } catch { /* it has ended */ }
  }
  const own = [...parents].filter(([pid, parent]) => pid === String(reeld.pid) || parent === String(reeld.pid));
  return own.map(([pid]) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'latin1') + readFileSync(`/proc/${pid}/environ`, 'latin1');
    } catch {
      return '';
    }
  }).join('\n');
}

// Of webhooks that are answered with 204, with 500 and not at all, and of a
// callback; one has an old secret as well.
async function hookSecrets() {
  const secrets = [];
  for (const path of ['/fine', '/refused', '/cut']) {
    const hook = await (await reeld.call('POST', '/v1/webhooks', {json: {url: remote.base + path}})).json();
    secrets.push(hook.secret);
    if (path === '/fine')
      secrets.push((await (await reeld.call('POST', `/v1/webhooks/${hook.id}/rotate`)).json()).secret);
  }
  const own = 'whsec_' + Buffer.from('a secret of our own, 32 bytes it').toString('base64');
  const {status} = await reeld.tryUpload(film('silent.mp4'), {callback_url: `${remote.base}/called`, callback_secret: own});
  assert.ok(status < 300, `${status}`);
  return [...secrets, own].flatMap((s) => [s, s.replace('whsec_', ''), Buffer.from(s.replace('whsec_', ''), 'base64').toString('hex')]);
}

test('an answer is a line, with its request', async () => {
  const answer = await reeld.call('GET', '/v1/assets?limit=3', {headers: {'x-request-id': 'the-one'}});
  const length = (await answer.arrayBuffer()).byteLength;
  const line = answers().find((l) => l.includes('request=the-one'));
  assert.match(line, new RegExp(`^\\S+ info http\\.answer status=200 method="GET" path="/v1/assets" bytes=${length} us=\\d+ peer=127\\.0\\.0\\.1 request=the-one$`));
});

test('no secret is in the log, a command line or an error (SEC-23)', async () => {
  const secrets = [reeld.key, reeld.key.slice(-43)];
  const refused = [];
  const made = await (await reeld.call('POST', '/v1/keys', {json: {scopes: ['read'], label: 'x'}})).json();
  secrets.push(made.key ?? made.secret);
  secrets.push(...await hookSecrets());
  const asset = await reeld.upload(film('plain.mp4'));
  const grant = grantOf(asset.playback.hls);
  secrets.push(grant, grant.split('.')[2]);
  await until('the webhooks are told', () => remote.asked.filter((q) => q.body.includes(asset.id)).length >= 3);
  assert.ok(secrets.every((s) => s && s.length > 20), 'they are known');

  const base = `/p/${grant}/${asset.id}`;
  for (const path of [`${base}/index.m3u8`, `${base}/index.m3u8?container=ts`, `${base}/none.m3u8`, `${base}/1080p/99999.m4s`,
    `/p/${grant}`, `/p/${grant}/`, `//p/${grant}/x`, `/p//${grant}`, `/player?url=${encodeURIComponent(asset.playback.hls)}`,
    `/watch?v=${encodeURIComponent(base)}`, `/%70/${grant}/${asset.id}/index.m3u8`, `/nothing/${grant}`,
    `/v1/assets?key=${reeld.key}`, `/p/${grant}x/${asset.id}/index.m3u8`])
    refused.push(await (await reeld.call('GET', path, {key: ''})).text());
  for (const key of [`${reeld.key}x`, reeld.key.slice(0, -1), 'rk_', made.key ?? made.secret])
    refused.push(await (await reeld.call('POST', '/v1/keys', {json: {}, key})).text());
  refused.push(await (await reeld.call('POST', '/v1/assets', {json: {url: 'http://user:hunter2-and-more-of-it@127.0.0.1/'}})).text());
  secrets.push('hunter2-and-more-of-it');
  const lines = reeld.lines.join('\n');
  assert.ok(answers().length >= 15);
  assert.match(lines, new RegExp(`path="/p/\\*/${asset.id}/index\\.m3u8"`));
  const processes = commandLines();
  assert.match(processes, /reel-worker/);
  for (const secret of secrets) {
    assert.ok(!lines.includes(secret), `the log has it: ${reeld.lines.find((l) => l.includes(secret))}`);
    assert.ok(!processes.includes(secret), 'a process shows it');
    // A page that plays a link may name the link that it was given.
    for (const text of refused.filter((t) => !t.startsWith('<') && !t.startsWith('#')))
      assert.ok(!text.includes(secret), `an error has it: ${text}`);
  }
});

test('the page for operators knows each metric, state and limit', async () => {
  const answer = await fetch(`${reeld.base}/web/operations.html`);
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type'), /^text\/html/);
  assert.match(answer.headers.get('content-security-policy'), /default-src 'none'/);
  const page = await answer.text();
  const metrics = await (await fetch(`${reeld.base}/metrics`)).text();
  const names = [...metrics.matchAll(/^# TYPE (\S+) (counter|gauge)$/gm)];
  assert.ok(names.length > 25);
  for (const [, name, type] of names) {
    assert.ok(page.includes(`<td>${name}</td>`), `${name} is not explained`);
    // Prometheus' rules for names.
    assert.match(name, /^reeld_[a-z][a-z_]*$/);
    assert.equal(name.endsWith('_total'), type === 'counter', name);
    assert.match(metrics, new RegExp(`^# HELP ${name} \\S.*\\.$`, 'm'));
    assert.match(metrics, new RegExp(`^${name}(\\{[^}]+\\})? [0-9.]+$`, 'm'));
  }
  for (const [, name] of page.matchAll(/<td>(reeld_[a-z_]+)<\/td>/g))
    assert.ok(metrics.includes(`# TYPE ${name} `), `there is no ${name}`);
  for (const [, state] of metrics.matchAll(/^reeld_jobs\{kind="probe",state="([a-z]+)"\}/gm))
    assert.ok(page.includes(`<td>job</td><td>${state}</td>`), `state ${state} is not explained`);
  // What the page says of settings must be there to be set.
  const conf = readFileSync(new URL('../../conf/reeld.conf', import.meta.url), 'utf8');
  const limits = page.slice(page.indexOf('id="limits"'), page.indexOf('id="care"'));
  for (const [, list] of limits.matchAll(/<tr><td>([a-z_, ]+)<\/td>/g))
    for (const name of list.split(', '))
      assert.match(conf, new RegExp(`^#? ?${name} *=`, 'm'), `no setting ${name}`);
  assert.match(await (await fetch(`${reeld.base}/problems/no_space`)).text(), /\/web\/operations\.html/);
});
