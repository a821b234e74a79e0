import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authorize, formOf, openConsent, unescapeHtml } from '../../helpers/oauth-flow.ts';
import { startTestAuth, type TestAuth } from '../../helpers/oauth-server.ts';

let test: TestAuth;
beforeAll(async () => {
  test = await startTestAuth();
});
afterAll(() => test.close());

describe('the authorization response', () => {
  it('carries the code and nothing that was asked but the state', async () => {
    const { answer, pkce, end } = await authorize(test);
    expect([...answer.keys()].sort()).toEqual(['code', 'iss', 'state']);
    expect(end.url).not.toContain(pkce.challenge);
    const decoded = Buffer.from(answer.get('code')?.split('.')[1] ?? '', 'base64url').toString('latin1');
    expect(decoded).not.toContain(pkce.challenge);
  });

  it('has an issuer without query or fragment', async () => {
    const { answer } = await authorize(test);
    const iss = answer.get('iss') ?? '';
    expect(iss).toMatch(/^https?:\/\/[^?#]+$/);
    const metadata = await fetch(`${iss}/.well-known/oauth-authorization-server`);
    expect(((await metadata.json()) as { issuer: string }).issuer).toBe(iss);
  });

  it('is never sent by a redirect that repeats the form (RFC 9700 §4.12)', async () => {
    const { page, person } = await openConsent(test);
    const cookie = [...person.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const post = async (html: string, extra: Record<string, string>) => {
      const { action, values } = formOf(html);
      for (const [name, value] of Object.entries(extra)) values.set(name, value);
      const response = await fetch(new URL(unescapeHtml(action), page.url), {
        method: 'POST',
        redirect: 'manual',
        headers: { cookie },
        body: values,
      });
      expect([307, 308]).not.toContain(response.status);
      return response.text();
    };
    const signIn = await post(page.html, { decision: 'allow:local' });
    expect(unescapeHtml(await post(signIn, {}))).toContain('code=');
  });
});
