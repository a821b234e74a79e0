import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { describe, expect, test } from 'vitest';
import { localFiles } from '../../../cli/tls/local-authority.ts';
import { certificateBlocks, keyBlock } from '../../../cli/tls/pem.ts';
import { trustCommands } from '../../../cli/tls/trust.ts';
import { parseEnvFile } from '../../../runtime/config/env-file.ts';
import { mcpgw } from '../support/cli.ts';
import { GITHUB, readAll, runInit, SECRETS, temporaryFolder } from '../support/run-init.ts';
import { mcpgwVersion } from '../../../cli/version.ts';

const D = 'mcp.example.com';
const INTERNAL = { ...GITHUB, tls: 'internal', services: 'memory' };
const NOTHING = { authorityCertificate: undefined, authorityKey: undefined, served: undefined };
const version = mcpgwVersion();
const read = (dir: string, path: string) => readFileSync(join(dir, path), 'utf8');
const mode = (dir: string, path: string) => (statSync(join(dir, path)).mode & 0o777).toString(8);
const environment = { GITHUB_CLIENT_SECRET: SECRETS.github };

/** Files of a certificate for these hosts. */
function ownFiles(dir: string, hosts = [`auth.${D}`, `memory.${D}`]) {
  const { served } = localFiles(NOTHING, D, hosts, Date.now());
  const paths = { tlsCertFile: join(dir, 'full.pem'), tlsKeyFile: join(dir, 'key.pem') };
  writeFileSync(paths.tlsCertFile, certificateBlocks(served).join('\n'));
  writeFileSync(paths.tlsKeyFile, keyBlock(served) ?? '');
  return { paths, served };
}

interface Traefik {
  entryPoints: Record<string, { http: Record<string, unknown> }>;
  certificatesResolvers?: { acme: { acme: Record<string, unknown> } };
}
const staticOf = (dir: string) => parse(read(dir, 'traefik/traefik.yaml'), { merge: true }) as Traefik;

describe('internal', () => {
  test('makes an authority once, keeps keys from others, and says how to trust it', async () => {
    const dir = temporaryFolder();
    const { stdout } = await runInit({ ...INTERNAL, dir }, { version });
    expect([mode(dir, 'tls/ca.key'), mode(dir, 'traefik/dynamic/certificate.pem')]).toEqual(['600', '600']);
    expect(stdout).toContain(`NODE_EXTRA_CA_CERTS=${join(dir, 'tls/ca.pem')}`);
    expect(stdout).not.toContain('PRIVATE KEY');
    const before = readAll(dir);
    await runInit({ dir }, { version });
    expect(readAll(dir)).toEqual(before);
    expect(await mcpgw(['generate', '--check', '--dir', dir])).toMatchObject({ code: 0 });
    expect(read(dir, '.gitignore')).toMatch(/^tls\/$/m);

    const trust = await mcpgw(['trust', '--json', '--dir', dir]);
    expect(JSON.parse(trust.stdout)).toMatchObject({
      authority: join(dir, 'tls/ca.pem'),
      domain: D,
      commands: expect.arrayContaining([{ where: 'Node clients', command: expect.any(String) }]),
    });
  });

  test('a service more is a new certificate of the same authority; another domain is another authority', async () => {
    const dir = temporaryFolder();
    await runInit({ ...INTERNAL, dir });
    const [authority, served] = [read(dir, 'tls/ca.pem'), read(dir, 'traefik/dynamic/certificate.pem')];
    const { stderr } = await runInit({ dir, services: 'memory,everything' });
    expect(stderr).not.toContain('trusted again');
    expect(read(dir, 'tls/ca.pem')).toBe(authority);
    expect(read(dir, 'traefik/dynamic/certificate.pem')).not.toBe(served);
    expect((await runInit({ dir, domain: 'new.example.com' })).stderr).toContain('mcpgw trust');
    expect(read(dir, 'tls/ca.pem')).not.toBe(authority);
  });

  test('--diff shows no key, and leaving the mode leaves the authority and nothing else', async () => {
    const dir = temporaryFolder();
    await runInit({ ...INTERNAL, dir }, { version });
    const env = join(dir, '.env');
    writeFileSync(env, read(dir, '.env').replace(D, 'new.example.com'));
    const { stdout } = await mcpgw(['generate', '--diff', '--dir', dir]);
    expect(stdout).toContain('tls/ca.key: changed (a secret, not shown)');
    expect(stdout).not.toContain('PRIVATE KEY');
    await runInit({ dir, tls: 'off' });
    expect(existsSync(join(dir, 'traefik/dynamic/certificate.pem'))).toBe(false);
    expect(existsSync(join(dir, 'tls/ca.key'))).toBe(true);
  });

  test('leads HTTP to HTTPS, has no HSTS, no ACME and no build of Traefik', async () => {
    const dir = temporaryFolder();
    await runInit({ ...INTERNAL, dir, httpsPort: '8443' });
    expect(staticOf(dir).entryPoints.web?.http.redirections).toEqual({
      entryPoint: { to: ':8443', scheme: 'https', permanent: true },
    });
    expect(staticOf(dir)).not.toHaveProperty('certificatesResolvers');
    expect(read(dir, 'traefik/dynamic/gateway.yaml')).not.toContain('stsSeconds');
    expect(existsSync(join(dir, 'docker/traefik.Dockerfile'))).toBe(false);
  });
});

