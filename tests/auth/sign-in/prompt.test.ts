import { describe, expect, it } from 'vitest';
import { readParameters } from '../../../runtime/auth/parameters.ts';
import { acceptsSession, readPrompt } from '../../../runtime/auth/sign-in/prompt.ts';

const read = (query: Record<string, string>) => readPrompt(readParameters(query));
const session = {
  idHash: 'x',
  user: { id: 'github:1', issuer: 'https://github.com', subject: '1', name: 'alice', groups: [] },
  signedInAtMs: 1_000_000,
  expiresAtMs: 2_000_000,
};

describe('prompt', () => {
  it.each([
    [{}, { none: false, signIn: false, consent: false }],
    [{ prompt: 'none' }, { none: true, signIn: false, consent: false }],
    [{ prompt: 'login  consent' }, { none: false, signIn: true, consent: true }],
    [{ prompt: 'select_account' }, { none: false, signIn: true, consent: false }],
    [{ prompt: 'create' }, { none: false, signIn: false, consent: false }],
    [{ max_age: '60' }, { none: false, signIn: false, consent: false, maxAgeSeconds: 60 }],
  ])('%j', (query, prompt) => {
    expect(read(query as Record<string, string>)).toEqual(prompt);
  });

  it.each([{ prompt: 'none login' }, { max_age: '-1' }, { max_age: 'x' }, { max_age: '1e3' }])(
    'refuses %j',
    (query) => {
      expect(() => read(query as Record<string, string>)).toThrow(/prompt|max_age/);
    },
  );
});

describe('a session', () => {
  it('counts until max_age, and never for a person who must sign in', () => {
    const later = session.signedInAtMs + 60_000;
    expect(acceptsSession(read({}), session, later)).toBe(true);
    expect(acceptsSession(read({ max_age: '60' }), session, later)).toBe(true);
    expect(acceptsSession(read({ max_age: '60' }), session, later + 1)).toBe(false);
    expect(acceptsSession(read({ max_age: '0' }), session, later)).toBe(false);
    expect(acceptsSession(read({ prompt: 'login' }), session, later)).toBe(false);
  });
});
