/**
 * What the authorization server keeps, behind one interface with several adapters (memory, SQLite, Redis). Every method
 * is one atomic step: two callers at the same moment see the same outcome as two callers one after the other. The
 * contract suite (`tests/store/contract.ts`) runs against every adapter.
 *
 * Times are milliseconds since the epoch. Nothing that opens a door is stored readable: codes and secrets are hashed,
 * answers and private keys sealed, refresh tokens not stored at all (see `GrantRecord.generation`).
 *
 * A fault of the storage itself is thrown as `StoreUnavailableError`; callers answer 503 (security invariant 13).
 */

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
  /** The answers to earlier generations that may be asked again, newest last; bounded. */
  answers: RefreshAnswer[];
  revoked: boolean;
}

/** The answer that rotated `generation` to the next one, kept for a client that lost it. */
export interface RefreshAnswer {
  generation: number;
  /** The token response, sealed under the at-rest key. */
  sealed: string;
  rotatedAtMs: number;
}

/** How many answers a grant keeps at the most. */
export const MAX_REFRESH_ANSWERS = 8;

export type RedeemCodeResult =
  | { outcome: 'redeemed'; grant: GrantRecord }
  /** The code was used before: the grant is now revoked. */
  | { outcome: 'replayed'; grant: GrantRecord }
  /** No such grant or code, expired, or revoked. */
  | { outcome: 'unknown' };

export interface RotateRefresh {
  grantId: string;
  /** Generation of the token that was presented (its MAC has been checked). */
  generation: number;
  /** The new answer, in case this call is the one that rotates. */
  sealed: string;
  graceMs: number;
  /** Where the grant's end moves to on success. */
  expiresAtMs: number;
}

export type RotateRefreshResult =
  | { outcome: 'rotated' }
  /** The same token again, within grace or while its successor was never used: the identical answer. */
  | { outcome: 'retry'; sealed: string }
  /** An older token: the family is now revoked (RFC 9700 §4.14.2). */
  | { outcome: 'reused' }
  | { outcome: 'unknown' };

/** What `/verify` asks about a token that is otherwise good. */
export interface Standing {
  /** The grant exists, has not ended and is not revoked. */
  grantAlive: boolean;
  clientAlive: boolean;
  userAlive: boolean;
}

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

/** A rate: at most `burst` at once, refilled by `perSecond`. */
export interface BucketLimit {
  burst: number;
  perSecond: number;
}

export interface BucketAnswer {
  /** How many of those asked for were granted; never more than asked. */
  granted: number;
  /** Where nothing was granted: how long until one is there, milliseconds. */
  waitMs: number;
}

/** Something that ended or changed, so that what is remembered of it must be asked again. */
export type Notice =
  | { kind: 'grant' | 'client' | 'user'; id: string }
  | { kind: 'keys' }
  /** Notices may have been missed: nothing that is remembered can be relied on. */
  | { kind: 'all' };

/** How many events `listEvents` reaches back. */
export const MAX_EVENTS = 1_000;

export interface Store {
  /** @throws StoreUnavailableError when the storage does not answer */
  ping(): Promise<void>;

  /** Inserts or replaces. */
  putClient(client: ClientRecord): Promise<void>;
  /**
   * Replaces `expected`, as `getClient` returned it: an update that races with a deletion must not bring the client (and
   * its tokens) back, nor undo another update. @returns false where it is another one meanwhile, or gone
   */
  swapClient(expected: ClientRecord, next: ClientRecord): Promise<boolean>;
  /** @returns undefined for an unknown, deleted or expired client */
  getClient(id: string): Promise<ClientRecord | undefined>;
  /** Ends the client and with it every token of its grants. @returns whether it existed */
  deleteClient(id: string): Promise<boolean>;
  /** Newest first. */
  listClients(): Promise<ClientRecord[]>;

