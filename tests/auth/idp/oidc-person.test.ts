import { describe, expect, it } from 'vitest';
import { createOidcAdmission, describePerson, type Claims } from '../../../runtime/auth/idp/oidc-person.ts';

const ISSUER = 'https://id.example.com/realms/a/';

const person = (claims: Claims, issuer = ISSUER, groupsClaim?: string) =>
  describePerson({ sub: 's', ...claims }, issuer, groupsClaim === undefined ? {} : { groupsClaim }, false);

const admission = (lists: { emails?: string[]; domains?: string[]; groups?: string[] }, issuer = ISSUER) =>
  createOidcAdmission(
    {
      issuer,
      allowedEmails: lists.emails ?? [],
      allowedDomains: lists.domains ?? [],
      allowedGroups: lists.groups ?? [],
    },
    false,
  );

describe('an address', () => {
  it.each([
    [{ email: 'A@Example.com', email_verified: true }, ['email:a@example.com', 'domain:example.com']],
    [{ email: 'a@example.com', email_verified: 'true' }, ['email:a@example.com', 'domain:example.com']],
    [{ email: 'a@example.com', xms_edov: '1' }, ['email:a@example.com', 'domain:example.com']],
    [{ email: 'a@example.com' }, []],
    [{ email: 'a@example.com', email_verified: false }, []],
    [{ email: 'a@example.com', email_verified: false, xms_edov: true }, []],
    [{ email: 'a@evil.example@example.com', email_verified: true }, []],
    [{ email: '"a@evil.example"@example.com', email_verified: true }, []],
    [{ email: 'a@example.com\n', email_verified: true }, ['email:a@example.com', 'domain:example.com']],
    [{ email: 'a@example.com, b@evil.example', email_verified: true }, []],
    [{ email: 'a@localhost', email_verified: true }, []],
    [{ email: ['a@example.com'], email_verified: true }, []],
    [{ email_verified: true }, []],
  ])('counts when it is verified and one: %j', (claims, groups) => {
    expect(person(claims).groups).toEqual(groups);
  });

  it('of a private Google account is not of the organisation; hd is', () => {
    const google = 'https://accounts.google.com';
    const claims = { email: 'former@example.com', email_verified: true };
    const allows = admission({ domains: ['example.com'] }, google);
    expect(allows(person(claims, google))).toBe(false);
    expect(allows(person({ ...claims, hd: 'Example.com' }, google))).toBe(true);
    expect(person({ ...claims, hd: 'x.example' }).groups).toContain('domain:example.com');
  });
});

describe('groups', () => {
  it.each([
    [{ groups: ['a', 'B', 7, null, 'a'] }, 'groups', ['oidc:a', 'oidc:B']],
    [{ groups: 'one' }, 'groups', ['oidc:one']],
    [{ realm_access: { roles: ['user'] } }, 'realm_access.roles', ['oidc:user']],
    [{ 'https://x.example/groups': ['g'] }, 'https://x.example/groups', ['oidc:g']],
    [{ groups: ['a'] }, undefined, []],
    [{ groups: { a: 1 } }, 'groups', []],
    [{}, 'constructor.name', []],
    [{ groups: ['email:boss@example.com'] }, 'groups', ['oidc:email:boss@example.com']],
  ])('of %j by %s', (claims, name, groups) => {
    expect(person(claims, ISSUER, name).groups).toEqual(groups);
  });

  it('that the provider left out, or that are too many, end the sign-in', () => {
    const overage = { _claim_names: { groups: 'src1' }, _claim_sources: { src1: {} } };
    expect(() => person(overage, ISSUER, 'groups')).toThrow('more groups than the identity provider tells');
    const many = { groups: Array.from({ length: 101 }, (_, index) => `g${index}`) };
    expect(() => person(many, ISSUER, 'groups')).toThrow('more groups than this gateway');
    expect(() => person({ groups: ['x'.repeat(5000)] }, ISSUER, 'groups')).toThrow('more groups');
  });
});

describe('a name', () => {
  it.each([
    [{ email: 'a@b.example', email_verified: true, preferred_username: 'u' }, 'a@b.example'],
    [{ email: 'boss@b.example', preferred_username: 'u' }, 'u'],
    [{ email: 'boss@b.example', name: ' Alice\u0007 ' }, 'Alice'],
    [{ name: 'A\u009b31mli\u202ece\u200b' }, 'A31mlice'],
    [{ preferred_username: '' }, 's'],
  ])('of %j is %s', (claims, name) => {
    expect(person(claims).name).toBe(name);
  });
});

describe('a subject', () => {
  it('is somebody else at another issuer', () => {
    const here = person({});
    expect(here.id).toBe('oidc:s@id.example.com/realms/a');
    expect(admission({ emails: ['*'] })(here)).toBe(true);
    expect(admission({ emails: ['*'] })(person({}, 'https://id.example.com/realms/b'))).toBe(false);
    expect(
      admission({ emails: ['*'] })(person({ sub: 's@id.example.com/realms/a' }, 'https://b.example')),
    ).toBe(false);
  });

  it.each(['', 'x'.repeat(256), 'a b', 'ü', 'a\n', 7, undefined])('is not %j', (sub) => {
    expect(() => person({ sub })).toThrow('did not say who you are');
  });
});

describe('who may come in (invariant 7)', () => {
  const alice = person(
    { email: 'alice@example.com', email_verified: true, groups: ['Staff'] },
    ISSUER,
    'groups',
  );
  it.each([
    [{}, false],
    [{ emails: [' ALICE@example.com '] }, true],
    [{ emails: ['bob@example.com'] }, false],
    [{ emails: ['*', 'bob@example.com'] }, false],
    [{ emails: ['*'] }, true],
    [{ domains: ['Example.com'] }, true],
    [{ domains: ['*'] }, false],
    [{ domains: ['ample.com'] }, false],
    [{ domains: ['sub.example.com'] }, false],
    [{ groups: ['staff'] }, true],
    [{ groups: ['*'] }, false],
  ])('%j: %s', (lists, admitted) => {
    expect(admission(lists)(alice)).toBe(admitted);
  });
});
