// browser.js - headless Chromium and a small server for the player harness.
//
// The harness is served from an address of its own, so that every request to
// reeld is cross-origin and CORS is tested with each player (HTTP-03).
import {createServer} from 'node:http';
import {readFile} from 'node:fs/promises';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join, normalize} from 'node:path';
import {chromium} from 'playwright-core';

const HERE = new URL('.', import.meta.url).pathname;
const LIB = process.env.REELD_TEST_NODE_MODULES || new URL('../node_modules/', import.meta.url).pathname;
const PATIENCE_MS = 150e3;
const TYPES = {html: 'text/html', js: 'text/javascript', css: 'text/css'};

async function serve() {
  const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url, 'http://x').pathname);
    const file = path.startsWith('/lib/') ? join(LIB, path.slice(5)) : join(HERE, path);
    try {
      const body = await readFile(file);
      response.writeHead(200, {'Content-Type': TYPES[file.split('.').pop()] || 'application/octet-stream'});
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {server, base: `http://127.0.0.1:${server.address().port}`};
}

export async function openBrowser() {
  const {server, base} = await serve();
  const profile = await mkdtemp(join(tmpdir(), 'reeld-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync',
      '--autoplay-policy=no-user-gesture-required', '--mute-audio'],
  });
  // Of anything that is waited for: the machine may be busy.
  context.setDefaultTimeout(PATIENCE_MS);
  return {
    context,
    async page(url) {
      const page = await context.newPage();
      await page.goto(url);
      return page;
    },
    async player(player, url, {adapts = true} = {}) {
      const page = await this.page(`${base}/harness.html?player=${player}&adapts=${adapts}&url=${encodeURIComponent(url)}`);
      await page.waitForFunction(() => window.ready);
      await page.evaluate(() => window.ready);
      return page;
    },
    async close() {
      await context.close();
      server.close();
      await rm(profile, {recursive: true, force: true});
    },
  };
}
