/**
 * Who somebody is, from the claims of an ID token and of the UserInfo endpoint (OpenID Connect Core 1.0 §5.1): pure.
 *
 * Groups are `oidc:<group>` of the claim that the operator names, `email:<address>` and `domain:<domain>` of a verified
 * address; all of an address is in lower case. An address that nobody has verified is used for nothing: in many
 * directories a person writes what they like there.
 */
import type { OidcSettings } from '../settings.ts';
import { boundedGroups } from './groups.ts';
import { SignInError, type Candidate, type Identity } from './provider.ts';

export type Claims = Readonly<Record<string, unknown>>;

const GOOGLE = 'https://accounts.google.com';
const ADDRESS = /^[^\s@"<>(),;:\\]{1,64}@([a-z0-9-]+(?:\.[a-z0-9-]+)+)$/;

/** OpenID Connect Core §2: `sub` "MUST NOT exceed 255 ASCII [RFC20] characters in length". */
const SUBJECT = /^[\x21-\x7e]{1,255}$/;

/** Would drive the operator's terminal (C1 controls do, too), or make a name read like another one. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** @throws SignInError for claims that say of nobody who they are */
export function describePerson(
  { sub, tid, ...claims }: Claims,
  issuer: string,
  settings: Pick<OidcSettings, 'groupsClaim'>,
  anyTenant: boolean,
): Identity {
  if (typeof sub !== 'string' || !SUBJECT.test(sub))
    throw new SignInError(
      'The identity provider did not say who you are.',
      'sub is not 1 to 255 ASCII characters',
    );
  const address = verifiedEmail(claims);
  const tenant = anyTenant && typeof tid === 'string' ? tid.toLowerCase() : undefined;
  const groups = groupsOf(claims, settings.groupsClaim).map((group) => oidcGroup(group, tenant));
  return {
    id: `oidc:${sub}@${tailOf(issuer)}`,
    issuer,
    subject: sub,
    name: nameOf(claims, address) ?? sub,
    groups: boundedGroups([
      ...(address === undefined ? [] : [`email:${address}`]),
      ...domainOf(claims, address, issuer).map((domain) => `domain:${domain}`),
      ...(tenant === undefined ? [] : [`oidc:${tenant}`]),
      ...groups,
    ]),
  };
}

/** Whatever tenant may sign in, its groups are its own: another tenant's administrator names theirs as they like. */
function oidcGroup(group: string, tenant: string | undefined): string {
  return tenant === undefined ? `oidc:${group}` : `oidc:${tenant}/${group}`;
}

/** @returns whether somebody may come in; with every list empty, nobody */
export function createOidcAdmission(
  settings: Pick<OidcSettings, 'issuer' | 'allowedEmails' | 'allowedDomains' | 'allowedGroups'>,
  anyTenant: boolean,
): (user: Candidate) => boolean {
  const { allowedEmails, allowedDomains, allowedGroups } = settings;
  const anybody = allowedEmails.length === 1 && allowedEmails[0]?.trim() === '*';
  const allowed = new Set([
    ...allowedEmails.map((address) => `email:${fold(address)}`),
    ...allowedDomains.map((domain) => `domain:${fold(domain)}`),
    ...allowedGroups.map((group) => `oidc:${fold(group)}`),
  ]);
  const isOurs = ofIssuer(settings.issuer, anyTenant);
  // Of the issuer that is configured now: the same subject at another one is somebody else.
  return ({ id, groups }) => isOurs(id) && (anybody || groups.some((group) => allowed.has(fold(group))));
}

function ofIssuer(issuer: string, anyTenant: boolean): (id: string) => boolean {
  const tail = tailOf(issuer);
  if (!anyTenant) return (id) => id.endsWith(`@${tail}`);
  const [host = ''] = tail.split('/');
  return (id) => {
    const [, found, tenant, version] = /^oidc:.*@([^/]+)\/([0-9a-f-]{36})\/(v2\.0)$/.exec(id) ?? [];
    return found === host && tenant !== undefined && version !== undefined;
  };
}

/** `https://id.example.com/realms/a/` → `id.example.com/realms/a` */
function tailOf(issuer: string): string {
  return issuer.replace(/^https?:\/\//, '').replace(/\/+$/, '');
}

/**
 * @returns the address in lower case if the provider says that it is the person's: by `email_verified`, or by
 * `xms_edov`, which is what Microsoft has instead ("email domain owner verified")
 */
function verifiedEmail({ email, email_verified: verified, xms_edov: edov }: Claims): string | undefined {
  if (typeof email !== 'string') return undefined;
  const address = fold(email);
  if (!ADDRESS.test(address)) return undefined;
  return isTrue(verified) || (verified === undefined && isTrue(edov)) ? address : undefined;
}

/** Some providers write it as a text or a number. */
function isTrue(value: unknown): boolean {
  return value === true || value === 'true' || value === 1 || value === '1';
}

/**
 * Google: an address of a company's domain may be on a private account that outlives the employment; `hd` alone says
 * that the account is the company's. https://developers.google.com/identity/openid-connect/openid-connect#an-id-tokens-payload
 */
function domainOf({ hd }: Claims, address: string | undefined, issuer: string): string[] {
  if (issuer === GOOGLE) return typeof hd === 'string' ? [fold(hd)] : [];
  return address === undefined ? [] : [address.slice(address.lastIndexOf('@') + 1)];
}

/** @throws SignInError where the provider left groups out: a policy may deny by exactly those */
function groupsOf(claims: Claims, name: string | undefined): string[] {
  if (name === undefined) return [];
  const distant = claims._claim_names;
  if (typeof distant === 'object' && distant !== null && name in distant) {
    throw new SignInError(
      'Your account is in more groups than the identity provider tells. Ask the operator of this gateway to have fewer of them sent.',
      `groups overage: ${name} is in _claim_names`,
    );
  }
  const value = claims[name] ?? atPath(claims, name.split('.'));
  if (typeof value === 'string') return value === '' ? [] : [value];
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

/** `realm_access.roles` → that member of that object, as Keycloak has it. */
function atPath(value: unknown, [first, ...rest]: string[]): unknown {
  if (first === undefined) return value;
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, first)) return undefined;
  return atPath((value as Record<string, unknown>)[first], rest);
}

/** To show. An address that is not verified is none: it would read like somebody else's name. */
function nameOf(
  { preferred_username: username, name }: Claims,
  address: string | undefined,
): string | undefined {
  for (const candidate of [address, username, name]) {
    const text = typeof candidate === 'string' ? candidate.replace(INVISIBLE, '').trim() : '';
    if (text !== '') return text.slice(0, 200);
  }
  return undefined;
}

function fold(text: string): string {
  return text.trim().toLowerCase();
}
