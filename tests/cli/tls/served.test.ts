/** Certificates as a real Traefik serves them: the local authority's, and one's own that is renewed. */
import { mkdtempSync, rmSync, writeFileSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { localFiles } from '../../../cli/tls/local-authority.ts';
import { certificateBlocks, keyBlock } from '../../../cli/tls/pem.ts';
import { parseEnvFile } from '../../../runtime/config/env-file.ts';
import { currentUser } from '../../../cli/write.ts';
import { noDocker } from '../support/docker.ts';
import { GITHUB, runInit } from '../support/run-init.ts';
import { type RunningTraefik, startTraefik } from '../support/traefik.ts';

const reason = noDocker({ image: 'traefik:v3.7' }) ?? noDocker({ image: 'node:24-slim' });
const D = 'gw.test';
const NOTHING = { authorityCertificate: undefined, authorityKey: undefined, served: undefined };
// The key is for the containers' user, so this must be who we are.
const world = { user: currentUser() };

const errors = (logs: string) => logs.split('\n').filter((line) => / (?:ERR|FTL) /.test(line));

/** @param authority what the certificate is from; the local one unless told */
async function start(
  folder: string,
  flags: Record<string, string>,
  authority?: string,
): Promise<RunningTraefik> {
  const all = { ...GITHUB, domain: D, dir: folder, httpsPort: '8443', services: 'memory,time' };
  await runInit({ ...all, ...flags }, world);
  const { CONTAINER_USER } = parseEnvFile(readFileSync(join(folder, '.env'), 'utf8'));
  const ready = flags.mode === 'path' ? D : `memory.${D}`;
  const traefik = await startTraefik(folder, ['auth', 'memory', 'time'], [ready, '/'], CONTAINER_USER);
  // HTTP answers with its redirect before the certificate is read; until then Traefik shows one of its own.
  const expected = authority ?? readFileSync(join(folder, 'tls/ca.pem'), 'utf8');
  await vi.waitFor(() => traefik.handshake(ready, expected), 10_000);
  return traefik;
}

const title = `Traefik’s certificate${reason === undefined ? '' : ` (skipped: ${reason})`}`;
describe.skipIf(reason !== undefined)(title, () => {
  const folder = mkdtempSync(join(tmpdir(), 'mcpgw-tls-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  describe.each([
    ['subdomain', [`auth.${D}`, `memory.${D}`, `time.${D}`]],
    ['path', [D]],
  ])('internal, in %s mode', (mode, hosts) => {
    const dir = join(folder, mode);
    let traefik: RunningTraefik;
    const authority = () => readFileSync(join(dir, 'tls/ca.pem'), 'utf8');
    beforeAll(async () => {
      traefik = await start(dir, { tls: 'internal', mode });
    }, 30_000);
    afterAll(() => traefik?.stop());

    test('is trusted by the authority for every host, its chain included', async () => {
      for (const host of hosts) {
        const seen = await traefik.handshake(host, authority());
        expect(seen.subjectaltname).toContain(`DNS:${host}`);
        expect(seen).toHaveProperty('issuerCertificate.subject.CN', `mcpgw authority of ${D}`);
      }
      await expect(traefik.handshake('evil.example', authority())).rejects.toThrow('altnames');
    });

    test('HTTP leads to HTTPS on the public port, and the log has no error', async () => {
      const { status, headers } = await traefik.ask(hosts[0] ?? '', '/x?a=1');
      expect([status, headers.location]).toEqual([301, `https://${hosts[0]}:8443/x?a=1`]);
      expect(errors(traefik.logs())).toEqual([]);
    });
  });

  test('internal: a host more is served while Traefik runs, from the same authority', async () => {
    const dir = join(folder, 'more');
    const traefik = await start(dir, { tls: 'internal' });
    try {
      const authority = readFileSync(join(dir, 'tls/ca.pem'), 'utf8');
      await expect(traefik.handshake(`everything.${D}`, authority)).rejects.toThrow('altnames');
      await runInit({ dir, services: 'memory,time,everything' }, world);
      await vi.waitFor(() => traefik.handshake(`everything.${D}`, authority), 10_000);
      expect(errors(traefik.logs())).toEqual([]);
    } finally {
      traefik.stop();
    }
  }, 30_000);

  test('files: a renewed certificate is served while Traefik runs, and never one with another’s key', async () => {
    const dir = join(folder, 'files');
    const hosts = [`auth.${D}`, `memory.${D}`, `time.${D}`];
    const paths = { tlsCertFile: join(folder, 'full.pem'), tlsKeyFile: join(folder, 'key.pem') };
    const first = localFiles(NOTHING, D, hosts, Date.now());
    const put = (served: string) => {
      writeFileSync(paths.tlsCertFile, certificateBlocks(served).join('\n'));
      writeFileSync(paths.tlsKeyFile, keyBlock(served) ?? '');
    };
    put(first.served);
    const traefik = await start(dir, { tls: 'files', ...paths }, first.authorityCertificate);
    try {
      const serial = async () =>
        (await traefik.handshake(`auth.${D}`, first.authorityCertificate)).serialNumber;
      const before = await serial();
      put(localFiles({ ...first, served: undefined }, D, hosts, Date.now()).served);
      await runInit({ dir }, world);
      // Every handshake until then is good, or this would throw.
      for (const end = Date.now() + 10_000; (await serial()) === before;)
        expect(Date.now()).toBeLessThan(end);
      expect(errors(traefik.logs())).toEqual([]);
    } finally {
      traefik.stop();
    }
  }, 30_000);
});
