import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { InterruptedError } from '../../cli/errors.ts';
import type { Asker } from '../../cli/prompts/asker.ts';
import { duration } from '../../cli/prompts/lifetimes.ts';
import { parseEnvFile } from '../../runtime/config/env-file.ts';
import { runInit, SECRETS, temporaryFolder } from './support/run-init.ts';

interface Script {
  /** Answers by the start of the question; one that is not here gets what the question starts from. */
  answers: Record<string, string | string[] | boolean>;
  /** Questions and notes as they came. */
  seen: string[];
  offered: string[];
}

function scripted(script: Script): Asker {
  const answer = <T>(message: string, initial: T): T => {
    script.seen.push(message);
    const key = Object.keys(script.answers).find((start) => message.startsWith(start));
    const given = key === undefined ? initial : script.answers[key];
    if (given === '^C') throw new InterruptedError('Stopped. Nothing was written.');
    return given as T;
  };
  const valid = (text: string, validate: (text: string) => string | undefined) => {
    expect(validate(text), text).toBeUndefined();
    return Promise.resolve(text);
  };
  return {
    intro: (text) => void script.seen.push(text),
    note: (text) => void script.seen.push(text),
    text: async ({ message, initial = '', validate }) => valid(answer(message, initial), validate),
    secret: async ({ message, validate }) => valid(answer(message, ''), validate),
    select: async ({ message, initial = '' }) => answer(message, initial),
    several: async ({ message, initial, choices }) => {
      script.offered = choices.map(({ value }) => value);
      const given: string | string[] = answer<string | string[]>(message, initial);
      return typeof given === 'string' ? given.split(',') : given;
    },
    confirm: async ({ message, initial }) => answer(message, initial),
  };
}

const ANSWERS = {
  ...{
    Domain: 'mcp.example.com',
    'E-mail': 'admin@example.com',
    'GitHub client ID': 'Ov23',
    'Who may': 'octocat',
  },
  'GitHub client secret': SECRETS.github,
};

async function asked(
  dir: string,
  answers: Script['answers'],
  flags: Record<string, unknown> = {},
): Promise<Script> {
  const script: Script = { answers, seen: [], offered: [] };
  await runInit(
    { dir, yes: false, ...flags },
    { environment: {}, asker: () => Promise.resolve(scripted(script)) },
  );
  return script;
}

const envOf = (dir: string) => parseEnvFile(readFileSync(join(dir, '.env'), 'utf8'));

