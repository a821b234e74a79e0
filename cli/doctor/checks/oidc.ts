/**
 * The OpenID Connect issuer, as far as its discovery document shows it (OpenID Connect Discovery 1.0 §4). Auth starts
 * without it and reads it when somebody signs in, so one that is away is a warning; one that is another is a failure.
 */
import { z } from 'zod';
import { isAnyTenant } from '../../../runtime/config/rules.ts';
import type { ConfigValues } from '../../../runtime/config/schema.ts';
import type { HttpClient } from '../../net/http-client.ts';
import { type DoctorResult, failed, ok, skipped, warning } from '../check.ts';

const ISSUER = 'OIDC issuer';

/** What a sign-in needs of the document. */
const ENDPOINTS = ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const;
const documentSchema = z.looseObject({ issuer: z.string() });

/** @param callback the URL that the issuer must be told */
export async function checkOidc(
  client: HttpClient,
  values: ConfigValues,
  callback: string,
): Promise<DoctorResult[]> {
  const { OIDC_ISSUER: issuer } = values;
  if (!values.IDENTITY_PROVIDER.includes('oidc') || issuer === undefined) return [];
  return [
    await checkDiscovery(client, issuer),
    skipped('callback', `only a sign-in shows it; at ${new URL(issuer).host} it must be ${callback}`),
    ...(somebodyAllowed(values)
      ? []
      : [
          warning(
            'users',
            'nobody can sign in with OpenID Connect',
            'fill OIDC_ALLOWED_EMAILS, OIDC_ALLOWED_DOMAINS or OIDC_ALLOWED_GROUPS in .env',
          ),
        ]),
  ];
}

async function checkDiscovery(client: HttpClient, issuer: string): Promise<DoctorResult> {
  try {
    // §4: "any terminating / MUST be removed before appending".
    const answer = await client.request(`${issuer.replace(/\/+$/, '')}/.well-known/openid-configuration`, {
      headers: { accept: 'application/json' },
    });
    return discoveryResult(answer.status, await answer.text(), issuer);
  } catch {
    return warning(
      ISSUER,
      `${new URL(issuer).host} cannot be reached from here`,
      'see whether OIDC_ISSUER in .env is right; nobody can sign in until auth reaches it',
    );
  }
}

/**
 * @param text of the discovery document
 * @param issuer as the operator wrote it
 */
export function discoveryResult(status: number, text: string, issuer: string): DoctorResult {
  const { host } = new URL(issuer);
  if (status >= 500 || status === 429)
    return warning(ISSUER, `${host} is out of order (${status})`, 'run mcpgw doctor again later');
  const document = status === 200 ? documentIn(text) : undefined;
  if (document === undefined) {
    return failed(
      ISSUER,
      `${host} has no OpenID Connect metadata there (${status})`,
      'set OIDC_ISSUER in .env to the URL that its documentation calls the issuer',
    );
  }
  if (!isSameIssuer(document.issuer, issuer)) {
    return failed(
      ISSUER,
      `${host} calls itself ${shown(document.issuer)}`,
      'set OIDC_ISSUER in .env to exactly what it calls itself, if that is who you mean',
    );
  }
  const missing = ENDPOINTS.filter((name) => typeof document[name] !== 'string');
  if (missing.length > 0) {
    return failed(
      ISSUER,
      `${host} names no ${missing.join(', ')}`,
      'have it offer the authorization code flow, or set OIDC_ISSUER in .env to one that does',
    );
  }
  return ok(ISSUER, `${host} is there and names what a sign-in needs`);
}

function documentIn(text: string): z.output<typeof documentSchema> | undefined {
  try {
    return documentSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** §4.3: "MUST be identical"; of Microsoft's for any tenant, with the place for the tenant. */
function isSameIssuer(named: string, issuer: string): boolean {
  const expected = isAnyTenant(issuer)
    ? issuer.replace(/\/(?:common|organizations)\//, '/{tenantid}/')
    : issuer;
  return URL.canParse(named) && new URL(named).href === new URL(expected).href;
}

/** It is somebody else's text. */
function shown(text: string): string {
  return /^[\x21-\x7e]{1,200}$/.test(text) ? text : 'something that is no URL';
}

function somebodyAllowed(values: ConfigValues): boolean {
  const { OIDC_ALLOWED_EMAILS: emails, OIDC_ALLOWED_DOMAINS: domains, OIDC_ALLOWED_GROUPS: groups } = values;
  return [emails, domains, groups].some((allowed) => allowed.length > 0);
}
