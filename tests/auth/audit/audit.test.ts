import { describe, expect, it, onTestFinished } from 'vitest';
import { createAudit } from '../../../runtime/auth/audit/audit.ts';
import { codeForm, postToken, signIn } from '../../helpers/oauth-flow.ts';
import { createTestLog, startTestAuth } from '../../helpers/oauth-server.ts';

describe('the audit trail', () => {
  it('says who, which client, from where and in which request', async () => {
    const test = await startTestAuth();
    onTestFinished(() => test.close());
    const flow = await signIn(test);
    const answer = await postToken(test, codeForm(flow));
    expect(answer.headers.get('x-request-id')).toMatch(/^[\w-]{16}$/);
    const events = test.logs.filter(({ event }) => typeof event === 'string' && event !== 'error');
    expect(events.length).toBeGreaterThan(3);
    for (const line of events)
      expect(line).toMatchObject({
        requestId: expect.any(String),
        address: expect.stringMatching(/^127|^::1/),
      });
    const replayed = events.find(({ event }) => event === 'code_replayed');
    expect(replayed).toMatchObject({
      level: 'warn',
      requestId: answer.headers.get('x-request-id'),
      client: flow.client.client_id,
      user: 'local:alice',
    });
  });

  it('says it of a token that is refused at a service, too', async () => {
    const test = await startTestAuth();
    onTestFinished(() => test.close());
    const { tokens } = await signIn(test, { authorize: { resource: test.resource('echo') } });
    const answer = await test.auth.app.inject({
      url: '/verify/fetch',
      headers: { authorization: `Bearer ${tokens.access_token}`, 'x-forwarded-for': '203.0.113.7' },
    });
    expect(answer.statusCode).toBe(401);
    expect(test.logs.find(({ event }) => event === 'access_denied')).toMatchObject({
      address: '203.0.113.7',
      service: 'fetch',
    });
  });

  it('keeps what is not routine, with a time and an id', () => {
    const kept: string[] = [];
    const { logger, logs } = createTestLog();
    const audit = createAudit({
      logger,
      caller: () => undefined,
      keep: (line) => kept.push(line),
      now: () => 0,
    });
    audit('tokens_refreshed', { client: 'a' });
    audit('client_deleted', { client: 'a' });
    expect(logs).toHaveLength(2);
    expect(kept.map((line) => JSON.parse(line) as unknown)).toEqual([
      {
        id: expect.stringMatching(/^[\w-]{12}$/),
        time: '1970-01-01T00:00:00.000Z',
        event: 'client_deleted',
        client: 'a',
      },
    ]);
  });

  it('keeps the same refusal from the same address once a minute: nobody pushes the others out by it', () => {
    const kept: string[] = [];
    const { logger, logs } = createTestLog();
    let nowMs = 0;
    let address = '203.0.113.7';
    const audit = createAudit({
      logger,
      caller: () => ({ requestId: String(Math.random()), address }),
      keep: (line) => kept.push(line),
      now: () => nowMs,
    });
    const refuse = () => audit('introspection_refused', { client: 'a', reason: 'a public client' });
    for (let count = 0; count < 2_000; count++) refuse();
    expect([logs.length, kept.length]).toEqual([2_000, 1]);
    address = '203.0.113.8';
    refuse();
    audit('introspection_refused', { client: 'b', reason: 'a public client' });
    expect(kept).toHaveLength(3);
    nowMs = 60_000;
    refuse();
    expect(kept).toHaveLength(4);
    // What is done, and not refused, counts each time.
    for (let count = 0; count < 3; count++) audit('signed_in', { user: 'u' });
    expect(kept).toHaveLength(7);
  });
});
