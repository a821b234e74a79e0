/**
 * What an older mcpgw made goes on under this one: each release adds its tree and its SQLite file to `tests/fixtures`
 * (`make-fixture.ts`), and so does what lies between two releases where it changes what is written. (Its secrets open nothing: they were made for this test.)
 */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createAuth } from '../../runtime/auth/app.ts';
import { parseEnvFile } from '../../runtime/config/env-file.ts';
import { silentLogger } from '../../runtime/config/log.ts';
import { openSqliteStore } from '../../runtime/store/sqlite.ts';
import { mcpgw } from '../helpers/mcpgw-process.ts';

const fixtures = fileURLToPath(new URL('../fixtures', import.meta.url));
/** When the first fixture was made, which does not say so itself: its tokens are good then, whatever the year is. */
const FIRST_MADE_AT = '2026-11-24T08:00:00Z';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mcpgw-upgrade-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const releases = readdirSync(fixtures).filter((name) => /^\d+\./.test(name));

describe.each(releases)('from %s', (release) => {
  it('a gateway keeps its .env, its volumes and its secrets', async () => {
    cpSync(join(fixtures, release, 'gateway'), folder, { recursive: true });
    renameSync(join(folder, 'gitignore'), join(folder, '.gitignore'));
    const before = readFileSync(join(folder, '.env'), 'utf8');
    const compose = () =>
      parse(readFileSync(join(folder, 'compose.yaml'), 'utf8'), { merge: true }) as Record<string, object>;
    const { name, volumes } = compose();

    const generate = await mcpgw(['generate', '--dir', folder]);
    expect(generate).toMatchObject({ code: 0 });
    expect(readFileSync(join(folder, '.env'), 'utf8')).toBe(before);
    expect(compose().name).toBe(name);
    expect(Object.keys(compose().volumes ?? {})).toEqual(expect.arrayContaining(Object.keys(volumes ?? {})));

    const own = () => [textsIn(join(folder, 'services')), textsIn(join(folder, 'secrets'))];
    const texts = own();
    const init = await mcpgw(['init', '--yes', '--dir', folder]);
    expect(init).toMatchObject({ code: 0 });
    const after = readFileSync(join(folder, '.env'), 'utf8');
    expect(parseEnvFile(after)).toMatchObject(parseEnvFile(before));
    expect(after).toContain('# a line of my own\nMY_OWN=kept\n');
    expect((await mcpgw(['generate', '--check', '--dir', folder])).code).toBe(0);
    expect(own()).toEqual(texts);
  });

  it('clients and refresh tokens in the SQLite file go on', async () => {
    cpSync(join(fixtures, release, 'dev'), folder, { recursive: true });
    const read = (name: string) => readFileSync(join(folder, name), 'utf8');
    const { client, tokens, made_at = FIRST_MADE_AT } = JSON.parse(read('credentials.json'));
    const now = () => Date.parse(made_at) + 1_000;
    const store = openSqliteStore({ path: join(folder, 'mcpgw.db'), now });
    const auth = await createAuth({
      settings: settingsWith(read('root-secret')),
      store,
      logger: silentLogger,
      now,
    });
    try {
      const verified = await auth.verify({
        service: 'echo-stateless',
        authorization: `Bearer ${tokens.access_token}`,
      });
      expect(verified.status).toBe(200);
      const answer = await auth.app.inject({
        method: 'POST',
        url: '/token',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        payload: new URLSearchParams({
          grant_type: 'refresh_token',
          refresh_token: tokens.refresh_token,
          client_id: client.client_id,
        }).toString(),
      });
      expect(answer.statusCode).toBe(200);
    } finally {
      await auth.close();
      await store.close();
    }
  });
});

/** @returns text by name; none where there is no such folder */
function textsIn(path: string): Record<string, string> {
  const names = existsSync(path) ? readdirSync(path).sort() : [];
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(path, name), 'utf8')]));
}

function settingsWith(rootSecret: string): Parameters<typeof createAuth>[0]['settings'] {
  const topology = { mode: 'path', scheme: 'http', domain: 'localhost', port: 18080 } as const;
  return {
    topology: { ...topology, services: ['echo-stateless', 'memory'] },
    services: [],
    rootSecret,
    accessTokenLifetimeSeconds: 3600,
    refreshTokenLifetimeSeconds: 3600,
    clientLifetimeSeconds: 0,
    sessionTimeoutSeconds: 1800,
    refreshGraceSeconds: 120,
    corsOrigins: [],
    privateUseRedirects: [],
    identityProviders: [{ kind: 'local', userName: 'fixture' }],
    documents: {},
  };
}