describe('files', () => {
  test('copies certificate, chain and key into one file, and a renewed one after generate', async () => {
    const dir = temporaryFolder();
    const { paths, served } = ownFiles(dir);
    const gateway = join(dir, 'gateway');
    await runInit({ ...GITHUB, ...paths, dir: gateway, tls: 'files', services: 'memory' }, { version });
    expect(read(gateway, 'traefik/dynamic/certificate.pem')).toBe(served);
    expect(read(gateway, 'traefik/dynamic/gateway.yaml')).toContain('stsSeconds');
    const renewed = ownFiles(dir).served;
    expect((await mcpgw(['generate', '--check', '--dir', gateway])).stdout).toContain(
      'differs   traefik/dynamic/certificate.pem',
    );
    expect((await mcpgw(['generate', '--dir', gateway])).code).toBe(0);
    expect(read(gateway, 'traefik/dynamic/certificate.pem')).toBe(renewed);
  });

  test('says everything that is wrong before anything is written', async () => {
    const dir = temporaryFolder();
    const { paths } = ownFiles(dir, ['auth.other.example']);
    writeFileSync(paths.tlsKeyFile, 'no key');
    const gateway = join(dir, 'gateway');
    const all = { ...GITHUB, dir: gateway, tls: 'files', services: 'memory' };
    await expect(runInit({ ...all, ...paths })).rejects.toThrow(
      /TLS_CERT_FILE is not for auth.*memory[^]*TLS_KEY_FILE has no private key/,
    );
    await expect(runInit({ ...all, tlsCertFile: '/nope', tlsKeyFile: '/neither' })).rejects.toThrow(
      /TLS_CERT_FILE cannot be read[^]*TLS_KEY_FILE cannot be read/,
    );
    await expect(runInit(all)).rejects.toThrow(/TLS_CERT_FILE is required[^]*TLS_KEY_FILE is required/);
    expect(existsSync(gateway)).toBe(false);
  });

  test('a renewal that went wrong leaves the certificate that serves', async () => {
    const dir = temporaryFolder();
    const { paths, served } = ownFiles(dir);
    const gateway = join(dir, 'gateway');
    await runInit({ ...GITHUB, ...paths, dir: gateway, tls: 'files', services: 'memory' }, { version });
    writeFileSync(paths.tlsCertFile, '');
    const { code, stderr } = await mcpgw(['generate', '--dir', gateway]);
    expect([code, stderr]).toEqual([1, expect.stringContaining('TLS_CERT_FILE')]);
    expect(read(gateway, 'traefik/dynamic/certificate.pem')).toBe(served);
  });
});

