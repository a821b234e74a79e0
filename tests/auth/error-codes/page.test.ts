/** The error codes that a person sees. */
import { describe, expect, it } from 'vitest';
import { authorizeParameters, authorizeUrl, makePkce } from '../../helpers/oauth-flow.ts';
import { answerOf, down, useParties, type Answer } from './support.ts';

const parties = useParties();

describe('an error that a person sees, because there is nobody to go back to', () => {
  const visit = async (asked: Record<string, string | undefined>) =>
    answerOf(
      await fetch(
        authorizeUrl(parties.test.origin, {
          ...authorizeParameters(parties.test, parties.open, makePkce()),
          ...asked,
        }),
        {
          redirect: 'manual',
        },
      ),
    );
  it.each<[string, string, string, number, () => Promise<Answer>]>([
    ['RFC 6749 §4.1.2.1', 'invalid_request', 'no client', 400, () => visit({ client_id: undefined })],
    ['RFC 6749 §4.1.2.1', 'invalid_client', 'an unknown client', 400, () => visit({ client_id: 'x' })],
    [
      'RFC 6749 §4.1.2.1',
      'invalid_request',
      'a redirect URI that is not registered',
      400,
      () => visit({ redirect_uri: 'https://evil.example/' }),
    ],
    [
      'RFC 6749 §4.1.2.1',
      'temporarily_unavailable',
      'a store that does not answer',
      503,
      () => down(parties.test, () => visit({})),
    ],
  ])('%s: %s for %s', async (_at, error, _when, status, request) => {
    const { status: got, headers, text } = await request();
    expect([got, headers.get('location')]).toEqual([status, null]);
    expect(headers.get('content-type')).toContain('text/html');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(text).toContain(`<code>${error}</code>`);
    expect(headers.get('www-authenticate')).toBeNull();
    expect(headers.get('retry-after')).toBe(status === 503 ? '5' : null);
  });
});
