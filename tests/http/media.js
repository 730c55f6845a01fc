// media.js - where the test media are, and what they should come to.
import {readFileSync, existsSync} from 'node:fs';
import {join} from 'node:path';

const ROOT = new URL('../../', import.meta.url).pathname;
export const MEDIA = process.env.REELD_TEST_MEDIA || join(ROOT, '..', 'shared', 'media');
export const hasMedia = existsSync(join(MEDIA, 'manifest.json'));

export const media = (file) => join(MEDIA, file);

// Every media file of the manifest that is not under bad/.
export function goodFiles() {
  if (!hasMedia)
    return [];
  const {files} = JSON.parse(readFileSync(media('manifest.json'), 'utf8'));
  return files.filter((f) => !f.file.startsWith('bad/') && f.streams?.length);
}

export function badFiles() {
  if (!hasMedia)
    return [];
  const {files} = JSON.parse(readFileSync(media('manifest.json'), 'utf8'));
  return files.filter((f) => f.file.startsWith('bad/'));
}
