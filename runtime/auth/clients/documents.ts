/**
 * JSON documents on the sites of clients: metadata documents and key sets. Kept as their HTTP headers say, in this process
 * and in the store that all replicas share, because a client's refresh must not wait for its site each time, nor fail
 * while that site is down. What cannot be had is not asked for again at once, and no site is asked often: anybody can
 * make us ask, by naming a URL.
 */
import type { DocumentRecord, Store } from '../../store/store.ts';
import { GuardedFetchError, type GuardedFetch, type GuardedResponse } from '../../net/guarded-fetch.ts';
import { TooManyRequestsError } from '../errors.ts';
import { sha256 } from '../hashing.ts';
import { createTokenBucket, type RateLimit, type TokenBucket } from '../limits/token-bucket.ts';
import { RecentMap } from './recent-map.ts';
import { freshnessMs } from '../../net/http-freshness.ts';

/** The bounds of one fetch. A client waits no more than 10 s for `/token`. */
const LIMITS = { timeoutMs: 5_000, maxBytes: 64 * 1024 };

/** How long a copy serves while its site cannot be reached, beyond the time that it is fresh. */
const STALE_MS = 86_400_000;

/** How long a failure is remembered, so that a site that is down is not asked for each request. */
const FAILURE_MS = 30_000;

/** A document is not fetched again earlier than this, whoever needs it newer. */
const REFETCH_MS = 30_000;

const MAX_CACHED = 200;
const MAX_HOSTS = 1_000;

/** How often one site is asked, whoever makes us; who may make us ask how often is `admit`'s. */
const FETCHES_OF_HOST: RateLimit = { burst: 20, perSecond: 1 };

/**
 * How many new documents get a place in the store: anybody can have a site with as many as they like. None is kept longer
 * than two days, so at most twice the burst are there, in 64 MiB.
 */
const KEPT: RateLimit = { burst: 500, perSecond: 500 / (2 * 86_400) };

export interface Documents {
  /**
   * @param url one that `clientUrlProblem` has nothing against
   * @throws DocumentError, TooManyRequestsError, StoreUnavailableError
   */
  get(url: string): Promise<DocumentRecord>;
  /**
   * A newer copy than `known`, in which something is missing that should be there (a key). At most every 30 s.
   *
   * @returns undefined where there is none, or it is too early to ask
   * @throws StoreUnavailableError
   */
  renew(url: string, known: DocumentRecord): Promise<DocumentRecord | undefined>;
}

/** Nothing usable is there, or nobody answers. The message is for a log and says nothing of addresses inside. */
export class DocumentError extends Error {
  override name = 'DocumentError';
  /** Whether it may work later; otherwise the site gave a wrong answer. */
  readonly temporary: boolean;

  constructor(message: string, temporary: boolean) {
    super(message);
    this.temporary = temporary;
  }
}

interface Options {
  store: Store;
  fetch: GuardedFetch;
  /** Called before a site is asked. @throws TooManyRequestsError */
  admit?: () => Promise<void> | undefined;
  /** Clock, milliseconds since the epoch. */
  now: () => number;
}

