import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { UserError } from '../../cli/errors.ts';
import type { InitFlags } from '../../cli/init/options.ts';
import type { InitWorld } from '../../cli/init/run.ts';
import { parseEnvFile } from '../../runtime/config/env-file.ts';
import {
  captureSinks,
  GITHUB,
  OIDC,
  readAll,
  runInit,
  SECRETS,
  temporaryFolder,
} from './support/run-init.ts';
import { createOutput } from '../../cli/output.ts';

async function failure(flags: Partial<InitFlags>, world: Partial<InitWorld> = {}): Promise<UserError> {
  const error = await runInit(flags, world).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UserError);
  return error as UserError;
}

describe('init --yes', () => {
  test('names every missing flag at once, and writes nothing', async () => {
    const dir = join(temporaryFolder(), 'new');
    const { message, exitCode } = await failure({ dir }, { environment: {} });
    expect(exitCode).toBe(2);
    for (const flag of ['--domain', '--acme-email', '--github-client-id', '--github-client-secret-file']) {
      expect(message).toContain(flag);
    }
    expect(existsSync(dir)).toBe(false);
  });

  test('names a value that is wrong beside what is missing', async () => {
    const { message } = await failure({
      dir: temporaryFolder(),
      mode: 'sideways',
      httpPort: '0',
      domain: 'https://x',
    });
    for (const part of ['ROUTING_MODE', 'HTTP_PORT', 'BASE_DOMAIN', 'ACME_EMAIL', 'GITHUB_CLIENT_ID']) {
      expect(message).toContain(part);
    }
  });

  test('writes .env and secrets for their owner alone, whatever the umask, and the rest readable', async () => {
    const dir = temporaryFolder();
    const umask = process.umask(0o077);
    try {
      await runInit({ ...GITHUB, dir });
    } finally {
      process.umask(umask);
    }
    const mode = (path: string) => (statSync(join(dir, path)).mode & 0o777).toString(8);
    expect(mode('.env')).toBe('600');
    expect(mode('secrets')).toBe('700');
    for (const path of readAll(dir).keys()) {
      if (path !== '.env')
        expect([path, mode(path)]).toEqual([path, path.startsWith('secrets/') ? '600' : '644']);
    }
    expect(mode('traefik/dynamic')).toBe('755');
  });

  test('says no secret, as text or as JSON', async () => {
    for (const json of [false, true]) {
      const captured = await runInit({ ...GITHUB, dir: temporaryFolder(), json });
      const said = captured.stdout + captured.stderr;
      for (const secret of [
        SECRETS.root,
        SECRETS.redis,
        SECRETS.github,
        Buffer.from(SECRETS.pem).toString('base64'),
      ]) {
        expect(said).not.toContain(secret);
      }
      if (json) {
        expect(JSON.parse(captured.stdout)).toMatchObject({
          issuer: 'https://auth.mcp.example.com',
          callbackUrl: 'https://auth.mcp.example.com/callback',
          mcpUrls: { memory: 'https://memory.mcp.example.com/mcp' },
          written: true,
        });
      }
    }
  });

  test('takes the secret from a file, standard input or the environment, in this order of precedence', async () => {
    const dir = temporaryFolder();
    const path = join(dir, 'the-secret');
    writeFileSync(path, 'from-a-file\n');
    const secretIn = (folder: string) =>
      parseEnvFile(readFileSync(join(folder, '.env'), 'utf8')).GITHUB_CLIENT_SECRET;
    const environment = { GITHUB_CLIENT_SECRET: 'from-environment' };
    await runInit({ ...GITHUB, dir: join(dir, 'a'), githubClientSecretFile: path }, { environment });
    expect(secretIn(join(dir, 'a'))).toBe('from-a-file');
    const readStdin = () => Promise.resolve('from-stdin\n');
    await runInit(
      { ...GITHUB, dir: join(dir, 'b'), githubClientSecretStdin: true },
      { environment, readStdin },
    );
    expect(secretIn(join(dir, 'b'))).toBe('from-stdin');
    await runInit({ ...GITHUB, dir: join(dir, 'c') }, { environment: { GITHUB_CLIENT_SECRET_FILE: path } });
    expect(secretIn(join(dir, 'c'))).toBe('from-a-file');
  });

  test('refuses a secret as an argument, unknown keys and unknown services', async () => {
    const dir = temporaryFolder();
    const refused = async (flags: Partial<InitFlags>) =>
      (await failure({ ...GITHUB, dir, ...flags })).message;
    expect(await refused({ set: ['GATEWAY_JWT_SECRET=xyzzy'] })).toMatch(/is a secret.*environment/);
    expect(await refused({ set: ['GATEWAY_JWT_SECRET=xyzzy'] })).not.toContain('xyzzy');
    expect(await refused({ set: ['NO_SUCH_KEY=1'] })).toContain('no such key');
    expect(await refused({ set: ['nonsense'] })).toContain('KEY=VALUE');
    expect(await refused({ services: 'memory,nope' })).toContain('no service nope');
    expect(await refused({ set: ["LOCAL_USER=it's"], identityProvider: 'local' })).toContain('single quote');
    expect(readAll(dir).size).toBe(0);
  });

  test('warns when nobody could sign in', async () => {
    expect((await runInit({ ...GITHUB, allowedUsers: '', dir: temporaryFolder() })).stderr).toContain(
      'nobody can sign in',
    );
  });

  test('--dry-run writes nothing', async () => {
    const dir = join(temporaryFolder(), 'new');
    expect((await runInit({ ...GITHUB, dir, dryRun: true })).stdout).toContain('compose.yaml');
    expect(existsSync(dir)).toBe(false);
  });

  test('without a terminal and without --yes it never waits', async () => {
    const { message, exitCode } = await failure({ dir: temporaryFolder(), yes: false }, { environment: {} });
    expect(exitCode).toBe(2);
    expect(message).toContain('--yes');
    expect(message).toContain('--domain');
    expect((await failure({ ...GITHUB, dir: temporaryFolder(), yes: false })).message).toContain('--yes');
  });
});