  /** Inserts or replaces. */
  putRecord<Kind extends RecordKind>(kind: Kind, id: string, record: RecordKinds[Kind]): Promise<void>;
  /** Inserts only where there is none. @returns whether it did: of concurrent callers one gets true */
  addRecord<Kind extends RecordKind>(kind: Kind, id: string, record: RecordKinds[Kind]): Promise<boolean>;
  /** @returns undefined for an unknown or ended one */
  getRecord<Kind extends RecordKind>(kind: Kind, id: string): Promise<RecordKinds[Kind] | undefined>;
  /** Replaces `expected`, as it was read. @returns false where it is another one meanwhile, or gone */
  swapRecord<Kind extends RecordKind>(
    kind: Kind,
    id: string,
    expected: RecordKinds[Kind],
    next: RecordKinds[Kind],
  ): Promise<boolean>;
  /** Removes and returns it: of concurrent callers one gets it. */
  takeRecord<Kind extends RecordKind>(kind: Kind, id: string): Promise<RecordKinds[Kind] | undefined>;

  putGrant(grant: GrantRecord): Promise<void>;
  /** @returns undefined for an unknown or ended grant; a revoked one is returned with `revoked` set */
  getGrant(id: string): Promise<GrantRecord | undefined>;
  /**
   * Uses the code up (invariant 2). On success `generation` becomes 1 and the grant's end moves to `expiresAtMs`.
   * A used code revokes the grant, also when it has expired meanwhile.
   */
  redeemCode(grantId: string, codeHash: string, expiresAtMs: number): Promise<RedeemCodeResult>;
  /** Rotates a refresh token (invariant 3). */
  rotateRefresh(rotate: RotateRefresh): Promise<RotateRefreshResult>;
  /** Idempotent. */
  revokeGrant(id: string): Promise<void>;

  /** Ends every token and every session of the user from before `atMs`. */
  revokeUser(userId: string, atMs: number): Promise<void>;
  /** @returns the latest `atMs` of `revokeUser`; undefined where there was none */
  userRevokedAt(userId: string): Promise<number | undefined>;
  /**
   * Ends every token of the client from before `atMs`. For clients that are not registered but name themselves by the URL
   * of a metadata document: those always exist, and only this ends what they were given.
   */
  revokeClient(clientId: string, atMs: number): Promise<void>;
  /** @returns the latest `atMs` of `revokeClient`; undefined where there was none */
  clientRevokedAt(clientId: string): Promise<number | undefined>;
  /** Cheap: `/verify` asks it for every request. Without a grant the user counts as not alive either. */
  standing(grantId: string, clientId: string, userId: string): Promise<Standing>;

  /** @returns newest first: the first one signs */
  listKeys(): Promise<KeyRecord[]>;
  /** Adds the key only while there is none, so that replicas that start at once agree. @returns the keys after it */
  seedKey(key: KeyRecord): Promise<KeyRecord[]>;
  /** Inserts or replaces. */
  putKey(key: KeyRecord): Promise<void>;
  deleteKey(kid: string): Promise<void>;

  /** Takes up to `count` from the bucket of that name, which all replicas share. */
  takeFromBucket(name: string, limit: BucketLimit, count: number): Promise<BucketAnswer>;

  /** Adds to a ring of `MAX_EVENTS`. @param event one line of JSON */
  appendEvent(event: string): Promise<void>;
  /** Newest first. */
  listEvents(limit: number): Promise<string[]>;

  /**
   * Calls `listener` for each thing that ends or changes, in this process or another one: a grant revoked (a re-used code
   * or refresh token among the causes), a client deleted, replaced or revoked, a user revoked, the keys changed. Notices
   * come within milliseconds but may be lost with a connection, which is told by `all` once it is back; so what must hold
   * is asked for again now and then all the same.
   *
   * @returns how to stop it
   */
  subscribe(listener: (notice: Notice) => void): () => void;

  close(): Promise<void>;
}

/** The storage did not answer or could not write: nothing is decided on (503, security invariant 13). */
export class StoreUnavailableError extends Error {
  override name = 'StoreUnavailableError';
}
