import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { InitWorld } from '../../cli/init/run.ts';
import { GITHUB, runInit, SECRETS, temporaryFolder } from './support/run-init.ts';

/** A machine where a gateway of this name has run. */
function withData(project: string): Pick<InitWorld, 'volumes'> {
  const volumes = [`${project}_memory-data`, `${project}_redis-data`];
  return { volumes: (name) => Promise.resolve(name === project ? volumes : []) };
}

describe('init where Docker has data of this gateway', () => {
  test('refuses to make a root secret, and says what helps', async () => {
    const dir = temporaryFolder();
    const refusal = runInit({ ...GITHUB, dir }, withData('mcpgw'));
    await expect(refusal).rejects.toThrow(/would sign everyone out.*put the \.env .* back into/s);
    await expect(refusal).rejects.toThrow('docker volume rm mcpgw_memory-data mcpgw_redis-data');
    expect(existsSync(join(dir, '.env'))).toBe(false);
  });

  test('goes on when the secret is there: in .env, in the environment or in a file', async () => {
    const again = temporaryFolder();
    await runInit({ ...GITHUB, dir: again });
    await runInit({ ...GITHUB, dir: again }, withData('mcpgw'));
    const github = { GITHUB_CLIENT_SECRET: SECRETS.github };
    await runInit(
      { ...GITHUB, dir: temporaryFolder() },
      { environment: { ...github, GATEWAY_JWT_SECRET: SECRETS.root }, ...withData('mcpgw') },
    );
    const file = join(temporaryFolder(), 'root');
    writeFileSync(file, SECRETS.root);
    await runInit(
      { ...GITHUB, dir: temporaryFolder() },
      { environment: { ...github, GATEWAY_JWT_SECRET_FILE: file }, ...withData('mcpgw') },
    );
  });

  test('goes on under another name', async () => {
    const set = ['COMPOSE_PROJECT_NAME=another'];
    await runInit({ ...GITHUB, dir: temporaryFolder(), set }, withData('mcpgw'));
    await expect(runInit({ ...GITHUB, dir: temporaryFolder(), set }, withData('another'))).rejects.toThrow(
      'a gateway named another',
    );
  });
});