describe('init in a folder that has a gateway', () => {
  test('changes nothing when nothing changes', async () => {
    const dir = temporaryFolder();
    await runInit({ ...GITHUB, dir });
    const before = readAll(dir);
    const other = {
      token: () => 'another-secret-0123456789-0123456789-012',
      rsaKey: () => 'another key',
      passphraseHash: () => Promise.reject(new Error('not asked for')),
    };
    const { stdout } = await runInit({ dir, json: true }, { environment: {}, secrets: other });
    expect(readAll(dir)).toEqual(before);
    expect(JSON.parse(stdout)).toMatchObject({ changes: [], keys: [] });
  });

  test('keeps secrets and every line of the user, and says what changed', async () => {
    const dir = temporaryFolder();
    await runInit({ ...GITHUB, dir });
    const path = join(dir, '.env');
    const mine = `# mine\nMY_OWN=thing # why\n${readFileSync(path, 'utf8').replace('BASE_DOMAIN=mcp.example.com', 'BASE_DOMAIN="mcp.example.com" # ours')}\nLAST=1`;
    writeFileSync(path, mine.replace(/^REFRESH_GRACE=.*\n/m, ''));
    const { stdout } = await runInit(
      { dir, domain: 'new.example.com', services: 'memory' },
      { environment: { GITHUB_CLIENT_SECRET: 'a-new-one' } },
    );
    const after = readFileSync(path, 'utf8');
    expect(after).toContain('# mine\nMY_OWN=thing # why\n');
    expect(after).toContain('BASE_DOMAIN=new.example.com # ours\n');
    expect(after).toContain('\nLAST=1\n');
    expect(parseEnvFile(after)).toMatchObject({
      GATEWAY_JWT_SECRET: SECRETS.root,
      REDIS_PASSWORD: SECRETS.redis,
      REFRESH_GRACE: '120',
    });
    expect(stdout).toContain('BASE_DOMAIN: mcp.example.com → new.example.com');
    expect(stdout).toContain('GITHUB_CLIENT_SECRET: [REDACTED] → [REDACTED]');
    expect(existsSync(join(dir, 'traefik/dynamic/service-everything.yaml'))).toBe(false);
    expect(existsSync(join(dir, 'secrets/context_everything'))).toBe(false);
  });

  test('never replaces a file that somebody edited or made', async () => {
    const dir = temporaryFolder();
    await runInit({ ...GITHUB, dir });
    const compose = join(dir, 'compose.yaml');
    writeFileSync(compose, `${readFileSync(compose, 'utf8')}# by hand\n`);
    const before = readAll(dir);
    const { message } = await failure({ dir, domain: 'new.example.com' });
    expect(message).toContain('compose.yaml: edited by hand');
    expect(readAll(dir)).toEqual(before);
    await runInit({ dir, domain: 'new.example.com', force: true });
    expect(readFileSync(compose, 'utf8')).not.toContain('by hand');

    const foreign = temporaryFolder();
    writeFileSync(join(foreign, 'compose.yaml'), 'services: {}\n');
    expect((await failure({ ...GITHUB, dir: foreign })).message).toContain('compose.yaml: not made by mcpgw');
  });

  test('leaves a .gitignore of the user alone, and says which lines it lacks', async () => {
    const dir = temporaryFolder();
    writeFileSync(join(dir, '.gitignore'), '/.env\nnode_modules\n');
    const { stderr } = await runInit({ ...GITHUB, dir });
    expect(readFileSync(join(dir, '.gitignore'), 'utf8')).toBe('/.env\nnode_modules\n');
    expect(stderr).toMatch(/add these lines to it: .*secrets\//);
    expect(stderr).not.toMatch(/to it: \.env /);
  });

  test('keeps a secret that .env names as a file out of .env', async () => {
    const dir = temporaryFolder();
    writeFileSync(join(dir, 'gh'), 'from-the-file');
    writeFileSync(join(dir, '.env'), 'GITHUB_CLIENT_SECRET_FILE=gh\n');
    await runInit({ ...GITHUB, dir }, { environment: {} });
    expect(readFileSync(join(dir, '.env'), 'utf8')).not.toContain('from-the-file');
    expect(readFileSync(join(dir, 'secrets/github_client_secret'), 'utf8')).toBe('from-the-file');
  });

  test('a folder that cannot be written is left as it was', async () => {
    const dir = temporaryFolder();
    mkdirSync(join(dir, 'docker'));
    writeFileSync(join(dir, 'traefik'), 'a file where a folder should be');
    chmodSync(join(dir, 'docker'), 0o755);
    const { message } = await failure({ ...GITHUB, dir });
    expect(message).toContain('cannot');
    expect([...readAll(dir).keys()]).toEqual(['traefik']);
  });

  test('a user who cannot give files to CONTAINER_USER is told so, and nothing is written', async () => {
    const dir = temporaryFolder();
    const set = ['CONTAINER_USER=4242:4242'];
    const { message } = await failure({ ...GITHUB, dir, set }, { user: { uid: 1000, gid: 1000 } });
    expect(message).toContain('CONTAINER_USER');
    expect([...readAll(dir).keys()]).toEqual([]);
  });
});

test('a value of the environment does not go before a flag', async () => {
  const dir = temporaryFolder();
  const { stdout, stderr } = captureSinks();
  await runInit(
    { ...GITHUB, dir, domain: 'flag.example.com' },
    {
      environment: { BASE_DOMAIN: 'env.example.com', GITHUB_CLIENT_SECRET: 'x' },
      output: createOutput({}, stdout, stderr, {}),
    },
  );
  expect(parseEnvFile(readFileSync(join(dir, '.env'), 'utf8')).BASE_DOMAIN).toBe('flag.example.com');
});

describe('OpenID Connect', () => {
  test('is answered by flags, its secret by a file or standard input, and stays out of what others read', async () => {
    const fromFile = temporaryFolder();
    const { stdout } = await runInit({ ...OIDC, dir: fromFile, oidcTitle: 'Example' }, { environment: {} });
    expect(parseEnvFile(readAll(fromFile).get('.env') ?? '')).toMatchObject({
      ...{ IDENTITY_PROVIDER: 'oidc', OIDC_ISSUER: OIDC.oidcIssuer, OIDC_CLIENT_ID: 'mcpgw' },
      ...{
        OIDC_CLIENT_SECRET: SECRETS.oidc,
        OIDC_TITLE: 'Example',
        OIDC_ALLOWED_EMAILS: 'alice@example.com',
      },
    });
    expect(readAll(fromFile).get('secrets/oidc_client_secret')).toBe(SECRETS.oidc);
    for (const [path, text] of readAll(fromFile))
      if (path !== '.env' && !path.startsWith('secrets/')) expect(text, path).not.toContain(SECRETS.oidc);
    expect(stdout).toContain('In the application at id.example.com, set the authorization callback URL to');
    expect(stdout).not.toContain(SECRETS.oidc);
    const fromStdin = temporaryFolder();
    const rest: Partial<typeof OIDC> = { ...OIDC };
    delete rest.oidcClientSecretFile;
    await runInit(
      { ...rest, dir: fromStdin, oidcTitle: 'Example', oidcClientSecretStdin: true },
      { environment: {}, readStdin: () => Promise.resolve(`${SECRETS.oidc}\n`) },
    );
    expect(readAll(fromStdin)).toEqual(readAll(fromFile));
  });

  test('without what it needs says which flags give it', async () => {
    const some = { ...GITHUB, dir: temporaryFolder(), identityProvider: 'oidc' };
    await expect(runInit(some, { environment: {} })).rejects.toThrow(
      /--oidc-issuer[\s\S]*--oidc-client-id[\s\S]*--oidc-client-secret-file/,
    );
  });

  test('warns when nobody could sign in, or everybody', async () => {
    const warned = async (oidcAllowedEmails: string) => {
      const { stdout, stderr } = await runInit({ ...OIDC, dir: temporaryFolder(), oidcAllowedEmails });
      return stdout + stderr;
    };
    expect(await warned('')).toContain('nobody can sign in with single sign-on');
    expect(await warned('*')).toContain('anybody whom https://id.example.com/realms/main signs in');
    expect(await warned('a@example.com')).not.toMatch(/nobody can|anybody whom/);
  });
});

describe('a passphrase', () => {
  const OWNER = { ...GITHUB, identityProvider: 'passphrase', ownerName: 'olga' };
  const given = (text: string) => ({ environment: {}, readStdin: () => Promise.resolve(text) });

  test('comes from standard input, and its hash alone stays', async () => {
    const dir = temporaryFolder();
    await runInit({ ...OWNER, dir, passphraseStdin: true }, given(`${SECRETS.passphrase}\n`));
    const all = [...readAll(dir).values()].join('\n');
    expect(all).toContain(`PASSPHRASE_HASH=${SECRETS.passphraseHash}\n`);
    expect(all).not.toContain(SECRETS.passphrase);
    expect(readAll(dir).get('secrets/passphrase_hash')).toBe(SECRETS.passphraseHash);
    expect(readAll(dir).get('compose.yaml')).not.toContain(SECRETS.passphraseHash);
    expect([...readAll(dir).keys()]).not.toContain('secrets/github_client_secret');
  });

  test('is needed, and must be a good one', async () => {
    const dir = temporaryFolder();
    await expect(runInit({ ...OWNER, dir })).rejects.toThrow(
      /PASSPHRASE_HASH is required.*\n.*--passphrase-stdin/,
    );
    const weak = runInit({ ...OWNER, dir, passphraseStdin: true }, given('hunter2'));
    await expect(weak).rejects.toThrow('the passphrase must have at least 15 characters');
    const both = { passphraseStdin: true, githubClientSecretStdin: true };
    await expect(runInit({ ...OWNER, dir, ...both }, given('x'))).rejects.toThrow('only one of them');
  });
});
