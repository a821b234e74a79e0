/** Docker for tests: skipped with a reason where it is absent, and never skipped where the machine promises it. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const REQUIRED = process.env.MCPGW_TEST_REQUIRE === 'all';

/** What `source $MCPGW_E2E/env` would set (shared/e2e). */
export function dockerEnvironment(): NodeJS.ProcessEnv {
  const file = join(process.env.MCPGW_E2E ?? '/var/tmp/mcpgw-e2e', 'env');
  const config = existsSync(file) ? /DOCKER_CONFIG=(\S+)/.exec(readFileSync(file, 'utf8'))?.[1] : undefined;
  return { ...process.env, ...(config === undefined ? {} : { DOCKER_CONFIG: config }) };
}

export interface Result {
  code: number | null;
  stdout: string;
  stderr: string;
}

export function docker(args: string[], cwd?: string): Result {
  const { status, stdout, stderr } = spawnSync('docker', args, {
    encoding: 'utf8',
    env: dockerEnvironment(),
    ...(cwd === undefined ? {} : { cwd }),
  });
  return { code: status, stdout: stdout ?? '', stderr: stderr ?? '' };
}

/** @returns why tests of Docker cannot run here; undefined when they can, or must */
export function noDocker(needs: 'compose' | 'engine' | { image: string }): string | undefined {
  const args =
    needs === 'compose'
      ? ['compose', 'version']
      : needs === 'engine'
        ? ['info']
        : ['image', 'inspect', needs.image];
  if (docker(args).code === 0 || REQUIRED) return undefined;
  return `docker ${args.join(' ')} does not work here`;
}
