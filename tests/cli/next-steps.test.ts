import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openFolder, renderSource, requireEnv } from '../../cli/gateway-folder.ts';
import { nextSteps, nextStepsText } from '../../cli/init/next-steps.ts';
import { topologyOf } from '../../runtime/config/load.ts';
import { runInit, temporaryFolder } from './support/run-init.ts';

async function steps(flags: Record<string, unknown>) {
  const dir = join(temporaryFolder(), 'gateway');
  await runInit({ mode: 'path', identityProvider: 'local', ...flags, dir });
  const gateway = openFolder(dir);
  const { config } = renderSource(gateway, requireEnv(gateway), {});
  return nextSteps(config, topologyOf(config), dir);
}

const plain = (text: string) => text;

describe('what is left to do after init', () => {
  it('is not to make localhost known, which every machine knows', async () => {
    const found = await steps({ domain: 'localhost', tls: 'internal' });
    expect(nextStepsText(found, '.', plain)).not.toContain('Let these names');
    const named = await steps({ domain: 'mcp.localhost', tls: 'internal' });
    expect(nextStepsText(named, '.', plain)).toContain('127.0.0.1 mcp.localhost');
  });

  it('is to choose certificates that there can be', async () => {
    const acme = { domain: 'localhost', tls: 'acme', acmeEmail: 'you@example.com' };
    expect((await steps(acme)).warnings.join()).toMatch(
      /no public authority certifies localhost.*--tls internal/,
    );
    const own = await steps({ ...acme, set: ['ACME_CA_URL=https://ca.example.com/acme'] });
    expect(own.warnings.join()).not.toContain('no public authority');
  });
});
