/**
 * The MCP project's own conformance suite, `conformance authorization`, against `mcpgw dev`. Without a client it would skip
 * the code grant and still exit 0, so what ran is counted.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agreeInChromium } from '../helpers/chromium-person.ts';
import { freePort } from '../helpers/free-port.ts';
import { type DevProcess, startDev } from '../helpers/mcpgw-process.ts';
import { chromiumMissing, launchChromium } from '../helpers/oauth-chromium.ts';
import { registerClient } from '../helpers/oauth-flow.ts';

const CONFORMANCE = fileURLToPath(
  new URL('../../node_modules/@modelcontextprotocol/conformance/dist/index.js', import.meta.url),
);
const SCENARIOS = ['authorization-code-grant', 'authorization-server-metadata-endpoint'];
const missing = chromiumMissing();

interface Check {
  id: string;
  status: string;
}

describe.skipIf(missing !== undefined)(
  `conformance authorization${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    let folder: string;
    let dev: DevProcess;
    let browser: Browser;
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'mcpgw-conformance-'));
      [dev, browser] = await Promise.all([
        startDev(['--services', 'echo-stateless'], { cwd: folder }),
        launchChromium(),
      ]);
    });
    afterAll(async () => {
      await Promise.all([dev?.stop(), browser?.close()]);
      rmSync(folder, { recursive: true, force: true });
    });

    async function run(extra: string[]) {
      const results = mkdtempSync(join(folder, 'results-'));
      const child = spawn(
        process.execPath,
        [CONFORMANCE, 'authorization', '--url', dev.issuer, '--output-dir', results, ...extra],
        { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
      );
      let output = '';
      let person: Promise<string[]> | undefined;
      const read = (chunk: Buffer): void => {
        output += chunk.toString();
        const url = /^http\S+\/authorize\?\S+(?=\n)/m.exec(output)?.[0];
        if (url !== undefined) person ??= agreeInChromium(browser, url);
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
      const scenarios = Object.fromEntries(
        readdirSync(results).map((entry) => [
          SCENARIOS.find((name) => entry.includes(`server-${name}-`)) ?? entry,
          JSON.parse(readFileSync(join(results, entry, 'checks.json'), 'utf8')) as Check[],
        ]),
      );
      return { code, output, pages: await person, scenarios };
    }

    /** How often each status came, by scenario. */
    const count = (scenarios: Record<string, Check[]>): Record<string, Record<string, number>> =>
      Object.fromEntries(
        Object.entries(scenarios).map(([name, checks]) => [
          name,
          Object.fromEntries(
            Object.entries(Object.groupBy(checks, ({ status }) => status)).map(([status, of]) => [
              status,
              of?.length ?? 0,
            ]),
          ),
        ]),
      );

    it('passes both scenarios, none skipped, the person’s part in Chromium', async () => {
      const port = await freePort();
      const client = await registerClient(dev.issuer, {
        client_name: 'Conformance suite',
        redirect_uris: [`http://127.0.0.1:${port}/callback`],
      });
      const { code, output, pages, scenarios } = await run([
        ...['--client-id', client.client_id],
        ...['--resource', dev.urls['echo-stateless'] ?? ''],
        ...['--port', String(port)],
      ]);
      expect(code, output).toBe(0);
      expect(pages?.[0]).toContain('Conformance suite');
      // Nothing but successes: a warning would be a rule that we could keep, a skip a scenario that did not run.
      expect(count(scenarios), output).toEqual({
        'authorization-code-grant': { SUCCESS: 1 },
        'authorization-server-metadata-endpoint': { SUCCESS: 2 },
      });
    });

    it('would notice a scenario that is skipped', async () => {
      const { code, scenarios } = await run([]);
      expect(code).toBe(0);
      expect(count(scenarios)).toMatchObject({ 'authorization-code-grant': { SKIPPED: 1 } });
    });
  },
);
