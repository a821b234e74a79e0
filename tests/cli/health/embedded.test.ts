import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { examine } from '../../../cli/health/examine.ts';
import { serviceSchema } from '../../../runtime/config/catalog.ts';
import { findGateway } from '../../../cli/net/gateway.ts';
import { createHttpClient } from '../../../cli/net/http-client.ts';
import { mcpgw } from '../support/cli.ts';
import { startTestGateway } from './embedded-gateway.ts';

function look(folder: string) {
  const client = createHttpClient();
  const world = { client, now: Date.now, stopwatch: () => performance.now() };
  return findGateway(folder, {})
    .then((gateway) => examine(gateway, world))
    .finally(() => client.close());
}

describe('health of a running gateway', () => {
  it('is green, and leaves nothing behind', async () => {
    const { folder, gateway, events } = await startTestGateway();
    const report = await look(folder);
    expect(report.checks.filter(({ state }) => state !== 'ok')).toEqual([]);
    expect(report).toMatchObject({
      healthy: true,
      gateway: { kind: 'dev', issuer: gateway.issuer, store: 'SQLite' },
    });
    const seen = report.checks.map(({ check, subject }) => `${subject} ${check}`);
    for (const name of ['dns', 'discovery', 'jwks', 'store']) {
      expect(seen.some((line) => line.endsWith(name))).toBe(true);
    }
    for (const service of ['echo-stateful', 'echo-stateless']) {
      for (const name of ['metadata', 'challenge', 'initialize', 'tools']) {
        expect(seen).toContain(`${service} ${name}`);
      }
    }
    expect(gateway.stats().sessions).toBe(0);
    expect((await (await findGateway(folder, {})).admin(['list'])).body).toEqual({ clients: [] });
    const log = JSON.stringify(events);
    expect(log).toContain('health_tokens_issued');
    expect(log).toContain('health_tokens_ended');
    expect(log).not.toMatch(/eyJ/);
  });

  it('says why a server cannot start, in the words of the proxy', async () => {
    const service = serviceSchema.parse({
      ...{ name: 'broken', title: 'T', description: 'D', kind: 'proxy' },
      command: ['/bin/sh', '-c', 'echo WIDGET is not set >&2; exit 7'],
    });
    const { folder } = await startTestGateway({}, [{ service }]);
    const details: string[] = [];
    const more: unknown[] = [];
    for (let time = 0; time < 3; time += 1) {
      const { checks } = await look(folder);
      const found = checks.find(({ subject, check }) => subject === 'broken' && check === 'initialize');
      details.push(found?.detail ?? '');
      more.push([found?.remedy, found?.output]);
    }
    expect(details[0]).toMatch(/^initialize answered with 502: The server of 'broken' exited with code 7/);
    expect(details[2]).toMatch(/^initialize answered with 503: .* cannot start: exited with code 7/);
    expect(more).toEqual(Array(3).fill(['what mcpgw dev prints says more', ['WIDGET is not set']]));
    const { code, stdout } = await mcpgw(['health', '--dir', folder]);
    expect(code).toBe(3);
    expect(stdout).toMatch(
      /its log says why\.\n {4}WIDGET is not set\n {2}→ what mcpgw dev prints says more\n/,
    );
  });

  it('says why a service is not served, and so does the gateway', async () => {
    const service = serviceSchema.parse({
      ...{ name: 'missing', title: 'T', description: 'D', kind: 'proxy', command: ['no-such-command'] },
    });
    const { folder } = await startTestGateway({}, [{ service }]);
    const { checks } = await look(folder);
    expect(
      checks.find(({ subject, check }) => subject === 'missing' && check === 'initialize'),
    ).toMatchObject({
      state: 'failed',
      detail: 'it is not served: there is no command no-such-command on this machine',
      remedy: 'put that right, and start mcpgw dev again',
    });
  });

  it('has an admin API that the edge does not lead to', async () => {
    const { folder, gateway } = await startTestGateway();
    const { adminOrigin } = JSON.parse(readFileSync(join(folder, '.mcpgw', 'running.json'), 'utf8'));
    expect((await fetch(`${adminOrigin}/clients`)).status).toBe(401);
    for (const path of ['/clients', '/store', '/health-tokens', '/admin/clients']) {
      expect((await fetch(gateway.issuer + path)).status).toBe(404);
    }
    expect(new URL(adminOrigin).port).not.toBe(new URL(gateway.issuer).port);
  });

  it('exits 0 with a report in JSON, and with a table', async () => {
    const { folder } = await startTestGateway();
    const json = await mcpgw(['health', '--dir', folder, '--json']);
    expect(json).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(json.stdout)).toMatchObject({ healthy: true });
    expect(json.stdout).not.toMatch(/eyJ/);
    const text = await mcpgw(['health', '--dir', folder]);
    expect(text).toMatchObject({ code: 0, stderr: '' });
    expect(text.stdout).toContain('Healthy: ');
    expect(await mcpgw(['health', '--dir', folder, '--quiet'])).toMatchObject({
      code: 0,
      stdout: '',
      stderr: '',
    });
  });

  it('finds the gateway by a file that only its user reads and that goes when it ends', async () => {
    const { folder, close } = await startTestGateway();
    const path = join(folder, '.mcpgw', 'running.json');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const text = readFileSync(path, 'utf8');
    expect(text).not.toContain(readFileSync(join(folder, '.mcpgw', 'root-secret'), 'utf8'));
    await close();
    expect(existsSync(path)).toBe(false);
    await expect(look(folder)).rejects.toThrow(/no gateway runs in/);
    // One that was killed leaves its file.
    for (const pid of [process.pid, 2 ** 22 + 1]) {
      writeFileSync(path, text.replace(/"pid": \d+/, `"pid": ${pid}`));
      await expect(look(folder)).rejects.toThrow(/no gateway runs in/);
    }
  });
});
