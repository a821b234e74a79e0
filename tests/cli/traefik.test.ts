import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { noDocker } from './support/docker.ts';
import { GITHUB, runInit } from './support/run-init.ts';
import { type Arrived, type RunningTraefik, startTraefik } from './support/traefik.ts';

const reason = noDocker({ image: 'traefik:v3.7' }) ?? noDocker({ image: 'node:24-slim' });
const SERVICES = ['echo-stateful', 'memory'];
const D = 'mcp.example.com';

/** Lines of errors and warnings, but for the one that Traefik 3.7 writes at each start whatever its configuration is. */
function trouble(logs: string): string[] {
  return logs
    .split('\n')
    .filter((line) => / (?:ERR|WRN|FTL) /.test(line) && !line.includes('encoded-characters-configuration'));
}

/** What auth got when it was asked, which the stand-in puts into the context. */
function asked(arrived: Arrived): Arrived {
  return JSON.parse(Buffer.from(arrived.headers['x-mcpgw-context'] ?? '', 'base64url').toString()) as Arrived;
}

describe.skipIf(reason !== undefined)(
  `Traefik with the generated files${reason === undefined ? '' : ` (skipped: ${reason})`}`,
  () => {
    describe.each(['subdomain', 'path'])('%s mode', (mode) => {
      let folder: string;
      let traefik: RunningTraefik;
      const host = (service: string) => (mode === 'path' ? D : `${service}.${D}`);
      const mcp = (service: string) => (mode === 'path' ? `/${service}/mcp` : '/mcp');
      const root = (service: string) => (mode === 'path' ? `/${service}` : '');
      const token = { authorization: 'Bearer ok' };
      const arrivedAt = async (...args: Parameters<RunningTraefik['ask']>) => {
        const answer = await traefik.ask(...args);
        expect(answer.status, answer.body).toBe(200);
        return JSON.parse(answer.body) as Arrived;
      };

      beforeAll(async () => {
        folder = mkdtempSync(join(tmpdir(), 'mcpgw-traefik-'));
        await runInit({ ...GITHUB, dir: folder, mode, tls: 'off', services: SERVICES.join(',') });
        traefik = await startTraefik(folder, ['auth', ...SERVICES], [host('memory'), mcp('memory')]);
      }, 30_000);
      afterAll(() => {
        traefik?.stop();
        rmSync(folder, { recursive: true, force: true });
      });

      test('auth answers on its own host, never under /verify or an unknown path', async () => {
        expect(await arrivedAt(host('auth'), '/token', { method: 'POST' })).toMatchObject({
          url: '/token',
          method: 'POST',
        });
        for (const path of ['/verify/memory', '/health', '/nothing-here', '/metrics']) {
          expect((await traefik.ask(host('auth'), path, { headers: token })).status).toBe(404);
        }
        expect((await traefik.ask('evil.example', '/token')).status).toBe(404);
      });

      test('a service asks auth, under its own name, and gets the identity but no token and no cookie', async () => {
        const headers = {
          ...token,
          cookie: 'session=1',
          'x-user-id': 'evil',
          'x-forwarded-for': '6.6.6.6',
          'x-forwarded-uri': '/evil',
        };
        for (const path of [mcp('memory'), `${mcp('memory')}/`]) {
          const arrived = await arrivedAt(host('memory'), path, { method: 'POST', headers });
          expect(arrived).toMatchObject({ url: '/mcp', method: 'POST' });
          expect(arrived.headers).toMatchObject({
            'x-user-id': 'github:1',
            'x-user-name': 'octocat',
            'x-client-id': 'c1',
          });
          expect(arrived.headers).not.toHaveProperty('authorization');
          expect(arrived.headers).not.toHaveProperty('cookie');
          expect(arrived.headers['x-forwarded-for']).not.toContain('6.6.6.6');
          expect(asked(arrived).url).toBe('/verify/memory');
          expect(asked(arrived).headers).not.toHaveProperty('x-user-id');
          expect(asked(arrived).headers['x-forwarded-uri']).not.toBe('/evil');
        }
      });

      test('the echo diagnostics alone see the token', async () => {
        const arrived = await arrivedAt(host('echo-stateful'), mcp('echo-stateful'), { headers: token });
        expect(arrived.headers.authorization).toBe('Bearer ok');
        expect(asked(arrived).url).toBe('/verify/echo-stateful');
      });

      test('without a token every path of a service is 401 with the challenge, also an OPTIONS that is no preflight', async () => {
        for (const [path, method] of [
          [mcp('memory'), 'POST'],
          [`${root('memory')}/x`, 'GET'],
          [mcp('memory'), 'OPTIONS'],
        ] as const) {
          const answer = await traefik.ask(host('memory'), path, {
            method,
            headers: { 'x-user-id': 'evil', origin: 'https://a.example' },
          });
          expect(answer.status).toBe(401);
          expect(answer.headers['www-authenticate']).toContain('Bearer');
          expect(answer.headers['access-control-allow-origin']).toBe('*');
          expect(answer.headers['access-control-expose-headers']).toContain('WWW-Authenticate');
        }
      });

      test('discovery is public on the service, and what clients make up is led to auth', async () => {
        const metadata = await arrivedAt(
          host('memory'),
          `/.well-known/oauth-protected-resource${mcp('memory')}`,
        );
        expect(metadata.url).toBe('/.well-known/oauth-protected-resource/memory');
        expect((await arrivedAt(host('memory'), `${root('memory')}/token`, { method: 'POST' })).url).toBe(
          '/token',
        );
        const { status, headers } = await traefik.ask(
          host('memory'),
          `${root('memory')}/authorize?a=1&b=%2F`,
        );
        expect([status, headers.location]).toEqual([302, `https://${host('auth')}/authorize?a=1&b=%2F`]);
      });

      test('a preflight is answered without a token', async () => {
        const headers = { origin: 'https://a.example', 'access-control-request-method': 'POST' };
        const answer = await traefik.ask(host('memory'), mcp('memory'), { method: 'OPTIONS', headers });
        expect(answer.status).toBe(200);
        expect(answer.headers['access-control-allow-headers']).toContain('Authorization');
        expect(answer.headers['access-control-allow-methods']).toContain('DELETE');
        expect(answer.headers).not.toHaveProperty('access-control-allow-credentials');
      });

      test('a path that can be read in two ways is refused', async () => {
        for (const path of ['/a%2fb', '/a%5cb', '/a%00', '/a%3b', '/a%25', '/a%3f', '/a%23']) {
          expect(
            (await traefik.ask(host('memory'), root('memory') + path, { headers: token })).status,
            path,
          ).toBe(400);
        }
      });

      test('answers carry security headers, and neither a cookie nor a name of the service', async () => {
        const { headers } = await traefik.ask(host('memory'), mcp('memory'), { headers: token });
        expect(headers).toMatchObject({
          'x-content-type-options': 'nosniff',
          'x-frame-options': 'DENY',
          'referrer-policy': 'no-referrer',
        });
        expect(headers).not.toHaveProperty('set-cookie');
        expect(headers).not.toHaveProperty('server');
      });

      test('the log has no error, no query and no token; the health check passes', async () => {
        await traefik.ask(host('auth'), '/callback?code=topsecretcode', {
          headers: { authorization: 'Bearer topsecrettoken' },
        });
        expect(traefik.healthcheck()).toBe(0);
        const logs = traefik.logs();
        expect(logs).toContain('/callback');
        expect(logs).not.toContain('topsecret');
        expect(trouble(logs)).toEqual([]);
      });
    });

    test('more requests than the limit from one address are 429', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'mcpgw-traefik-'));
      const flags = { ...GITHUB, dir: folder, tls: 'off', services: 'memory' };
      await runInit({ ...flags, set: ['EDGE_RATE_LIMIT=5'] });
      const traefik = await startTraefik(folder, ['auth', 'memory'], [`memory.${D}`, '/mcp']);
      try {
        const all = Array.from({ length: 40 }, () => traefik.ask(`auth.${D}`, '/token', { method: 'POST' }));
        const statuses = (await Promise.all(all)).map(({ status }) => status);
        expect(statuses).toContain(429);
        expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(5);
        expect(trouble(traefik.logs())).toEqual([]);
      } finally {
        traefik.stop();
        rmSync(folder, { recursive: true, force: true });
      }
    }, 30_000);

    test('with acme: HTTP leads to HTTPS on the public port, and nothing but the unreachable authority is an error', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'mcpgw-traefik-'));
      await runInit({ ...GITHUB, dir: folder, httpsPort: '8443', services: 'memory' });
      const traefik = await startTraefik(folder, ['auth', 'memory'], [`memory.${D}`, '/mcp']);
      try {
        const { status, headers } = await traefik.ask(`memory.${D}`, '/mcp?a=1');
        expect([status, headers.location]).toEqual([301, `https://memory.${D}:8443/mcp?a=1`]);
        expect(traefik.healthcheck()).toBe(0);
        await vi.waitFor(() => expect(trouble(traefik.logs()).join()).toContain('ACME'), 10_000);
        expect(trouble(traefik.logs()).filter((line) => !line.includes('ACME'))).toEqual([]);
        // That a mistake would be seen, and that a changed file is taken while Traefik runs.
        writeFileSync(join(folder, 'traefik/dynamic/mistake.yaml'), 'http: { routes: {} }\n');
        await vi.waitFor(() => expect(trouble(traefik.logs()).join()).toContain('routes'), 10_000);
      } finally {
        traefik.stop();
        rmSync(folder, { recursive: true, force: true });
      }
    }, 30_000);
  },
);