describe('acme', () => {
  const acme = async (flags: Record<string, unknown>, variables: Record<string, string> = {}) => {
    const dir = temporaryFolder();
    await runInit(
      { ...GITHUB, dir, services: 'memory', ...flags },
      { environment: { ...environment, ...variables }, version },
    );
    return { dir, resolver: staticOf(dir).certificatesResolvers?.acme.acme ?? {} };
  };

  test('HTTP-01 with Let’s Encrypt unless it is told otherwise', async () => {
    const { dir, resolver } = await acme({});
    expect(resolver).toEqual({
      ...{ email: GITHUB.acmeEmail, storage: '/acme/acme.json', keyType: 'EC256' },
      ...{ certificatesDuration: 2160, httpChallenge: { entryPoint: 'web' } },
    });
    expect(read(dir, 'traefik/dynamic/gateway.yaml')).toContain('stsSeconds');
    expect(read(dir, 'traefik/dynamic/service-memory.yaml')).toContain('tls: { certResolver: acme }\n');
  });

  test('staging keeps its certificates apart, and nobody is told to insist on them', async () => {
    const { dir, resolver } = await acme({ acmeStaging: 'true', acmeChallenge: 'tls-alpn-01' });
    expect(resolver).toMatchObject({
      caServer: 'https://acme-staging-v02.api.letsencrypt.org/directory',
      storage: '/acme/acme-staging.json',
      tlsChallenge: {},
    });
    expect(resolver).not.toHaveProperty('httpChallenge');
    expect(read(dir, 'traefik/dynamic/gateway.yaml')).not.toContain('stsSeconds');
  });

  test('a private authority is trusted by the certificate that is named', async () => {
    const folder = temporaryFolder();
    const { authorityCertificate } = localFiles(NOTHING, D, [D], Date.now());
    writeFileSync(join(folder, 'root.pem'), `text\n${authorityCertificate}`);
    const flags = { acmeCaUrl: 'https://ca.test:9000/dir/', acmeCaCertFile: join(folder, 'root.pem') };
    const { dir, resolver } = await acme({ ...flags, set: ['ACME_CERT_HOURS=24'] });
    expect(resolver).toMatchObject({
      caServer: 'https://ca.test:9000/dir/',
      caCertificates: ['/etc/traefik/acme-ca.pem'],
      storage: expect.stringMatching(/^\/acme\/acme-[0-9a-f]{12}\.json$/),
      certificatesDuration: 24,
    });
    expect(read(dir, 'traefik/acme-ca.pem')).toBe(authorityCertificate);
    writeFileSync(join(folder, 'root.pem'), 'x');
    await expect(acme(flags)).rejects.toThrow('ACME_CA_CERT_FILE is not a PEM file');
  });

  const DNS = {
    acmeChallenge: 'dns-01',
    acmeDnsProvider: 'cloudflare',
    acmeDnsVariables: 'CF_DNS_API_TOKEN',
  };
  interface Compose {
    services: { traefik: Record<string, unknown>; auth: { environment: Record<string, string> } };
  }

  test('DNS-01: one wildcard, and the provider’s variables reach Traefik alone, as files', async () => {
    const { dir, resolver } = await acme(DNS, { CF_DNS_API_TOKEN: 'token-of-the-provider' });
    expect(resolver).toMatchObject({ dnsChallenge: { provider: 'cloudflare' } });
    expect(parseEnvFile(read(dir, '.env')).CF_DNS_API_TOKEN).toBe('token-of-the-provider');
    expect(read(dir, 'secrets/acme_cf_dns_api_token')).toBe('token-of-the-provider');
    const { services } = parse(read(dir, 'compose.yaml'), { merge: true }) as Compose;
    expect(services.traefik).toMatchObject({
      environment: { CF_DNS_API_TOKEN_FILE: '/run/secrets/acme_cf_dns_api_token' },
      secrets: ['acme_cf_dns_api_token'],
    });
    for (const [path, text] of readAll(dir))
      if (path !== '.env' && !path.startsWith('secrets/'))
        expect(text).not.toContain('token-of-the-provider');
    for (const file of ['gateway', 'service-memory'])
      expect(read(dir, `traefik/dynamic/${file}.yaml`)).toContain(`domains: [{ main: '*.${D}' }]`);
    // Nothing changes when it is done again, and a new value replaces Traefik.
    expect(await mcpgw(['generate', '--check', '--dir', dir])).toMatchObject({ code: 0 });
    const label = (services.traefik.labels as Record<string, string>)['mcpgw.start'];
    await runInit({ dir }, { environment: { CF_DNS_API_TOKEN: 'another' }, version });
    const after = parse(read(dir, 'compose.yaml'), { merge: true }) as Compose;
    expect((after.services.traefik.labels as Record<string, string>)['mcpgw.start']).not.toBe(label);
    await runInit({ dir, tls: 'off' }, { environment: {}, version });
    expect(existsSync(join(dir, 'secrets/acme_cf_dns_api_token'))).toBe(false);
  });

  test('DNS-01: a variable can be in a file, and one without a value is named', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'token'), '{\n "from": "a file"\n}\n');
    const { dir } = await acme(DNS, { CF_DNS_API_TOKEN_FILE: join(folder, 'token') });
    expect(parseEnvFile(read(dir, '.env')).CF_DNS_API_TOKEN_FILE).toBe(join(folder, 'token'));
    expect(read(dir, 'secrets/acme_cf_dns_api_token')).toBe('{\n "from": "a file"\n}');
    await expect(acme(DNS)).rejects.toThrow('CF_DNS_API_TOKEN is named in ACME_DNS_VARIABLES');
    await expect(acme({ acmeChallenge: 'dns-01' })).rejects.toThrow('ACME_DNS_PROVIDER is required');
    await expect(acme({ ...DNS, acmeDnsVariables: 'GATEWAY_JWT_SECRET' })).rejects.toThrow(
      'belongs to mcpgw',
    );
  });

  test('path mode asks for its one name, by DNS-01 too', async () => {
    const { dir } = await acme({ ...DNS, acmeDnsVariables: '', mode: 'path' });
    expect(read(dir, 'traefik/dynamic/gateway.yaml')).toContain('tls: { certResolver: acme }\n');
  });

  test('how TLS ends does not reach auth, so that a change of it restarts none', async () => {
    const authOf = (dir: string) =>
      (parse(read(dir, 'compose.yaml'), { merge: true }) as Compose).services.auth;
    const [one, other] = [await acme({}), await acme({ tls: 'internal' })];
    expect(authOf(one.dir)).toEqual(authOf(other.dir));
  });
});

test('every system has its command, and Node its variable', () => {
  for (const platform of ['linux', 'darwin', 'win32'] as const) {
    const commands = trustCommands('/a folder/tls/ca.pem', platform, 'mcpgw');
    expect(commands.at(-1)?.command).toContain('NODE_EXTRA_CA_CERTS');
    for (const { command } of commands) expect(command).toMatch(/['"]\/a folder\/tls\/ca\.pem['"]/);
  }
});
