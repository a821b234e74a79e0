import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createPassphraseProvider } from '../../../runtime/auth/idp/passphrase.ts';
import type { RateLimits } from '../../../runtime/auth/limits/rules.ts';
import { hashPassphrase } from '../../../runtime/config/passphrase.ts';
import { decodeJwt, formOf, newPerson, openConsent, postToken, codeForm } from '../../helpers/oauth-flow.ts';
import { startTestAuth, type TestAuth } from '../../helpers/oauth-server.ts';

const PASSPHRASE = 'correct horse battery staple';
const ALLOW = { decision: 'allow:passphrase' };

let hash: string;
let test: TestAuth;
const started: TestAuth[] = [];

beforeAll(async () => {
  hash = await hashPassphrase(PASSPHRASE);
});
beforeEach(async () => {
  test = await startTestAuth({
    settings: { identityProviders: [{ kind: 'passphrase', hash, ownerName: 'Olga' }] },
  });
  started.push(test);
});
afterAll(async () => {
  for (const each of started) await each.close();
});

async function toPassphrase() {
  const flow = await openConsent(test);
  const form = await flow.person.press(flow.page, ALLOW);
  return { ...flow, form };
}

describe('signing in with the passphrase', () => {
  it('gives the owner a token', async () => {
    const { form, person, ...flow } = await toPassphrase();
    expect(form.html).toContain('Olga');
    const end = await person.press(form, { passphrase: PASSPHRASE });
    const answer = new URL(end.url).searchParams;
    const { body } = await postToken(test, codeForm({ ...flow, person, answer, end }));
    expect(decodeJwt(body.access_token)).toMatchObject({ sub: 'passphrase:owner', name: 'Olga' });
    const authorization = `Bearer ${body.access_token}`;
    expect((await test.auth.verify({ service: 'echo', authorization })).status).toBe(200);
  });

  it('asks in a form that password managers know, and that takes what is pasted', async () => {
    const { form } = await toPassphrase();
    const field = /<input type="password"[^>]*>/.exec(form.html)?.[0] ?? '';
    expect(field).toContain('autocomplete="current-password"');
    expect(form.html).not.toMatch(/onpaste|<script/);
    expect(form.headers.get('cache-control')).toBe('no-store');
  });

  it.each(['', 'not-the-phrase', `${PASSPHRASE}x`, 'x'.repeat(2000)])(
    'refuses %j, says so to the log without it, and lets the owner try again',
    async (passphrase) => {
      const { form, person } = await toPassphrase();
      const again = await person.press(form, { passphrase });
      expect([again.status, again.html.includes('This is not the passphrase')]).toEqual([403, true]);
      expect(test.logs.find(({ event }) => event === 'sign_in_refused')).toMatchObject({
        provider: 'passphrase',
        reason: 'wrong passphrase',
      });
      if (passphrase !== '') expect(JSON.stringify(test.logs)).not.toContain(passphrase);
      expect((await person.press(again, { passphrase: PASSPHRASE })).url).toContain('code=');
    },
  );

  it('is done once: the form leads to no second code', async () => {
    const { form, person } = await toPassphrase();
    await person.press(form, { passphrase: PASSPHRASE });
    expect((await person.press(form, { passphrase: PASSPHRASE })).url).not.toContain('code=');
  });

  it('wants the browser that agreed, and our own form (invariant 1)', async () => {
    const { form, person } = await toPassphrase();
    const other = newPerson();
    expect((await other.press(form, { passphrase: PASSPHRASE })).status).toBe(403);
    const forged = { ...form, html: form.html.replace(/name="csrf" value="[^"]*"/, 'name="csrf" value="x"') };
    expect((await person.press(forged, { passphrase: PASSPHRASE })).status).toBe(403);
  });

  it('is not a way around another provider', async () => {
    const local = await startTestAuth();
    started.push(local);
    const { person, page } = await openConsent(local);
    const button = await person.press(page, { decision: 'allow:local' });
    const forged = { ...button, html: button.html.replace('action="/local"', 'action="/passphrase"') };
    expect((await person.press(forged, { passphrase: PASSPHRASE })).status).toBe(400);
    const { person: owner, form } = await toPassphrase();
    const crossed = { ...form, html: form.html.replace('action="/passphrase"', 'action="/local"') };
    expect((await owner.press(crossed, {})).status).toBe(400);
  });

  it('can be tried so often, then only after the time that Retry-After says, right or wrong', async () => {
    const few = await startTestAuth({
      settings: {
        identityProviders: [{ kind: 'passphrase', hash, ownerName: 'Olga' }],
        rateLimits: { passphrases: { burst: 2, perSecond: 0.1 } },
      },
    });
    started.push(few);
    const { person, page } = await openConsent(few);
    const form = await person.press(page, ALLOW);
    await person.press(form, { passphrase: 'wrong' });
    await person.press(form, { passphrase: 'wrong' });
    const refused = await person.press(form, { passphrase: PASSPHRASE });
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '10']);
    few.clock.advance(10_000);
    expect((await person.press(form, { passphrase: PASSPHRASE })).url).toContain('code=');
  });
});