describe('the questions of init', () => {
  test('give the same gateway as flags do, and show the exact callback URL', async () => {
    const dir = temporaryFolder();
    const { seen, offered } = await asked(dir, { ...ANSWERS, Services: ['memory'] });
    expect(seen.join('\n')).toContain('\nhttps://auth.mcp.example.com/callback');
    expect(envOf(dir)).toMatchObject({
      ...{
        ROUTING_MODE: 'subdomain',
        BASE_DOMAIN: 'mcp.example.com',
        ALLOWED_GITHUB_USERS: 'octocat',
        MCP_MEMORY_ENABLED: 'true',
      },
      ...{
        GITHUB_CLIENT_SECRET: SECRETS.github,
        MCP_EVERYTHING_ENABLED: 'false',
        ACCESS_TOKEN_LIFETIME: '86400',
      },
    });
    expect(offered).toContain('playwright');
    expect(offered).toContain('tmux');
  });

  test('are not asked where a flag has answered', async () => {
    const { seen } = await asked(temporaryFolder(), ANSWERS, {
      domain: 'x.example',
      mode: 'path',
      services: 'memory',
      accessTokenLifetime: '600',
    });
    for (const question of ['Domain', 'Routing mode', 'Services'])
      expect(seen.join('\n')).not.toContain(`\n${question}`);
    expect(seen.join('\n')).toContain('https://x.example/callback');
  });

  test.each(['Routing mode', 'TLS', 'GitHub client secret', 'Services', 'Write this'])(
    'Ctrl-C at "%s" leaves nothing',
    async (question) => {
      const dir = join(temporaryFolder(), 'new');
      await expect(asked(dir, { ...ANSWERS, [question]: '^C' })).rejects.toThrow(InterruptedError);
      expect(existsSync(dir)).toBe(false);
    },
  );

  test('a no at the end leaves nothing', async () => {
    const dir = join(temporaryFolder(), 'new');
    await expect(asked(dir, { ...ANSWERS, 'Write this': false })).rejects.toThrow('Nothing was written');
    expect(existsSync(dir)).toBe(false);
  });

  test('start from what is there, keep a secret that is not typed again, and show what changes', async () => {
    const dir = temporaryFolder();
    await asked(dir, ANSWERS);
    const { seen } = await asked(dir, {
      'Who may': 'octocat,hubot',
      'Keep these': false,
      'Session timeout': '600',
    });
    expect(envOf(dir)).toMatchObject({
      GITHUB_CLIENT_SECRET: SECRETS.github,
      ALLOWED_GITHUB_USERS: 'octocat,hubot',
      SESSION_TIMEOUT: '600',
    });
    const shown = seen.join('\n');
    expect(shown).toContain('ALLOWED_GITHUB_USERS: octocat → octocat,hubot\nSESSION_TIMEOUT: 1800 → 600');
    expect(shown).not.toContain(SECRETS.github);
  });

  test('about TLS are those of the mode; what the DNS provider needs is asked for without echo', async () => {
    const dir = temporaryFolder();
    const { seen } = await asked(dir, {
      ...ANSWERS,
      'ACME challenge': 'dns-01',
      'DNS provider': 'cloudflare',
      Variables: 'CF_DNS_API_TOKEN',
      CF_DNS_API_TOKEN: 'the-token-of-the-provider',
    });
    expect(envOf(dir)).toMatchObject({
      ACME_CHALLENGE: 'dns-01',
      ACME_DNS_VARIABLES: 'CF_DNS_API_TOKEN',
      CF_DNS_API_TOKEN: 'the-token-of-the-provider',
    });
    expect(seen.join('\n')).not.toContain('the-token');
    const again = await asked(dir, {});
    expect(again.seen).toContain('CF_DNS_API_TOKEN (empty: keep the present one)');
    expect(envOf(dir).CF_DNS_API_TOKEN).toBe('the-token-of-the-provider');

    const files = { 'Certificate file': '/nope.pem', 'Key file': '/nope.pem' };
    await expect(asked(temporaryFolder(), { ...ANSWERS, TLS: 'files', ...files })).rejects.toThrow(
      '/nope.pem',
    );
    const internal = await asked(temporaryFolder(), { ...ANSWERS, TLS: 'internal' });
    expect(internal.seen.join('\n')).not.toMatch(/E-mail|ACME|proxy/);
  });

  test('with local the gateway listens on loopback, unless somebody decides otherwise', async () => {
    const dir = temporaryFolder();
    await asked(dir, { Domain: 'mcp.localhost', TLS: 'off', 'Identity providers': 'local' });
    expect(envOf(dir)).toMatchObject({ BIND_ADDRESS: '127.0.0.1', IDENTITY_PROVIDER: 'local' });
    const flags = { bindAddress: '0.0.0.0' };
    await expect(
      asked(temporaryFolder(), { Domain: 'a.b', TLS: 'off', 'Identity providers': 'local' }, flags),
    ).rejects.toThrow('loopback');
  });
});

