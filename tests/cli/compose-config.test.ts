import { describe, expect, test } from 'vitest';
import { GOLDEN_CASES, prepare } from './support/cases.ts';
import { docker, noDocker } from './support/docker.ts';
import { runInit, temporaryFolder } from './support/run-init.ts';

const reason = noDocker('compose');

interface Resolved {
  services: Record<string, { environment?: Record<string, string> }>;
}

describe.skipIf(reason !== undefined)(
  `docker compose config${reason === undefined ? '' : ` (skipped: ${reason})`}`,
  () => {
    test.each(Object.entries(GOLDEN_CASES))(
      '%s: accepts the generated file, without a warning',
      async (name, flags) => {
        const folder = temporaryFolder();
        prepare(name, folder);
        await runInit({ ...flags, dir: folder });
        const { code, stdout, stderr } = docker(['compose', 'config', '--format', 'json'], folder);
        expect(stderr).toBe('');
        expect(code).toBe(0);
        const { services } = JSON.parse(stdout) as Resolved;
        // What is odd in YAML and in Compose arrives as it was given (Compose doubles `$` again in what it prints).
        const user = flags.localUser as string | undefined;
        if (user !== undefined)
          expect(services.auth?.environment?.LOCAL_USER).toBe(user.replaceAll('$', '$$$$'));
      },
    );
  },
);
