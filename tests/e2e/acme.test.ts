/** `TLS_MODE=acme` against a real ACME server (pebble): certificates are issued for every host, and renewed. */
import { get as plainGet } from 'node:http';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { type AcmeGateway, createAcmeGateway, noAcme, VALID_SECONDS } from './acme-gateway.ts';

const reason = noAcme();
const title = `acme${reason === undefined ? '' : ` (skipped: ${reason})`}`;
const ISSUED = { timeout: 60_000, interval: 500 };

const errors = (logs: string) => logs.split('\n').filter((line) => / (?:ERR|FTL) /.test(line));
const lasts = ({ valid_from, valid_to }: { valid_from: string; valid_to: string }) =>
  (Date.parse(valid_to) - Date.parse(valid_from)) / 1_000;

describe.skipIf(reason !== undefined)(title, () => {
  const gateways: AcmeGateway[] = [];
  const created = async (...args: Parameters<typeof createAcmeGateway>) => {
    const gateway = await createAcmeGateway(...args);
    gateways.push(gateway);
    return gateway;
  };
  /** Serial number by host, once each has a certificate of pebble's. */
  const issued = (gateway: AcmeGateway, root: string) =>
    vi.waitFor(async () => {
      const seen = gateway.hosts.map(async (host) => [host, await gateway.handshake(host, root)] as const);
      return new Map(await Promise.all(seen));
    }, ISSUED);
  afterAll(() => {
    for (const gateway of gateways) gateway.remove();
  });

  test('HTTP-01: mcpgw up gets a certificate for every host, and Traefik renews each with nobody noticing', async () => {
    const gateway = await created('http-01', 'subdomain');
    const up = await gateway.mcpgw('up', '--json');
    expect(up.code, up.stdout + up.stderr).toBe(0);
    const started = Date.now();
    const root = await gateway.root();
    const first = await issued(gateway, root);
    const issuedSeconds = (Date.now() - started) / 1_000;
    for (const [host, seen] of first) {
      expect(seen.subjectaltname).toBe(`DNS:${host}`);
      expect(lasts(seen)).toBeLessThanOrEqual(VALID_SECONDS);
    }
    await servesEverything(gateway, root);

    const renewed = new Map<string, number>();
    for (const end = Date.now() + 150_000; renewed.size < gateway.hosts.length;) {
      expect(Date.now(), 'not renewed in time').toBeLessThan(end);
      for (const host of gateway.hosts) {
        // Throws when a single handshake is not trusted.
        const seen = await gateway.handshake(host, root);
        if (seen.serialNumber !== first.get(host)?.serialNumber && !renewed.has(host))
          renewed.set(host, (Date.now() - started) / 1_000);
      }
      await new Promise((done) => setTimeout(done, 250));
    }
    await servesEverything(gateway, root);
    expect(errors(gateway.logs('traefik'))).toEqual([]);
    console.log('issued after', issuedSeconds, 's, renewed after', Math.max(...renewed.values()), 's');
    const down = await gateway.mcpgw('down', '--volumes', '--yes');
    expect(down.code, down.stderr).toBe(0);
  }, 300_000);

  /** Over the certificates from pebble: discovery of auth, the challenge of each service, and the way from HTTP. */
  async function servesEverything(gateway: AcmeGateway, root: string): Promise<void> {
    const [auth = '', ...services] = gateway.hosts;
    const metadata = await gateway.get(auth, '/.well-known/oauth-authorization-server', root);
    expect(JSON.parse(metadata.body)).toMatchObject({ issuer: `https://${auth}:${gateway.httpsPort}` });
    for (const host of services) expect((await gateway.get(host, '/mcp', root)).status).toBe(401);
    const location = await new Promise((resolve, reject) => {
      const { address, httpPort } = gateway;
      plainGet({ host: address, port: httpPort, path: '/x', headers: { host: auth } }, (response) => {
        response.resume();
        resolve(response.headers.location);
      }).on('error', reject);
    });
    expect(location).toBe(`https://${auth}:${gateway.httpsPort}/x`);
  }

  test('TLS-ALPN-01 in path mode: one certificate for the one name', async () => {
    const gateway = await created('tls-alpn-01', 'path');
    gateway.compose('up', '--detach', '--build', '--no-deps', '--wait', 'pebble');
    gateway.compose('up', '--detach', '--build', '--no-deps', 'traefik');
    const seen = await issued(gateway, await gateway.root());
    expect([...seen.values()].map(({ subjectaltname }) => subjectaltname)).toEqual([`DNS:${gateway.domain}`]);
    expect(errors(gateway.logs('traefik'))).toEqual([]);
  });

  test('DNS-01: one wildcard for all hosts, with what the provider needs read from secret files', async () => {
    const gateway = await created('dns-01', 'subdomain');
    gateway.compose('up', '--detach', '--build', '--no-deps', 'dns');
    gateway.compose('up', '--detach', '--build', '--no-deps', '--wait', 'pebble');
    gateway.compose('up', '--detach', '--build', '--no-deps', 'traefik');
    const seen = [...(await issued(gateway, await gateway.root())).values()];
    expect(new Set(seen.map(({ subjectaltname }) => subjectaltname))).toEqual(
      new Set([`DNS:*.${gateway.domain}`]),
    );
    expect(new Set(seen.map(({ serialNumber }) => serialNumber)).size).toBe(1);
    expect(errors(gateway.logs('traefik'))).toEqual([]);
  });

  test('leaves nothing', () => {
    for (const gateway of gateways) gateway.remove();
    expect(gateways.flatMap((gateway) => gateway.leftOver())).toEqual([]);
  });
});