export function createDocuments({ store, fetch, admit, now }: Options): Documents {
  const cache = new RecentMap<DocumentRecord>(MAX_CACHED);
  const failures = new RecentMap<{ error: DocumentError; untilMs: number }>(MAX_CACHED);
  const hosts = new RecentMap<TokenBucket>(MAX_HOSTS);
  const underWay = new Map<string, Promise<DocumentRecord>>();

  const fresh = (record: DocumentRecord | undefined): record is DocumentRecord =>
    record !== undefined && record.freshUntilMs > now();

  const fetchNow = async (url: string, known: DocumentRecord | undefined): Promise<DocumentRecord> => {
    assertSeldom(url);
    const response = await send(fetch, url, known?.etag);
    const record = recordOf(url, response, known, now());
    cache.set(url, record);
    if (known !== undefined || (await hasRoom())) await store.putRecord('document', sha256(url), record);
    return record;
  };

  /** Without a place in the store, a document serves from this process alone. */
  const hasRoom = async (): Promise<boolean> =>
    (await store.takeFromBucket('documents-kept', KEPT, 1)).granted > 0;

  const assertSeldom = (url: string): void => {
    const { host } = new URL(url);
    const bucket = hosts.get(host) ?? createTokenBucket(FETCHES_OF_HOST, now);
    hosts.set(host, bucket);
    const waitMs = bucket.take();
    if (waitMs > 0) throw new TooManyRequestsError(Math.ceil(waitMs / 1000), 'one site is asked too often');
  };

  const load = async (url: string, newerThanMs: number): Promise<DocumentRecord> => {
    const stored = await store.getRecord('document', sha256(url));
    if (fresh(stored) && stored.fetchedAtMs > newerThanMs) {
      cache.set(url, stored);
      return stored;
    }
    const failure = failures.get(url);
    if (failure !== undefined && failure.untilMs > now()) {
      if (stored !== undefined && failure.error.temporary) return stored;
      throw failure.error;
    }
    try {
      await admit?.();
      return await fetchNow(url, stored);
    } catch (error) {
      if (error instanceof TooManyRequestsError && stored !== undefined) return stored;
      if (!(error instanceof DocumentError)) throw error;
      failures.set(url, { error, untilMs: now() + FAILURE_MS });
      if (stored !== undefined && error.temporary) return stored;
      // The site answers, and what it has now is no such document: what it had before is over.
      if (!error.temporary) await forget(url);
      throw error;
    }
  };

  const forget = async (url: string): Promise<void> => {
    cache.delete(url);
    await store.takeRecord('document', sha256(url));
  };

  /** Of callers at the same time, one fetches for all. */
  const loadOnce = (url: string, newerThanMs = -Infinity): Promise<DocumentRecord> => {
    const key = `${newerThanMs} ${url}`;
    const begun = underWay.get(key) ?? load(url, newerThanMs).finally(() => underWay.delete(key));
    underWay.set(key, begun);
    return begun;
  };

  return {
    get: async (url) => {
      const cached = cache.get(url);
      return fresh(cached) ? cached : loadOnce(url);
    },
    renew: async (url, known) => {
      if (now() - known.fetchedAtMs < REFETCH_MS) return undefined;
      try {
        const renewed = await loadOnce(url, known.fetchedAtMs);
        return renewed.fetchedAtMs > known.fetchedAtMs ? renewed : undefined;
      } catch (error) {
        if (error instanceof DocumentError || error instanceof TooManyRequestsError) return undefined;
        throw error;
      }
    },
  };
}

async function send(fetch: GuardedFetch, url: string, etag: string | undefined): Promise<GuardedResponse> {
  const headers = { accept: 'application/json', ...(etag !== undefined && { 'if-none-match': etag }) };
  try {
    return await fetch(url, { ...LIMITS, headers });
  } catch (error) {
    if (!(error instanceof GuardedFetchError)) throw error;
    const temporary = error.reason === 'unreachable' || error.reason === 'address';
    throw new DocumentError(temporary ? 'it cannot be reached' : error.message, temporary);
  }
}

function recordOf(
  url: string,
  response: GuardedResponse,
  known: DocumentRecord | undefined,
  nowMs: number,
): DocumentRecord {
  const freshUntilMs = nowMs + freshnessMs(response.header);
  const times = { fetchedAtMs: nowMs, freshUntilMs, expiresAtMs: freshUntilMs + STALE_MS };
  if (response.status === 304 && known !== undefined) return { ...known, ...times };
  if (response.status !== 200) {
    const temporary = response.status >= 500 || response.status === 429 || response.status === 408;
    throw new DocumentError(`its site answers ${response.status}`, temporary);
  }
  // The draft, §4.1: "application/json" or "application/<AS-defined>+json"; RFC 7517 §8.5 for key sets.
  const [type = ''] = (response.header('content-type') ?? '').split(';');
  if (!/^application\/(?:json|[\w.-]+\+json)$/i.test(type.trim()))
    throw new DocumentError('its content type is not JSON', false);
  const etag = response.header('etag');
  return {
    url,
    body: response.body,
    ...(etag !== undefined && etag.length <= 256 && { etag }),
    ...times,
  };
}
