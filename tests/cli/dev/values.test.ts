import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { devCatalog, devConfig } from '../../../cli/dev/values.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mcpgw-dev-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const config = (env: Record<string, string> = {}, chosen?: string[]) =>
  devConfig(folder, devCatalog(folder), env, chosen);

describe('devConfig', () => {
  it('needs no configuration at all', () => {
    const { values, services } = config();
    expect(values).toMatchObject({ ROUTING_MODE: 'path', IDENTITY_PROVIDER: ['local'] });
    expect(services).toEqual(expect.arrayContaining(['everything', 'memory', 'echo-stateful']));
  });

  it('takes GitHub when its credentials are there', () => {
    writeFileSync(
      join(folder, '.env'),
      "GITHUB_CLIENT_ID=abc\nGITHUB_CLIENT_SECRET='s#1'\nALLOWED_GITHUB_USERS=octocat\n",
    );
    expect(config().values).toMatchObject({
      IDENTITY_PROVIDER: ['github'],
      GITHUB_CLIENT_SECRET: 's#1',
      ALLOWED_GITHUB_USERS: ['octocat'],
    });
  });

  it.each([
    'IDENTITY_PROVIDER=github\nALLOWED_GITHUB_USERS=octocat\n',
    'GITHUB_CLIENT_ID=abc\n',
    'GITHUB_CLIENT_SECRET=abc\n',
  ])('never falls back to sign-in without a password where GitHub is half configured: %j', (env) => {
    writeFileSync(join(folder, '.env'), env);
    expect(() => config()).toThrow(/GITHUB_CLIENT_(ID|SECRET): is required/);
  });

  const OIDC = 'OIDC_ISSUER=https://id.example.com\nOIDC_CLIENT_ID=a\nOIDC_CLIENT_SECRET=b\n';
  const GITHUB = 'GITHUB_CLIENT_ID=a\nGITHUB_CLIENT_SECRET=b\n';
  const OWNER = `PASSPHRASE_HASH=scrypt:32768:8:3:${'s'.repeat(22)}:${'h'.repeat(43)}\n`;

  it.each([
    [OIDC, ['oidc']],
    [OWNER, ['passphrase']],
    [GITHUB + OIDC + OWNER, ['github', 'oidc', 'passphrase']],
    [`${GITHUB}${OWNER}IDENTITY_PROVIDER=passphrase\n`, ['passphrase']],
    [`${OIDC}IDENTITY_PROVIDER=local\n`, ['local']],
  ])(
    'takes every provider that .env has what is needed for, or those that it names: %j',
    (env, providers) => {
      writeFileSync(join(folder, '.env'), env);
      expect(config().values.IDENTITY_PROVIDER).toEqual(providers);
    },
  );

  it.each(['OIDC_ISSUER=https://id.example.com\n', 'OIDC_CLIENT_ID=a\n', 'OIDC_CLIENT_SECRET=b\n'])(
    'never falls back to sign-in without a password where OpenID Connect is half configured: %j',
    (env) => {
      writeFileSync(join(folder, '.env'), env);
      expect(() => config()).toThrow(/OIDC_(ISSUER|CLIENT_ID|CLIENT_SECRET): is required/);
    },
  );

  it('gathers the secrets that services ask for from .env, the environment and files', () => {
    mkdirSync(join(folder, 'services'));
    const yaml = (secret: string) =>
      `name: mine\ntitle: M\ndescription: M.\nkind: proxy\ncommand: [x]\nenv: { A: { secret: ${secret} } }\n`;
    writeFileSync(join(folder, 'services', 'mine.yaml'), yaml('MINE_KEY'));
    writeFileSync(join(folder, '.env'), 'MINE_KEY=from-env-file\n');
    expect(config({}, ['mine']).secrets).toEqual({ MINE_KEY: 'from-env-file' });
    expect(config({ MINE_KEY: 'given' }, ['mine']).secrets).toEqual({ MINE_KEY: 'given' });
    writeFileSync(join(folder, 'services', 'mine.yaml'), yaml('GATEWAY_JWT_SECRET'));
    expect(() => config({}, ['mine'])).toThrow('is a setting of the gateway itself');
  });

  it('leaves the keys of a deployment in the same .env alone', () => {
    writeFileSync(
      join(folder, '.env'),
      'BASE_DOMAIN=mcp.example.com\nGATEWAY_JWT_SECRET=short\nJWT_PRIVATE_KEY_B64=!\n',
    );
    expect(config().values.BASE_DOMAIN).toBe('localhost');
    expect(config().values.JWT_PRIVATE_KEY_B64).toBeUndefined();
  });

  it('serves what was chosen, or what .env enables', () => {
    expect(config({}, ['time']).services).toEqual(['time']);
    expect(config({ MCP_EVERYTHING_ENABLED: 'false' }).services).not.toContain('everything');
  });

  it('reports every fault at once', () => {
    expect(() => config({ SESSION_TIMEOUT: 'soon', MCP_CORS_ORIGINS: 'x' })).toThrow(
      /SESSION_TIMEOUT.*\n.*MCP_CORS_ORIGINS/s,
    );
  });

  it("knows the folder's own services", () => {
    mkdirSync(join(folder, 'services'));
    const yaml = 'name: mine\ntitle: Mine\ndescription: My own.\nkind: proxy\ncommand: [my-server]\n';
    writeFileSync(join(folder, 'services', 'mine.yaml'), yaml);
    expect(config({}, ['mine']).services).toEqual(['mine']);
  });
});
