/** Requests that are wrong in everything, to every path. */
import type { Random } from './random.ts';
import { METHODS, NAMES, PLAIN_VALUES, TYPES, type Hostile, type Malformed } from './values.ts';

/** Beside the paths that are served: what is not, what is only served inside, and other spellings. */
const STRANGE_PATHS = [
  ...['/verify/echo', '/verify/fetch', '/verify/', '/verify/../token', '//token', '/token/', '/TOKEN', '/'],
  ...[
    '/health',
    '/metrics',
    '/events/1',
    '/clients',
    '/register/x/y',
    '/assets/../token',
    '/assets/style.css',
  ],
  ...['/.well-known/oauth-protected-resource/echo', '/.well-known/openid-configuration', '/%74oken', '/%'],
];

/**
 * @param paths that are served
 * @returns a function that gives the next one
 */
export function malformedRequests(
  random: Random,
  hostile: Hostile,
  paths: readonly string[],
): () => Malformed {
  const { below, pick, chance, bytes } = random;
  const all = [...paths, ...paths, ...STRANGE_PATHS];
  const form = (): string => {
    const count = chance(0.02) ? 5_000 : below(12);
    const part = () => `${hostile.encode(pick(NAMES))}=${hostile.encode(hostile.value())}`;
    return Array.from({ length: count }, part).join(pick(['&', '&', '&&', ';']));
  };
  const body = (): Buffer => {
    if (chance(0.1)) return bytes(below(200));
    if (chance(0.01)) return Buffer.alloc(70_000, 'a=b&');
    if (chance(0.02)) return Buffer.from('['.repeat(20_000));
    const json = () => JSON.stringify(hostile.json());
    return Buffer.from(pick([form, form, json, () => json().slice(0, below(40))])());
  };

  return () => {
    const method = pick(METHODS);
    const query = chance(0.5) ? `?${form()}` : '';
    const headers: Record<string, string> = {};
    if (chance(0.4)) headers.authorization = hostile.headerValue();
    if (chance(0.2)) headers.cookie = `${pick(['mcpgw', '__Host-mcpgw', 'a'])}=${hostile.headerValue()}`;
    if (chance(0.1)) headers.origin = hostile.headerValue();
    if (chance(0.1)) headers['x-forwarded-for'] = hostile.headerValue();
    // It is answered and logged, so whoever puts a secret there has told it.
    if (chance(0.1)) headers['x-request-id'] = hostile.headerValue(pick(PLAIN_VALUES));
    const path = chance(0.1) ? `/${hostile.encode(hostile.value())}` : pick(all);
    // What Node's own parser would not let through is no longer a request.
    const request: Malformed = { method, url: (path + query).slice(0, 14_000), headers };
    if (method === 'GET' || method === 'HEAD' || chance(0.05)) return request;
    headers['content-type'] = pick(TYPES);
    return { ...request, payload: body() };
  };
}
