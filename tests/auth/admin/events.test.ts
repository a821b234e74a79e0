import { describe, expect, it } from 'vitest';
import { postToken, refreshForm, signIn } from '../../helpers/oauth-flow.ts';
import { startTestAdmin } from './support.ts';

describe('events and users of the admin API', () => {
  it('has the recent events, newest first, without a secret', async () => {
    const { test, call } = await startTestAdmin();
    const flow = await signIn(test);
    const { status, body } = await call('events', '100');
    const { events } = body as { events: Record<string, unknown>[] };
    expect(status).toBe(200);
    expect(events.map(({ event }) => event)).toEqual(
      expect.arrayContaining(['tokens_issued', 'signed_in', 'consent_given', 'client_registered']),
    );
    expect(events.at(-1)).toMatchObject({ event: 'client_registered', address: expect.any(String) });
    for (const secret of [flow.answer.get('code'), flow.tokens.refresh_token, flow.tokens.access_token])
      expect(JSON.stringify(events)).not.toContain(secret);
    expect((await call('events', '1')).body).toMatchObject({ events: [expect.anything()] });
  });

  it.each(['local:alice', 'ALICE'])('ends every token of %s', async (named) => {
    const { test, call, use } = await startTestAdmin();
    const flow = await signIn(test, { authorize: { resource: test.resource('echo') } });
    expect(await use('echo', flow.tokens.access_token)).toBe(200);
    test.clock.advance(1_000);
    expect(await call('revoke-user', named)).toEqual({ status: 200, body: { users: ['local:alice'] } });
    test.clock.advance(1_000);
    expect(await use('echo', flow.tokens.access_token)).toBe(401);
    expect((await postToken(test, refreshForm(flow.client, flow.tokens.refresh_token))).status).toBe(400);
    expect((await call('revoke-user', 'nobody')).status).toBe(404);
    expect(test.logs.map(({ event }) => event)).toContain('user_revoked');
  });

  it('a store that does not answer fails no request for the sake of an event', async () => {
    const { test } = await startTestAdmin();
    test.store.down = true;
    test.auth.context.audit('client_deleted', { client: 'x' });
    await new Promise(setImmediate);
    expect(test.logs.map(({ event }) => event)).toContain('client_deleted');
  });
});
