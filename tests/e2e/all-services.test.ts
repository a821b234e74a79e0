/**
 * Every service of the catalog under `mcpgw dev`, for every client: the SDK's, old and new, and MCP Inspector's command
 * line in both eras. The servers are the official ones, unmodified, fetched from their registries.
 */
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtinCatalog } from '../../cli/package-root.ts';
import { loadCatalog } from '../../runtime/config/catalog.ts';
import { findCommand } from '../../runtime/install/find-command.ts';
import type { Launch } from '../../runtime/install/launch.ts';
import { connectInspector, installInspector } from '../helpers/inspector.ts';
import { connectLegacy, connectPinned, Credentials, type McpClient } from '../helpers/mcp-clients.ts';
import { type DevProcess, startDev } from '../helpers/mcpgw-process.ts';
import { chromiumMissing } from '../helpers/oauth-chromium.ts';
import {
  answerOf,
  type ServiceCall,
  serviceCalls,
  type ServiceName,
  SERVICES,
} from '../helpers/service-calls.ts';
import { PAGE, PAGE_HTML } from '../helpers/stack-page.ts';
import { tmuxMissing } from '../helpers/tmux.ts';

const missing = [chromiumMissing(), tmuxMissing()].filter((reason) => reason !== undefined).join(', ');

/** Without what this release only describes. */
const served = SERVICES.filter((service) => !loadCatalog([builtinCatalog()]).services.get(service)?.planned);

describe.skipIf(missing !== '')(`all services${missing && ` (skipped: ${missing})`}`, () => {
  let folder: string;
  let dev: DevProcess;
  let inspector: Launch;
  let page: Server;
  let calls: Record<ServiceName, ServiceCall>;
  /** One sign-in for each service: who calls is not what is tested here. */
  const credentials = new Map(SERVICES.map((service) => [service, new Credentials(service)]));

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mcpgw-all-'));
    page = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end(PAGE_HTML);
    }).listen(0, '127.0.0.1');
    await once(page, 'listening');
    calls = serviceCalls({
      url: `http://127.0.0.1:${(page.address() as AddressInfo).port}/`,
      title: PAGE.title,
    });
    [dev, inspector] = await Promise.all([
      startDev(['--services', 'all'], { cwd: folder }),
      installInspector(join(folder, 'inspector')),
    ]);
  }, 600_000);
  afterAll(async () => {
    await dev?.stop();
    page?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('are there', () => {
    expect(Object.keys(dev.ready).sort()).toEqual(served);
  });

  type Connect = (url: string, options: { credentials: Credentials }) => Promise<McpClient>;
  const clients: [string, Connect][] = [
    ['SDK 1.x client', connectLegacy],
    ['SDK 2.x client, 2026-07-28', connectPinned],
    ['MCP Inspector', (url, options) => connectInspector(inspector, 'legacy', url, options)],
    ['MCP Inspector, 2026-07-28', (url, options) => connectInspector(inspector, 'modern', url, options)],
  ];
  describe.each(clients)('%s', (_, connect) => {
    it.each(served)('calls a tool of %s', async (service) => {
      const client = await connect(dev.urls[service] as string, {
        credentials: credentials.get(service) as Credentials,
      });
      try {
        expect(await client.listTools()).toContain(calls[service].tool);
        expect(await answerOf(client, calls[service])).toMatch(calls[service].answer);
      } finally {
        await client.close();
      }
    });
  });

  it('keep terminal sessions from one MCP session to the next', async () => {
    const options = { credentials: credentials.get('tmux') as Credentials };
    const first = await connectLegacy(dev.urls.tmux as string, options);
    await first.callTool('run_command', { session: 'stays', create: true, command: 'word=kept' });
    const second = await connectLegacy(dev.urls.tmux as string, options);
    await first.close();
    const again = { session: 'stays', command: 'echo "$word"' };
    expect(await second.callTool('run_command', again)).toMatch(/^kept$/m);
    await second.close();
  });
});

it('a machine that lacks what some need serves the others, and says what to install', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mcpgw-bare-'));
  const bin = join(folder, 'bin');
  // Of this machine only what starts Node: no Python, no tmux, no uv.
  mkdirSync(bin);
  for (const name of ['node', 'sh', 'env']) {
    const path = findCommand(name, process.env.PATH ?? '');
    if (path !== undefined) symlinkSync(path, join(bin, name));
  }
  const services = ['echo-stateless', 'fetch', 'time', 'tmux'];
  const dev = await startDev(['--services', services.join(',')], {
    cwd: folder,
    env: { ...process.env, PATH: bin },
  });
  try {
    const failed = dev.events
      .filter(({ event }) => event === 'failed')
      .map(({ service, reason }) => [service, reason]);
    const python = expect.stringMatching(/^needs uv, or Python 3\.10 .*python3-venv/) as string;
    expect(failed.sort()).toEqual([
      ['fetch', python],
      ['time', python],
      ['tmux', expect.stringMatching(/^needs tmux \(on Debian the package tmux\); bash$/) as string],
    ]);
    expect(Object.keys(dev.ready)).toEqual(['echo-stateless']);
    expect((await fetch(dev.urls.time as string, { method: 'POST' })).status).toBe(401);
  } finally {
    await dev.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
