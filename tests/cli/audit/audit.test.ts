import { describe, expect, it, vi } from 'vitest';
import { runAudit } from '../../../cli/audit/run.ts';
import { eventLine } from '../../../cli/audit/text.ts';
import { createOutput, type OutputFlags } from '../../../cli/output.ts';
import { runUserRevoke } from '../../../cli/user/revoke.ts';
import type { EventView } from '../../../runtime/embedded/admin.ts';
import { clientMetadata, postJson } from '../../helpers/oauth-flow.ts';
import { startTestGateway } from '../health/embedded-gateway.ts';
import { mcpgw } from '../support/cli.ts';
import { captureSinks } from '../support/run-init.ts';

const capture = (flags: OutputFlags = {}) => {
  const { captured, stdout, stderr } = captureSinks();
  return { captured, output: createOutput(flags, stdout, stderr, {}) };
};

describe('mcpgw audit', () => {
  it('shows what happened, oldest first, and filters it', async () => {
    const { folder, gateway } = await startTestGateway();
    for (const client_name of ['one', 'two'])
      expect((await postJson(`${gateway.issuer}/register`, clientMetadata({ client_name }))).status).toBe(
        201,
      );
    const shown = capture();
    await runAudit({ dir: folder, limit: 50 }, shown.output);
    const lines = shown.captured.stdout.trim().split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(
      /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}client_registered .*address=.*client=.*\(one\)/,
    );
    const json = capture({ json: true });
    await runAudit({ dir: folder, limit: 1, event: 'client_registered' }, json.output);
    const { events } = JSON.parse(json.captured.stdout) as { events: EventView[] };
    expect(events).toMatchObject([{ clientName: 'two', requestId: expect.any(String) }]);
    const none = capture();
    await runAudit({ dir: folder, limit: 50, user: 'nobody' }, none.output);
    expect(none.captured.stdout.trim()).toBe('');
    expect(await mcpgw(['audit', '--dir', folder, '--limit', '0'])).toMatchObject({ code: 2 });
    // One that is misspelt, and one that only the log has.
    for (const event of ['signed-in', 'tokens_refreshed']) {
      const refused = await mcpgw(['audit', '--dir', folder, '--event', event]);
      expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/is one of .*signed_in,/) });
    }
  });

  it('follows: the last ones, then each new one once, until it is stopped', async () => {
    const { folder, gateway } = await startTestGateway();
    const register = (client_name: string) =>
      postJson(`${gateway.issuer}/register`, clientMetadata({ client_name }));
    await register('older');
    await register('last');
    const shown = capture();
    const stopper = new AbortController();
    const following = runAudit({ dir: folder, limit: 1, follow: true }, shown.output, {
      signal: stopper.signal,
      everyMs: 1,
    });
    const names = () => [...shown.captured.stdout.matchAll(/\((\w+)\)/g)].map(([, name]) => name);
    await vi.waitFor(() => expect(names()).toEqual(['last']));
    for (const name of ['next', 'final']) {
      await register(name);
      await vi.waitFor(() => expect(names()).toContain(name));
    }
    stopper.abort();
    await following;
    expect(names()).toEqual(['last', 'next', 'final']);
  });

  it('revokes a person by id, and says when a login is not known', async () => {
    const { folder } = await startTestGateway();
    const shown = capture();
    await runUserRevoke('local:alice', { dir: folder, yes: true }, shown.output);
    expect(shown.captured.stdout).toContain('local:alice');
    await expect(runUserRevoke('nobody', { dir: folder, yes: true }, shown.output)).rejects.toThrow(
      /Name the id/,
    );
    await runAudit({ dir: folder, limit: 5, event: 'user_revoked' }, shown.output);
    expect(shown.captured.stdout).toContain('user_revoked');
  });

  it('writes nothing that moves the cursor', () => {
    const line = eventLine({
      ...{ id: 'x', time: '2026-01-01T00:00:00.000Z', event: 'client_registered' },
      ...{ client: 'c', clientName: 'evil\u001b[2J\nnext', resources: ['a', 'b'] },
    });
    expect(line).not.toMatch(/\p{Cc}/u);
    expect(line).toContain('resources="a b"');
  });
});
