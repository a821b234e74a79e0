import { X509Certificate } from 'node:crypto';
import { createServer, type Server } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import { localFiles, type PresentFiles } from '../../../cli/tls/local-authority.ts';
import { certificateBlocks, keyBlock } from '../../../cli/tls/pem.ts';

const NOTHING: PresentFiles = { authorityCertificate: undefined, authorityKey: undefined, served: undefined };
const DOMAIN = 'gw.test';
const HOSTS = ['auth.gw.test', 'memory.gw.test'];
const DAY = 86_400_000;
const NOW = Date.now();

const leaf = (served: string) => new X509Certificate(certificateBlocks(served)[0] ?? '');

/** A server with this certificate. @returns what a client that trusts the authority says */
async function handshake(served: string, authority: string, host: string): Promise<string> {
  const server = createServer({ cert: certificateBlocks(served).join('\n'), key: keyBlock(served) ?? '' });
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, servername: host, ca: authority }, () => {
      socket.destroy();
      resolve('trusted');
    });
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(`${error.code}: ${error.message}`));
  });
}
const servers: Server[] = [];
afterEach(() => servers.splice(0).forEach((server) => server.close()));

describe('the local authority', () => {
  test('signs what Node trusts for every host of the gateway, and for no other', async () => {
    const made = localFiles(NOTHING, DOMAIN, HOSTS, NOW);
    for (const host of HOSTS)
      expect(await handshake(made.served, made.authorityCertificate, host)).toBe('trusted');
    expect(await handshake(made.served, made.authorityCertificate, 'other.gw.test')).toContain(
      'ERR_TLS_CERT_ALTNAME_INVALID',
    );
  });

  test.each(['localhost', 'a.localhost', 'x'.repeat(63) + '.' + 'y'.repeat(63) + '.example.com'])(
    'works for %s',
    async (domain) => {
      const made = localFiles(NOTHING, domain, [domain, `auth.${domain}`], NOW);
      for (const host of [domain, `auth.${domain}`])
        expect(await handshake(made.served, made.authorityCertificate, host)).toBe('trusted');
    },
  );

  test('cannot sign for another domain, even if somebody has its key', async () => {
    const made = localFiles(NOTHING, DOMAIN, HOSTS, NOW);
    for (const host of ['evil.example', 'notgw.test', 'test']) {
      const abused = localFiles(made, DOMAIN, [host], NOW);
      expect(abused.authorityCertificate).toBe(made.authorityCertificate);
      expect(await handshake(abused.served, made.authorityCertificate, host)).toContain(
        'permitted subtree violation',
      );
    }
  });

  test('has what RFC 5280 wants of each', () => {
    const made = localFiles(NOTHING, DOMAIN, HOSTS, NOW);
    const authority = new X509Certificate(made.authorityCertificate);
    expect([authority.ca, leaf(made.served).ca]).toEqual([true, false]);
    expect(leaf(made.served).checkIssued(authority)).toBe(true);
    expect(leaf(made.served).keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(Date.parse(leaf(made.served).validTo) - NOW).toBeLessThanOrEqual(366 * DAY);
    expect(made.served).not.toContain(keyBlock(made.authorityKey));
  });

  test('is kept, and so is its certificate while it serves', () => {
    const made = localFiles(NOTHING, DOMAIN, HOSTS, NOW);
    expect(localFiles(made, DOMAIN, HOSTS, NOW + 30 * DAY)).toEqual({ ...made, replacedAuthority: false });
  });

  test.each<[string, Parameters<typeof localFiles>[2], number]>([
    ['when the hosts change', [...HOSTS, 'time.gw.test'], NOW],
    ['when its end comes near', HOSTS, NOW + 300 * DAY],
    ['when it has ended', HOSTS, NOW + 500 * DAY],
  ])('signs anew %s, without a change of what clients trust', async (_, hosts, now) => {
    const made = localFiles(NOTHING, DOMAIN, HOSTS, NOW);
    const after = localFiles(made, DOMAIN, hosts, now);
    expect(after.authorityCertificate).toBe(made.authorityCertificate);
    expect(after.served).not.toBe(made.served);
    expect(leaf(after.served).subjectAltName).toBe(hosts.map((host) => `DNS:${host}`).join(', '));
    expect(Date.parse(leaf(after.served).validTo)).toBeGreaterThan(now + 300 * DAY);
    expect(after.replacedAuthority).toBe(false);
  });

  test.each<[string, (made: PresentFiles) => PresentFiles, string, number]>([
    ['another domain', (made) => made, 'other.test', NOW],
    ['its own end', (made) => made, DOMAIN, NOW + 3_400 * DAY],
    ['a key that is gone', (made) => ({ ...made, authorityKey: undefined }), DOMAIN, NOW],
    ['a file that is broken', (made) => ({ ...made, authorityCertificate: 'x' }), DOMAIN, NOW],
    [
      'a key of another',
      (made) => ({ ...made, authorityKey: localFiles(NOTHING, DOMAIN, HOSTS, NOW).authorityKey }),
      DOMAIN,
      NOW,
    ],
  ])('is made anew for %s, and says so', (_, change, domain, now) => {
    const made = localFiles(NOTHING, DOMAIN, HOSTS, NOW);
    const after = localFiles(change(made), domain, [`auth.${domain}`], now);
    expect(after.replacedAuthority).toBe(true);
    expect(after.authorityCertificate).not.toBe(made.authorityCertificate);
    expect(leaf(after.served).verify(new X509Certificate(after.authorityCertificate).publicKey)).toBe(true);
  });
});
