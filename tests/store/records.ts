/** Records for tests: complete and valid; a test names what it is about. */
import { MAX_REFRESH_ANSWERS } from '../../runtime/store/store.ts';
import type {
  ClientRecord,
  DeviceRecord,
  GrantRecord,
  KeyRecord,
  TransactionRecord,
} from '../../runtime/store/store.ts';

export const SECOND_MS = 1_000;
export const GRACE_MS = 120 * SECOND_MS;
export const REFRESH_LIFETIME_MS = 30 * 86_400 * SECOND_MS;
export { MAX_REFRESH_ANSWERS };

/** A clock that only a test moves. */
export class TestClock {
  nowMs = 1_800_000_000_000;
  readonly now = (): number => this.nowMs;
  advance(ms: number): void {
    this.nowMs += ms;
  }
}

export function makeClient(id: string, issuedAtMs: number, more: Partial<ClientRecord> = {}): ClientRecord {
  return {
    id,
    metadata: {
      redirect_uris: ['http://127.0.0.1:3000/callback'],
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      scope: 'mcp:fetch',
      client_name: 'Zoë\'s "client" \u{1f511}\n',
      contacts: [],
    },
    secretHash: 'c2VjcmV0',
    registrationTokenHash: 'cmVnaXN0cmF0aW9u',
    issuedAtMs,
    ...more,
  };
}

export function makeTransaction(
  idHash: string,
  expiresAtMs: number,
  more: Partial<TransactionRecord> = {},
): TransactionRecord {
  return {
    idHash,
    step: 'upstream',
    clientId: 'client',
    redirectUri: 'http://127.0.0.1:3000/callback',
    redirectUriGiven: true,
    state: 'state \u0000 "and" more',
    codeChallenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    scopes: ['mcp:fetch'],
    resources: [],
    browserHash: 'YnJvd3Nlcg',
    consentHash: 'Y29uc2VudA',
    upstream: { provider: 'github', codeVerifier: 'dmVyaWZpZXI' },
    expiresAtMs,
    ...more,
  };
}

export function makeDevice(id: string, expiresAtMs: number): DeviceRecord {
  return {
    id,
    secretHash: 'c2VjcmV0',
    clientId: 'client',
    scopes: ['mcp:fetch'],
    resources: [],
    status: 'pending',
    intervalSeconds: 5,
    expiresAtMs,
  };
}

/** A grant as `/callback` makes it: its code lives for 60 s, and so does the grant until the code is used. */
export function makeGrant(id: string, nowMs: number, more: Partial<GrantRecord> = {}): GrantRecord {
  return {
    id,
    clientId: 'client',
    user: { id: 'github:1', issuer: 'https://github.com', subject: '1', name: 'zoë', groups: [] },
    redirectUri: 'http://127.0.0.1:3000/callback',
    redirectUriGiven: false,
    codeChallenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    scopes: [],
    resources: ['https://fetch.example/mcp'],
    createdAtMs: nowMs,
    expiresAtMs: nowMs + 60 * SECOND_MS,
    codeHash: `code-of-${id}`,
    codeExpiresAtMs: nowMs + 60 * SECOND_MS,
    codeUsed: false,
    salt: 'c2FsdA',
    generation: 0,
    revoked: false,
    ...more,
  };
}

export function makeKey(kid: string, createdAtMs: number): KeyRecord {
  return {
    kid,
    sealedPrivateKey: `sealed-${kid}`,
    publicJwk: { kty: 'RSA', kid, n: 'bg', e: 'AQAB', key_ops: [] },
    createdAtMs,
  };
}