describe('the question of the passphrase', () => {
  const OWNER = { ...ANSWERS, 'Identity providers': ['passphrase'], 'Name of the owner': 'olga' };

  test('is asked twice, shown never, and not again', async () => {
    const dir = temporaryFolder();
    const answers = { Passphrase: SECRETS.passphrase, 'The same': SECRETS.passphrase };
    const { seen } = await asked(dir, { ...OWNER, ...answers });
    expect(envOf(dir)).toMatchObject({ OWNER_NAME: 'olga', PASSPHRASE_HASH: SECRETS.passphraseHash });
    expect(seen).not.toContain('GitHub client ID');
    const again = await asked(dir, {});
    expect(again.seen).toContain('Passphrase (empty: keep the present one)');
    expect(again.seen.join('\n')).not.toContain('The same again');
    expect(envOf(dir).PASSPHRASE_HASH).toBe(SECRETS.passphraseHash);
  });

  test('starts over for who mistyped it the first time', async () => {
    const dir = temporaryFolder();
    const answers: Script['answers'] = { ...OWNER, 'The same': '' };
    const typed = ['correct horse battery stable', SECRETS.passphrase];
    Object.defineProperty(answers, 'Passphrase', {
      enumerable: true,
      get() {
        if (typed.length === 1) answers['The same'] = SECRETS.passphrase;
        return typed.shift();
      },
    });
    const { seen } = await asked(dir, answers);
    expect(seen.filter((text) => text === 'Passphrase')).toHaveLength(2);
    expect(envOf(dir).PASSPHRASE_HASH).toBe(SECRETS.passphraseHash);
  });

  test('stands beside others, but not beside local', async () => {
    const dir = temporaryFolder();
    const answers = { Passphrase: SECRETS.passphrase, 'The same': SECRETS.passphrase };
    await asked(dir, { ...OWNER, ...answers, 'Identity providers': ['github', 'passphrase'] });
    expect(envOf(dir)).toMatchObject({ IDENTITY_PROVIDER: 'github,passphrase', GITHUB_CLIENT_ID: 'Ov23' });
    const script = runInit({ dir: temporaryFolder(), identityProvider: 'local,github', domain: 'a.b' });
    await expect(script).rejects.toThrow('stands alone');
  });
});

describe('the questions about OpenID Connect', () => {
  const ISSUED = {
    ...{ ...ANSWERS, 'Identity providers': ['oidc'], 'OpenID Connect issuer': 'https://id.example.com' },
    ...{ 'OpenID Connect client ID': 'mcpgw', 'OpenID Connect client secret': SECRETS.oidc },
    ...{ 'Who may': 'alice@example.com' },
  };

  test('show the callback URL, hide the secret, and ask for no claim without groups', async () => {
    const dir = temporaryFolder();
    const { seen } = await asked(dir, ISSUED);
    expect(envOf(dir)).toMatchObject({
      ...{ IDENTITY_PROVIDER: 'oidc', OIDC_ISSUER: 'https://id.example.com', OIDC_CLIENT_ID: 'mcpgw' },
      ...{ OIDC_CLIENT_SECRET: SECRETS.oidc, OIDC_ALLOWED_EMAILS: 'alice@example.com' },
    });
    const shown = seen.join('\n');
    expect(shown).toContain('Redirect URI:\nhttps://auth.mcp.example.com/callback');
    for (const never of [SECRETS.oidc, 'GitHub client ID', 'groups claim'])
      expect(shown).not.toContain(never);
    const again = await asked(dir, {});
    expect(again.seen).toContain('OpenID Connect client secret (empty: keep the present one)');
    expect(envOf(dir).OIDC_CLIENT_SECRET).toBe(SECRETS.oidc);
  });

  test('ask for the claim where groups are allowed', async () => {
    const dir = temporaryFolder();
    await asked(dir, { ...ISSUED, 'Or groups': 'staff', 'OpenID Connect groups claim': 'groups' });
    expect(envOf(dir)).toMatchObject({ OIDC_ALLOWED_GROUPS: 'staff', OIDC_GROUPS_CLAIM: 'groups' });
  });
});

test('durations read well', () => {
  expect(['86400', '2592000', '1800', '0', '3600', '61', 'x'].map(duration)).toEqual([
    '24 h',
    '30 d',
    '30 min',
    'for ever',
    '60 min',
    '61 s',
    'x',
  ]);
});
