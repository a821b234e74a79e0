/**
 * Who is in the store while the benchmarks run: clients and grants by number, so that any of them can be named without
 * keeping them, written through the store itself.
 */
import { secretKey } from '../../../runtime/auth/secret-key.ts';
import { makeRefreshToken } from '../../../runtime/auth/tokens/refresh-tokens.ts';
import { signAccessToken } from '../../../runtime/auth/tokens/tokens.ts';
import type { SigningKey } from '../../../runtime/auth/tokens/keys.ts';
import { issuer, resourceUrl, type Topology } from '../../../runtime/config/topology.ts';
import type { ClientRecord, GrantRecord, Store } from '../../../runtime/store/store.ts';
import { ROOT_SECRET } from '../../helpers/oauth-server.ts';

export const TOPOLOGY: Topology = {
  mode: 'path',
  scheme: 'http',
  domain: 'localhost',
  port: 8080,
  services: ['echo', 'fetch'],
};

export interface Population {
  clients: number;
  grants: number;
}

const DAY_MS = 86_400_000;
const TOKEN_SECONDS = 3 * 3600;

/** How many writes are under way at once while the store is filled. */
const BATCH = 1_000;

const REFRESH_KEY = secretKey(ROOT_SECRET, 'refresh-token');

/** As long as those that registration gives. */
export function clientId(index: number): string {
  return `client${String(index).padStart(16, '0')}`;
}

export function makeClient(index: number): ClientRecord {
  return {
    id: clientId(index),
    metadata: {
      client_name: 'A client of the benchmark',
      redirect_uris: ['http://127.0.0.1/callback', 'https://client.example.com/oauth/callback'],
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      scope: 'mcp:echo offline_access',
    },
    registrationTokenHash: hashLike(index),
    issuedAtMs: Date.now(),
    expiresAtMs: Date.now() + 90 * DAY_MS,
  };
}

/** A grant whose code was used: its first refresh token is out. */
export function makeGrant(index: number, { clients }: Population, id = grantId(index)): GrantRecord {
  const nowMs = Date.now();
  const subject = String(1_000_000 + (index % (clients * 2)));
  return {
    id,
    clientId: clientId(index % clients),
    user: {
      id: `github:${subject}`,
      issuer: 'https://github.com',
      subject,
      name: `user-${subject}`,
      groups: [],
    },
    redirectUri: 'http://127.0.0.1:51234/callback',
    redirectUriGiven: true,
    codeChallenge: hashLike(index),
    scopes: ['mcp:echo', 'offline_access'],
    resources: [resourceUrl(TOPOLOGY, 'echo')],
    createdAtMs: nowMs,
    expiresAtMs: nowMs + 30 * DAY_MS,
    codeHash: hashLike(index),
    codeExpiresAtMs: nowMs,
    codeUsed: true,
    salt: hashLike(index),
    generation: 1,
    revoked: false,
  };
}

/** Writes what is missing. */
export async function fill(store: Store, from: Population, to: Population): Promise<void> {
  await inBatches(from.clients, to.clients, (index) => store.putClient(makeClient(index)));
  await inBatches(from.grants, to.grants, (index) => store.putGrant(makeGrant(index, to)));
}

/** @returns an access token of each of these grants */
export function accessTokens(indexes: number[], population: Population, key: SigningKey): string[] {
  return indexes.map((index) => {
    const { id, user, clientId: client, scopes, resources } = makeGrant(index, population);
    return signAccessToken(
      {
        issuer: issuer(TOPOLOGY),
        user,
        clientId: client,
        grantId: id,
        scopes,
        resources,
        nowMs: Date.now(),
        lifetimeSeconds: TOKEN_SECONDS,
      },
      key,
    );
  });
}

/** @returns a refresh token and its client, of a grant beside those of the population */
export async function freshRefreshToken(
  store: Store,
  index: number,
  population: Population,
): Promise<{ client: string; token: string }> {
  const grant = makeGrant(index, population, `chain-${Date.now()}-${index}`);
  await store.putGrant(grant);
  return { client: grant.clientId, token: makeRefreshToken(grant, 1, REFRESH_KEY) };
}

/** @returns `count` different numbers below `below`, at random */
export function pick(count: number, below: number): number[] {
  const picked = new Set<number>();
  while (picked.size < Math.min(count, below)) picked.add(Math.floor(Math.random() * below));
  return [...picked];
}

export async function inBatches(
  from: number,
  to: number,
  write: (index: number) => Promise<unknown>,
): Promise<void> {
  for (let start = from; start < to; start += BATCH) {
    const size = Math.min(BATCH, to - start);
    await Promise.all(Array.from({ length: size }, (_, offset) => write(start + offset)));
  }
}

function grantId(index: number): string {
  return `grant_${String(index).padStart(16, '0')}`;
}

/** As long as a SHA-256 in base64url. */
function hashLike(index: number): string {
  return String(index).padStart(43, 'x');
}
