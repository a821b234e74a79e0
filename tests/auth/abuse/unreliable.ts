/** What the authorization server leans on, when that gives way. */
import {
  GuardedFetchError,
  type GuardedFetch,
  type GuardedFetchReason,
} from '../../../runtime/net/guarded-fetch.ts';
import { StoreUnavailableError, type Store } from '../../../runtime/store/store.ts';
import type { Random } from './random.ts';
import type { Hostile } from './values.ts';
import { URL_CLIENT, URL_CLIENT_DOCUMENT } from './world.ts';

/** How often it fails; 0: never. */
export interface Trouble {
  store: number;
  sites: number;
}

const AT_ONCE = new Set<PropertyKey>(['subscribe', 'close']);

/** Each step by itself fails or not, so that some requests fail half-way. */
export function unreliableStore(store: Store, random: Random, trouble: Trouble): Store {
  return new Proxy(store, {
    get: (target, property) => {
      const value: unknown = Reflect.get(target, property);
      if (typeof value !== 'function' || AT_ONCE.has(property)) return value;
      return (...args: unknown[]): unknown =>
        random.chance(trouble.store)
          ? Promise.reject(new StoreUnavailableError('down'))
          : (Reflect.apply(value, target, args) as unknown);
    },
  });
}

/** GitHub: tokens and a person, or anything else. */
export function unreliableGithub(random: Random, hostile: Hostile, trouble: Trouble): typeof fetch {
  return async (input) => {
    const url = input instanceof Request ? input.url : String(input);
    if (random.chance(trouble.sites)) {
      if (random.chance(0.2)) throw new TypeError('fetch failed');
      const body = random.pick([() => JSON.stringify(hostile.json()), () => hostile.value(), () => ''])();
      const status = random.pick([200, 200, 302, 400, 401, 404, 429, 500]);
      const type = random.pick(['application/json', 'text/html', 'application/json; charset=utf-8']);
      return new Response(body, { status, headers: { 'content-type': type } });
    }
    if (url.includes('access_token')) return Response.json({ access_token: 'gho_x', token_type: 'bearer' });
    return Response.json({ id: 7, login: 'octocat' });
  };
}

const REASONS: GuardedFetchReason[] = ['url', 'address', 'unreachable', 'too-large', 'encoding'];

/** The sites of clients: one has a metadata document. */
export function unreliableSites(random: Random, hostile: Hostile, trouble: Trouble): GuardedFetch {
  return async (url) => {
    const isGood = url === URL_CLIENT && !random.chance(trouble.sites);
    if (!isGood && random.chance(0.5)) throw new GuardedFetchError(random.pick(REASONS), 'nothing came');
    const body = isGood
      ? URL_CLIENT_DOCUMENT
      : { ...URL_CLIENT_DOCUMENT, [random.pick(['client_id', 'a'])]: hostile.json() };
    return {
      status: isGood ? 200 : random.pick([200, 200, 304, 404, 500]),
      header: (name) => (name === 'content-type' ? 'application/json' : undefined),
      body: isGood || random.chance(0.5) ? JSON.stringify(body) : hostile.value(),
    };
  };
}
