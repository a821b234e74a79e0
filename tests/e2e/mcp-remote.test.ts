/** `mcp-remote`, the bridge that clients without OAuth use: signs in through a real browser and calls a tool. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agreeInChromium } from '../helpers/chromium-person.ts';
import { freePort } from '../helpers/free-port.ts';
import { type DevProcess, startDev } from '../helpers/mcpgw-process.ts';
import { chromiumMissing, launchChromium } from '../helpers/oauth-chromium.ts';

const MCP_REMOTE = fileURLToPath(new URL('../../node_modules/mcp-remote/dist/proxy.js', import.meta.url));
const missing = chromiumMissing();

describe.skipIf(missing !== undefined)(
  `mcp-remote${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    let folder: string;
    let dev: DevProcess;
    let browser: Browser;
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'mcpgw-remote-'));
      // A PATH without any browser: mcp-remote would open one by itself.
      mkdirSync(join(folder, 'bin'));
      symlinkSync(process.execPath, join(folder, 'bin', 'node'));
      [dev, browser] = await Promise.all([
        startDev(['--services', 'echo-stateful'], { cwd: folder }),
        launchChromium(),
      ]);
    });
    afterAll(async () => {
      await Promise.all([dev?.stop(), browser?.close()]);
      rmSync(folder, { recursive: true, force: true });
    });

    /** Starts it, signs in where it asks to, calls `echo`. @returns how often it asked */
    async function callEcho(message: string): Promise<{ text: string; signIns: number }> {
      const transport = new StdioClientTransport({
        command: process.execPath,
        args: [MCP_REMOTE, dev.urls['echo-stateful'] ?? '', String(await freePort())],
        env: { PATH: join(folder, 'bin'), HOME: folder, MCP_REMOTE_CONFIG_DIR: join(folder, 'state') },
        stderr: 'pipe',
      });
      let said = '';
      let person: Promise<string[]> | undefined;
      transport.stderr?.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        const url = /^http\S+\/authorize\?\S+(?=\n)/m.exec(said)?.[0];
        if (url !== undefined) person ??= agreeInChromium(browser, url);
      });
      const client = new Client({ name: 'mcp-remote test', version: '1.0.0' });
      try {
        await client.connect(transport);
        const { content } = await client.callTool({ name: 'echo', arguments: { message } });
        await person;
        return { text: JSON.stringify(content), signIns: person === undefined ? 0 : 1 };
      } catch (cause) {
        throw new Error(`mcp-remote said:\n${said}`, { cause });
      } finally {
        await client.close();
      }
    }

    it('signs in through the browser, calls a tool, and is signed in the next time', async () => {
      const first = await callEcho('through the bridge');
      expect(first.text).toContain('through the bridge');
      expect(first.signIns).toBe(1);
      const again = await callEcho('once more');
      expect(again.text).toContain('once more');
      expect(again.signIns).toBe(0);
      expect(dev.output()).not.toMatch(/eyJ[A-Za-z0-9_-]{10}/);
    });
  },
);
