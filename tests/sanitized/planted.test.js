// SPDX-License-Identifier: MIT
// planted.test.js - mistakes made on purpose, in the place of a daemon that is
// built with sanitizers: none is passed over. Whoever stops such a daemon gets
// to know, and the report is where tests/run-all looks for it, also when the
// daemon was killed and no exit status could tell.
import assert from 'node:assert/strict';
import {readFileSync, readdirSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {startDaemon} from '../http/daemon.js';

const REPORTS = process.env.REELD_TEST_REPORTS;
const EXPECTED = /\/san-thread\//.test(process.env.REELD) ? {race: /ThreadSanitizer: data race/} : {
  overflow: /AddressSanitizer: heap-buffer-overflow/,
  freed: /AddressSanitizer: heap-use-after-free/,
  leak: /LeakSanitizer: detected memory leaks/,
  sum: /signed integer overflow/,
};

// What was reported since; as it was made on purpose, it counts no more.
function takeReports() {
  return readdirSync(REPORTS).map((name) => {
    const text = readFileSync(join(REPORTS, name), 'utf8');
    rmSync(join(REPORTS, name));
    return text;
  });
}

for (const [mistake, expected] of Object.entries(EXPECTED))
  test(`${mistake}: stop() throws, and the report is kept`, async () => {
    const daemon = await startDaemon([mistake]);
    await assert.rejects(daemon.stop(), /reeld ended with [1-9]/);
    const reports = takeReports();
    assert.equal(reports.length, 1);
    assert.match(reports[0], expected);
    assert.match(reports[0], /planted\.c:\d+/, 'it tells no line');
  });

test('no mistake: nothing is reported', async () => {
  const daemon = await startDaemon(['none']);
  await daemon.stop();
  assert.deepEqual(takeReports(), []);
});

if (EXPECTED.race)
  test('a race in a daemon that is killed is reported', async () => {
    const daemon = await startDaemon(['race']);
    await daemon.kill();
    const reports = takeReports();
    assert.equal(reports.length, 1);
    assert.match(reports[0], EXPECTED.race);
  });