describe('guessing the passphrase', () => {
  async function startGuarded(rateLimits: RateLimits = {}) {
    const guarded = await startTestAuth({
      settings: { identityProviders: [{ kind: 'passphrase', hash, ownerName: 'Olga' }], rateLimits },
    });
    started.push(guarded);
    const { person, page } = await openConsent(guarded);
    const form = await person.press(page, ALLOW);
    const cookie = [...person.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const fields = formOf(form.html).values;
    /** From an address, as the edge says it. */
    const answerFrom = async (address: string, passphrase: string) => {
      const payload = new URLSearchParams([...fields, ['passphrase', passphrase]]).toString();
      const { statusCode } = await guarded.auth.app.inject({
        ...{ method: 'POST', url: '/passphrase', payload },
        headers: {
          ...{ cookie, 'x-forwarded-for': address },
          'content-type': 'application/x-www-form-urlencoded',
        },
      });
      return statusCode;
    };
    return { guarded, answerFrom };
  }

  it('from one address stops there after ten, and does not keep the owner out at another', async () => {
    const { guarded, answerFrom } = await startGuarded();
    // An empty answer counts as any other, and costs no check.
    for (let count = 0; count < 10; count++) expect(await answerFrom('203.0.113.1', '')).toBe(403);
    for (let count = 0; count < 200; count++) expect(await answerFrom('203.0.113.1', '')).toBe(429);
    expect(await answerFrom('203.0.113.1', PASSPHRASE)).toBe(429);
    expect(await answerFrom('198.51.100.7', 'wrong')).toBe(403);
    guarded.clock.advance(60_000);
    expect(await answerFrom('203.0.113.1', '')).toBe(403);
    expect(await answerFrom('203.0.113.1', PASSPHRASE)).toBe(429);
    expect(await answerFrom('198.51.100.7', PASSPHRASE)).toBeLessThan(400);
  });

  it('from many addresses stops for all of them', async () => {
    const { answerFrom } = await startGuarded({ passphrases: { burst: 3, perSecond: 0.1 } });
    for (const last of [1, 2, 3]) expect(await answerFrom(`203.0.113.${last}`, '')).toBe(403);
    expect(await answerFrom('203.0.113.4', '')).toBe(429);
  });

  it('stops while the store, which counts, is down', async () => {
    const { guarded, answerFrom } = await startGuarded();
    guarded.store.down = true;
    expect(await answerFrom('203.0.113.1', 'wrong')).toBe(503);
  });
});

describe('the provider', () => {
  it('checks one after another, and keeps few waiting', async () => {
    const provider = createPassphraseProvider({ kind: 'passphrase', hash, ownerName: 'Olga' });
    const answers = await Promise.allSettled(Array.from({ length: 12 }, () => provider.check(PASSPHRASE)));
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(9);
    expect(answers.at(-1)).toMatchObject({ status: 'rejected', reason: { status: 429 } });
    expect(await provider.check('wrong')).toBe(false);
    // Ten times scrypt, which takes long by design.
  }, 60_000);

  it('admits the owner by the id, and nobody by the name', () => {
    const provider = createPassphraseProvider({ kind: 'passphrase', hash, ownerName: 'Olga' });
    expect(provider.admits({ id: 'passphrase:owner', name: 'Before', groups: [] })).toBe(true);
    expect(provider.admits({ id: 'passphrase:Olga', name: 'Olga', groups: [] })).toBe(false);
  });

  it('does not start with something that is no hash', () => {
    expect(() => createPassphraseProvider({ kind: 'passphrase', hash: 'x', ownerName: 'Olga' })).toThrow(
      'Run mcpgw init again',
    );
  });
});
