/** What the store keeps, by kind. Times are milliseconds since the epoch. */

/** A registered client: RFC 7591 metadata as registered, plus what the server decided. */
export interface ClientRecord {
  id: string;
  /** The client metadata of RFC 7591 §2, as answered at registration. */
  metadata: ClientMetadata;
  /** SHA-256 of the secret, base64url; absent for a public client. */
  secretHash?: string;
  /** SHA-256 of the registration access token (RFC 7592), base64url. */
  registrationTokenHash: string;
  issuedAtMs: number;
  /** Absent: never. */
  expiresAtMs?: number;
  /** Until a person has first signed in to it: the end that it gets then. Without `expiresAtMs`: never. */
  onFirstSignIn?: { expiresAtMs?: number };
  /** Registered by the operator, not by a stranger: only then may it use `client_credentials`. */
  byOperator?: boolean;
}

/** RFC 7591 §2, the members that this server understands. */
export interface ClientMetadata {
  redirect_uris: string[];
  token_endpoint_auth_method: 'none' | 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt';
  grant_types: string[];
  response_types: string[];
  scope: string;
  client_name?: string;
  client_uri?: string;
  logo_uri?: string;
  tos_uri?: string;
  policy_uri?: string;
  contacts?: string[];
  software_id?: string;
  software_version?: string;
  /** Where the public keys for `private_key_jwt` are (RFC 7517 §5); at most one of this and `jwks`. */
  jwks_uri?: string;
  jwks?: { keys: Record<string, unknown>[] };
  /** Recorded, never a reason to refuse. */
  application_type?: string;
}

/** Who signed in. Keyed by (issuer, subject), never by login. */
export interface User {
  /** `<provider>:<subject>`, stable for ever. */
  id: string;
  /** The provider's issuer, e.g. `https://github.com`. */
  issuer: string;
  /** The provider's stable id for the person. */
  subject: string;
  /** The login, to show and for allow-lists. */
  name: string;
  groups: string[];
}

/** An authorization request under way: from `/authorize` to consent, or from consent to `/callback`. */
export interface TransactionRecord {
  /** SHA-256 of the handle that the browser or the identity provider carries, base64url. */
  idHash: string;
  step: 'consent' | 'upstream';
  clientId: string;
  redirectUri: string;
  /** Whether the request named the redirect URI; then the token request must too (RFC 6749 §4.1.3). */
  redirectUriGiven: boolean;
  /** The client's `state`, returned as it came. */
  state?: string;
  /** S256 challenge (RFC 7636). */
  codeChallenge: string;
  scopes: string[];
  /** Exact resource URLs (RFC 8707); empty until the person chose on the consent page. */
  resources: string[];
  /** SHA-256 of the cookie of the browser that began, base64url. */
  browserHash: string;
  /** In the step `consent`: `idHash` of the session that the page shows, whose user may go on without signing in. */
  sessionHash?: string;
  /** The person wants to sign in anew, perhaps as somebody else. */
  chooseAccount?: boolean;
  /** `id` of the device authorization request that this answers; then there is no redirect URI. */
  deviceId?: string;
  /** In the step `upstream`: `idHash` of the consent that it follows from, which ends when this is complete. */
  consentHash?: string;
  /** Identity provider chosen, and what it needs to check its answer. */
  upstream?: { provider: string; nonce?: string; codeVerifier?: string };
  expiresAtMs: number;
}

/** A browser that is signed in, from one authorization request to the next. */
export interface SessionRecord {
  /** SHA-256 of the session cookie, base64url. */
  idHash: string;
  user: User;
  signedInAtMs: number;
  /** Moves on with each use (`SESSION_TIMEOUT`). */
  expiresAtMs: number;
}

/** What a person agreed to for one client, so as not to be asked the same again. */
export interface ConsentRecord {
  userId: string;
  clientId: string;
  redirectUri: string;
  /** All that was agreed to, together. */
  resources: string[];
  scopes: string[];
  agreedAtMs: number;
  expiresAtMs: number;
}

/** A device authorization request (RFC 8628). Its id is a keyed hash of the user code; the device code contains the id. */
export interface DeviceRecord {
  id: string;
  /** SHA-256 of the secret part of the device code, base64url. */
  secretHash: string;
  clientId: string;
  scopes: string[];
  resources: string[];
  status: 'pending' | 'approved' | 'denied';
  /** In the status `approved`: who did, and when. */
  user?: User;
  approvedAtMs?: number;
  /** How long the device is to wait between polls; grows by each `slow_down` (RFC 8628 §3.5). */
  intervalSeconds: number;
  polledAtMs?: number;
  expiresAtMs: number;
}

/** Something fetched from a client's own site, kept for as long as its HTTP headers say. */
export interface DocumentRecord {
  url: string;
  body: string;
  etag?: string;
  fetchedAtMs: number;
  /** Until then it is as good as fetched anew; after that it must be asked for again. */
  freshUntilMs: number;
  /** Until then it serves while its site cannot be reached. */
  expiresAtMs: number;
}

/** Something that counts once, e.g. the `jti` of a client assertion (RFC 7523 §3). */
export interface OnceRecord {
  expiresAtMs: number;
}

/** The kinds of records that are only ever looked up by their id, and end by themselves. */
export interface RecordKinds {
  transaction: TransactionRecord;
  session: SessionRecord;
  consent: ConsentRecord;
  device: DeviceRecord;
  document: DocumentRecord;
  once: OnceRecord;
}

export type RecordKind = keyof RecordKinds;

/**
 * One person's consent to one client: the family that its code, its access tokens and its refresh tokens belong to.
 * The grant's id is part of each of them, so that everything about a grant is found under one key (and in one hash
 * slot of a cluster).
 */
export interface GrantRecord {
  id: string;
  clientId: string;
  user: User;
  redirectUri: string;
  redirectUriGiven: boolean;
  codeChallenge: string;
  scopes: string[];
  resources: string[];
  createdAtMs: number;
  /** The grant and all that it issued ends here, unless a refresh moves it on. */
  expiresAtMs: number;
  /** SHA-256 of the authorization code, base64url. */
  codeHash: string;
  codeExpiresAtMs: number;
  codeUsed: boolean;
  /** Random, base64url; goes into the MAC of its refresh tokens, so that the root secret alone forges none. */
  salt: string;
  /**
   * Number of the refresh token that is current; 0 before the first. A refresh token is its grant's id, its generation
   * and a MAC over both, so an older one is known as genuine without being kept.
   */
  generation: number;
  revoked: boolean;
}

/** How many answers to refreshes a store keeps with a grant at the most, for clients that lost one. */
export const MAX_REFRESH_ANSWERS = 8;

export interface KeyRecord {
  kid: string;
  /** PKCS #8 PEM of the RSA private key, sealed under the at-rest key. */
  sealedPrivateKey: string;
  /** The public JWK, as in the JWKS. */
  publicJwk: Record<string, unknown>;
  createdAtMs: number;
  /** From when it signs; until then it is only published. Absent: at once. */
  signsFromMs?: number;
}
