import { describe, expect, it } from 'vitest';
import { runKeysList } from '../../../cli/keys/list.ts';
import { runKeysRotate } from '../../../cli/keys/rotate.ts';
import { createOutput, type Output, type OutputFlags } from '../../../cli/output.ts';
import { startTestGateway } from '../health/embedded-gateway.ts';
import { captureSinks } from '../support/run-init.ts';

/** Runs a command in this process. @returns its standard output */
async function outputOf(
  command: (output: Output) => Promise<void>,
  flags: OutputFlags = {},
): Promise<string> {
  const { captured, stdout, stderr } = captureSinks();
  await command(createOutput(flags, stdout, stderr, {}));
  return captured.stdout;
}

interface Listed {
  keys: { kid: string; state: string; ends_at: string | null }[];
}

describe('mcpgw keys', () => {
  it('lists and rotates the keys of the gateway that runs', async () => {
    const { folder: dir, gateway, events } = await startTestGateway();
    const list = async () =>
      (JSON.parse(await outputOf((output) => runKeysList({ dir }, output), { json: true })) as Listed).keys;
    const rotate = (flags: { now?: boolean; revokeOld?: boolean; yes?: boolean }) =>
      outputOf((output) => runKeysRotate({ dir, ...flags }, output));
    const [first] = await list();
    expect(await list()).toMatchObject([{ state: 'signs', ends_at: null }]);

    expect(await rotate({})).toMatch(/new key, which signs from \d{4}-.* UTC/);
    expect(await list()).toMatchObject([{ state: 'next' }, { kid: first?.kid, state: 'signs' }]);
    expect(await rotate({})).toContain('There is a new key already');
    const jwks = (await (await fetch(`${gateway.issuer}/.well-known/jwks.json`)).json()) as Listed;
    expect(jwks.keys.map(({ kid }) => kid).toSorted()).toEqual(
      (await list()).map(({ kid }) => kid).toSorted(),
    );

    await expect(rotate({ revokeOld: true })).rejects.toThrow('--yes');
    expect(await rotate({ revokeOld: true, yes: true })).toContain('the former ones are gone');
    const left = await list();
    expect(left).toMatchObject([{ state: 'signs' }]);
    expect(left[0]?.kid).not.toBe(first?.kid);
    const text = await outputOf((output) => runKeysList({ dir }, output));
    expect(text).toContain(left[0]?.kid);
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(JSON.stringify(events)).toContain('key_rotated');
    expect(JSON.stringify(events)).not.toContain('PRIVATE KEY');
  });
});
