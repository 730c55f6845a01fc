// readme.test.js - what README says under "Use", pasted line for line into a
// shell, with a reeld of the test's in the place of the demo's.
import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {copyFileSync, mkdtempSync, mkdirSync, readFileSync, rmSync, symlinkSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {startDaemon} from './daemon.js';
import {film} from './films.js';

const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const MINUTE = 60 * 1000;
// Players have no screen here, and are not waited for long; curl that gets an
// error has failed. A stream of events has no end: three seconds of it do. The
// pull may be over before it is cancelled, and the source is other assets' too.
const SHELL = `
set -eu -o pipefail
mpv() { command mpv --no-config --vo=null --ao=null --speed=20 --really-quiet "$@"; }
curl() {
    case " $* " in
    *" -N "*) command curl -sS -f --max-time 3 "$@" || [ $? -eq 28 ] ;;
    *"/cancel "* | *"DELETE"*"/source "*) command curl -sS "$@" ;;
    *) command curl -sS -f "$@" ;;
    esac
}
MESSAGE=m TIME=1
echo '{}' > body.json
`;
let daemon;
let place;

// The indented lines of a section, in one piece.
function commands(title) {
  const [, section] = README.split(`\n## ${title}\n`);
  return section.split('\n## ')[0].split('\n').filter((line) => line.startsWith('    ')).map((line) => line.slice(4)).join('\n');
}

before(async () => {
  daemon = await startDaemon();
  place = mkdtempSync(join(tmpdir(), 'reeld-readme-'));
  mkdirSync(join(place, 'demo-data'));
  symlinkSync(join(daemon.dataDir, 'admin.key'), join(place, 'demo-data/admin.key'));
  copyFileSync(film('long.mp4'), join(place, 'talk.mp4'));
}, {timeout: MINUTE});

after(async () => {
  await daemon?.stop();
  rmSync(place, {recursive: true, force: true});
});

test('every command under "Use" works as pasted', {timeout: 4 * MINUTE}, () => {
  const script = commands('Use').replaceAll('http://127.0.0.1:8080', daemon.base);
  assert.ok(script.includes('/v1/assets'), 'the section is there');
  const run = spawnSync('bash', ['-c', `${SHELL}set -v\n${script}\n`], {cwd: place, encoding: 'utf8', maxBuffer: 1 << 26, timeout: 3 * MINUTE});
  assert.equal(run.status, 0, `${run.stderr.slice(-3000)}\n${run.stdout.slice(-2000)}`);
});
