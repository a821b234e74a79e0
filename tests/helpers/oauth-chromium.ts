import { existsSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';

const EXECUTABLE = '/usr/bin/chromium';

/** Why Chromium tests cannot run here; undefined when they can. CI sets `MCPGW_TEST_REQUIRE=all`, and then they must. */
export function chromiumMissing(): string | undefined {
  if (existsSync(EXECUTABLE)) return undefined;
  if (process.env.MCPGW_TEST_REQUIRE === 'all')
    throw new Error(`${EXECUTABLE} is missing and MCPGW_TEST_REQUIRE=all is set.`);
  return `${EXECUTABLE} is missing`;
}

export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: EXECUTABLE,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  });
}

/** What a page's console said that it should not have: refused by policy, missing, failed. */
export function watchConsole(page: Page): string[] {
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.location().url.endsWith('/favicon.ico'))
      complaints.push(message.text());
  });
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  return complaints;
}

/** Saves what a page looks like, where `MCPGW_TEST_SCREENSHOTS` names a folder. */
export async function screenshot(page: Page, name: string): Promise<void> {
  const folder = process.env.MCPGW_TEST_SCREENSHOTS;
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

export interface LoopbackClient {
  redirectUri: string;
  /** Settles with the parameters of the first answer. */
  answer: Promise<URLSearchParams>;
  close(): Promise<void>;
}

/**
 * A client that listens on loopback.
 *
 * @param onward where it sends the browser then, as some clients do
 */
export async function startLoopbackClient(onward?: string): Promise<LoopbackClient> {
  let settle: (answer: URLSearchParams) => void;
  const answer = new Promise<URLSearchParams>((resolve) => (settle = resolve));
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    if (url.pathname !== '/cb') return void response.writeHead(404).end();
    settle(url.searchParams);
    if (onward !== undefined) return void response.writeHead(302, { location: onward }).end();
    response
      .writeHead(200, { 'content-type': 'text/html' })
      .end('<title>client</title><p>You can close this window.');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    redirectUri: `http://127.0.0.1:${(server.address() as AddressInfo).port}/cb`,
    answer,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
