/** The error codes of a protected resource (RFC 6750 §3.1) and of a registration (RFC 7592 §2.1). */
import { describe, expect, it } from 'vitest';
import { authorize, codeForm, postForm, type Tokens } from '../../helpers/oauth-flow.ts';
import { answerOf, useParties, type Answer } from './support.ts';

const parties = useParties();

describe('an error at a protected resource (RFC 6750 §3.1)', () => {
  const call = async (service: string, authorization?: string) =>
    answerOf(
      await fetch(parties.test.resource(service), {
        method: 'POST',
        headers: authorization === undefined ? {} : { authorization },
      }),
    );
  const bearer = async (scope?: string) => {
    if (scope === undefined) return `Bearer ${parties.signedIn.tokens.access_token}`;
    const flow = await authorize(parties.test, {
      client: parties.open,
      authorize: { resource: undefined, scope: 'mcp:echo mcp:fetch' },
    });
    const { text } = await postForm(`${parties.test.origin}/token`, codeForm(flow, { scope }));
    return `Bearer ${(JSON.parse(text) as Tokens).access_token}`;
  };

  it.each<[string, string, string, number, () => Promise<Answer>]>([
    ['§3.1', 'no code', 'no token', 401, () => call('echo')],
    ['§3.1', 'invalid_token', 'what is no token', 401, () => call('echo', 'Bearer x')],
    ['§3.1', 'invalid_token', 'a token for another resource', 401, async () => call('fetch', await bearer())],
    [
      '§3.1',
      'insufficient_scope',
      'a token whose scope does not cover it',
      403,
      async () => call('fetch', await bearer('mcp:echo')),
    ],
  ])('%s: %s for %s', async (_at, error, when, status, request) => {
    const answer = await request();
    expect(answer.status).toBe(status);
    const { error: code } = JSON.parse(answer.text) as { error: string };
    expect(code).toBe(error === 'no code' ? 'invalid_token' : error);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const challenge = answer.headers.get('www-authenticate') ?? '';
    const service = /another|cover/.test(when) ? 'fetch' : 'echo';
    expect(challenge).toContain(`scope="mcp:${service}"`);
    if (error === 'no code') expect(challenge).not.toContain('error');
    else expect(challenge).toMatch(new RegExp(`^Bearer error="${error}", error_description="[^"]+", `));
  });

  it('RFC 7592 §2.1: invalid_token for a registration access token that is wrong, none where there is none', async () => {
    const url = `${parties.test.origin}/register/${parties.open.client_id}`;
    const missing = await answerOf(await fetch(url));
    expect([missing.status, missing.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="mcpgw"']);
    const wrong = await answerOf(await fetch(url, { headers: { authorization: 'Bearer x' } }));
    expect([wrong.status, wrong.headers.get('www-authenticate')]).toEqual([
      401,
      'Bearer realm="mcpgw", error="invalid_token"',
    ]);
  });
});
