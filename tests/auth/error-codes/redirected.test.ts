/** The error codes of the authorization response, where there is a client to go back to. */
import { describe, expect, it } from 'vitest';
import {
  authorizeParameters,
  authorizeUrl,
  makePkce,
  openConsent,
  REDIRECT_URI,
} from '../../helpers/oauth-flow.ts';
import { DESCRIPTION, useParties } from './support.ts';

const parties = useParties();

/** @returns the parameters of an authorization request over those of a proper one */
type Asked = () => Record<string, string | undefined>;

const redirected: [at: string, error: string, when: string, asked: Asked][] = [
  ['RFC 6749 §4.1.2.1', 'invalid_request', 'no response_type', () => ({ response_type: undefined })],
  ['RFC 7636 §4.4.1', 'invalid_request', 'no code_challenge', () => ({ code_challenge: undefined })],
  ['RFC 7636 §4.4.1', 'invalid_request', 'plain', () => ({ code_challenge_method: 'plain' })],
  [
    'RFC 6749 §4.1.2.1',
    'unauthorized_client',
    'a client without the grant type',
    () => ({ client_id: parties.device.client_id }),
  ],
  [
    'RFC 6749 §4.1.2.1',
    'unsupported_response_type',
    'another response type',
    () => ({ response_type: 'token' }),
  ],
  ['RFC 8707 §2', 'invalid_target', 'an unknown resource', () => ({ resource: 'https://other.example/' })],
  ['RFC 8707 §2', 'invalid_target', 'a resource that is no URI', () => ({ resource: 'echo' })],
  [
    'RFC 8707 §2',
    'invalid_target',
    'a resource with a fragment',
    () => ({ resource: `${parties.test.resource('echo')}#x` }),
  ],
  ['OpenID Connect §3.1.2.6', 'login_required', 'prompt=none and no session', () => ({ prompt: 'none' })],
];

describe('an error that goes back to the client', () => {
  const expectRedirect = (location: string | null, error: string) => {
    const { searchParams, origin, pathname } = new URL(location ?? '');
    expect(origin + pathname).toBe(REDIRECT_URI);
    expect(Object.fromEntries(searchParams)).toEqual({
      error,
      error_description: expect.stringMatching(DESCRIPTION) as string,
      state: 'the state',
      iss: parties.test.origin,
    });
  };

  it.each(redirected)('%s: %s for %s', async (_at, error, _when, asked) => {
    const url = authorizeUrl(parties.test.origin, {
      ...authorizeParameters(parties.test, parties.open, makePkce()),
      ...asked(),
    });
    const response = await fetch(url, { redirect: 'manual' });
    expect(response.status).toBe(302);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expectRedirect(response.headers.get('location'), error);
  });

  it('RFC 6749 §4.1.2.1: access_denied for a person who denies', async () => {
    const { page, person } = await openConsent(parties.test, { client: parties.open });
    const end = await person.press(page, { decision: 'deny' });
    expectRedirect(end.url, 'access_denied');
  });
});
