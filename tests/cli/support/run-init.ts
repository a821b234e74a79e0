/** `mcpgw init` in this process, with fixed secrets and a captured output. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { InitFlags } from '../../../cli/init/options.ts';
import { init, type InitWorld } from '../../../cli/init/run.ts';
import { createOutput } from '../../../cli/output.ts';

/** Distinct enough to be found wherever they should not be. */
export const SECRETS = {
  root: 'root-secret-for-tests-0123456789-abcdefghi',
  redis: 'redis-password-for-tests-0123456',
  pem: '-----BEGIN PRIVATE KEY-----\nbm90IGEga2V5OiBmb3IgdGVzdHM=\n-----END PRIVATE KEY-----\n',
  passphrase: 'correct horse battery staple',
  passphraseHash: `scrypt:32768:8:3:${'s'.repeat(22)}:${'h'.repeat(43)}`,
  github: 'github-secret-for-tests-0123456789abcdef',
  oidc: 'oidc-secret-for-tests-0123456789',
};

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mcpgw-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface Captured {
  stdout: string;
  stderr: string;
}

export function captureSinks() {
  const captured: Captured = { stdout: '', stderr: '' };
  const stdout = { write: (text: string) => (captured.stdout += text) };
  const stderr = { write: (text: string) => (captured.stderr += text) };
  return { captured, stdout, stderr };
}

export const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

/** Answers that a `--yes` needs for GitHub. */
export const GITHUB = {
  domain: 'mcp.example.com',
  acmeEmail: 'admin@example.com',
  githubClientId: 'Ov23liExample',
  allowedUsers: 'octocat,hubot',
};

const secretFile = (name: string) => join(import.meta.dirname, '..', '..', 'fixtures', 'secrets', name);

/** Answers that a `--yes` needs for an OpenID Connect issuer. */
export const OIDC = {
  domain: 'mcp.example.com',
  acmeEmail: 'admin@example.com',
  identityProvider: 'oidc',
  oidcIssuer: 'https://id.example.com/realms/main',
  oidcClientId: 'mcpgw',
  oidcClientSecretFile: secretFile('oidc-client-secret'),
  oidcAllowedEmails: 'alice@example.com',
};

/** Answers that a `--yes` needs for a passphrase. */
export const PASSPHRASE = {
  domain: 'mcp.example.com',
  acmeEmail: 'admin@example.com',
  identityProvider: 'passphrase',
  ownerName: 'olga',
  passphraseFile: secretFile('passphrase'),
};

export async function runInit(flags: Partial<InitFlags>, world: Partial<InitWorld> = {}): Promise<Captured> {
  const { captured, stdout, stderr } = captureSinks();
  const all: InitFlags = { dir: '.', yes: true, ...flags };
  await init(all, {
    environment: { GITHUB_CLIENT_SECRET: SECRETS.github },
    asker: undefined,
    readStdin: () => Promise.resolve(''),
    secrets: {
      token: (bytes) => (bytes === 32 ? SECRETS.root : SECRETS.redis),
      rsaKey: () => SECRETS.pem,
      passphraseHash: () => Promise.resolve(SECRETS.passphraseHash),
    },
    // Root would give the files to 10001; a test that is not root cannot.
    user: { uid: 10001, gid: 10001 },
    volumes: () => Promise.resolve([]),
    output: createOutput(all, stdout, stderr, {}),
    version: '0.0.0-test',
    ...world,
  });
  return captured;
}

/** Text by path of every file below the folder. */
export function readAll(folder: string): Map<string, string> {
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  return new Map(paths.sort().map((path) => [path, readFileSync(join(folder, path), 'utf8')]));
}
