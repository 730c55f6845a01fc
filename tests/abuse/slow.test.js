// SPDX-License-Identifier: MIT
// slow.test.js - SEC-12: slow clients by the thousand, and a good one is served
// as if they were not there. `make abuse`.
import assert from 'node:assert/strict';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';

import {startDaemon} from '../http/daemon.js';
import {film} from '../http/films.js';
import {writeLongFilm} from '../http/line.js';
import {Crowd, connections, goodClient} from './slow.js';

const COUNT = Number(process.env.REELD_TEST_SLOW || 2000);
const P99_MS = Number(process.env.REELD_TEST_P99_MS || 100);
const HEADER_S = 5, REPLY_WINDOW_S = 30, SLACK_S = 5;
const MINUTE = 60e3;

test(`${COUNT} slow clients and a good one`, {timeout: 5 * MINUTE}, async (t) => {
  const place = mkdtempSync(join(tmpdir(), 'reeld-slow-'));
  const reeld = await startDaemon(['--ladder', 'on_demand', '--keep-free', '0', '--header-timeout', `${HEADER_S}s`, '--idle-timeout', '5s',
    '--connections', '4000', '--connections-per-address', '128', '--requests-per-key', '0']);
  let crowd;
  try {
    writeLongFilm(film('plain.mp4'), join(place, 'long.mp4'), 50e6);
    const asset = await reeld.upload(join(place, 'long.mp4'));
    const alone = await goodClient(reeld, ['/healthz'], 50, ((n) => () => n++ > 100)(0));
    crowd = new Crowd(reeld, {count: COUNT, big: `/v1/assets/${asset.id}/source`});
    let isOver = false;
    const paths = ['/healthz', `/v1/assets/${asset.id}`, '/v1/assets', new URL(asset.playback.hls).pathname];
    const good = goodClient(reeld, paths, 50, () => isOver);
    await crowd.come();
    // All are gone when the longest of their times is over.
    for (const until = Date.now() + (REPLY_WINDOW_S + SLACK_S) * 1000; Date.now() < until && await connections(reeld) > 10;)
      await sleep(500);
    isOver = true;
    const {asked, served, p50, p99, most} = await good;
    const left = await connections(reeld);
    t.diagnostic(`Measured: alone p99 ${alone.p99.toFixed(1)} ms; among ${COUNT}: ${served} of ${asked} served, ` +
      `p50 ${p50.toFixed(1)}, p99 ${p99.toFixed(1)}, most ${most.toFixed(1)} ms; ${left} connections left`);
    assert.ok(left <= 10, `${left} connections are left`);
    assert.ok(served >= 0.99 * asked, `${served} of ${asked} were served`);
    assert.ok(p99 < P99_MS, `p99 is ${p99} ms`);
  } finally {
    crowd?.leave();
    await reeld.stop();
    rmSync(place, {recursive: true, force: true});
  }
});
