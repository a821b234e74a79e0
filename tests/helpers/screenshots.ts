/**
 * Writes a picture of every page, light, dark and narrow, to look at: `node tests/helpers/screenshots.ts FOLDER`. Not
 * part of any suite; the values are made up.
 */
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { launchChromium } from './oauth-chromium.ts';
import { SAMPLE_PAGES, STYLESHEET } from './sample-pages.ts';

const VIEWS = [
  { name: 'light', colorScheme: 'light', width: 900 },
  { name: 'dark', colorScheme: 'dark', width: 900 },
  { name: 'narrow', colorScheme: 'light', width: 320 },
  { name: 'narrow-dark', colorScheme: 'dark', width: 320 },
] as const;

const folder = process.argv[2];
if (folder === undefined) throw new Error('Name a folder: node tests/helpers/screenshots.ts FOLDER');
mkdirSync(folder, { recursive: true });

const server = createServer((request, response) => {
  const name = (request.url ?? '/').slice(1);
  if (name === 'assets/style.css') return void response.setHeader('content-type', 'text/css').end(STYLESHEET);
  const html = SAMPLE_PAGES.get(name);
  response.writeHead(html === undefined ? 404 : 200, { 'content-type': 'text/html; charset=utf-8' });
  // A page that moves on would be gone before its picture is taken.
  response.end(html?.replace(/<meta http-equiv="refresh"[^>]*>/, ''));
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const browser = await launchChromium();
for (const { name: view, colorScheme, width } of VIEWS) {
  const context = await browser.newContext({
    colorScheme,
    reducedMotion: 'reduce',
    viewport: { width, height: 640 },
    deviceScaleFactor: 1.5,
  });
  const page = await context.newPage();
  for (const name of SAMPLE_PAGES.keys()) {
    await page.goto(`${origin}/${name}`);
    await page.screenshot({ path: join(folder, `${name}-${view}.png`), fullPage: true });
  }
  await context.close();
}
await browser.close();
server.close();
