/** Malformed requests, the same ones for the same seed. */

export interface Malformed {
  method: string;
  url: string;
  headers: Record<string, string>;
  payload?: Buffer;
}

const PATHS = [
  ...[
    '/register',
    '/authorize',
    '/token',
    '/revoke',
    '/introspect',
    '/consent',
    '/local',
    '/callback',
    '/success',
  ],
  ...[
    '/passphrase',
    '/sign-out',
    '/device',
    '/device_authorization',
    '/verify/echo',
    '/verify/fetch',
    '/health',
  ],
  ...[
    '/.well-known/jwks.json',
    '/.well-known/oauth-authorization-server',
    '/assets/style.css',
    '/metrics',
    '/',
  ],
  ...['/.well-known/oauth-protected-resource/echo', '/register/x', '/verify/', '/verify/../token', '//token'],
];

const METHODS = ['GET', 'POST', 'POST', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'];

const TYPES = [
  ...['application/x-www-form-urlencoded', 'application/x-www-form-urlencoded', 'application/json'],
  ...[
    'application/x-www-form-urlencoded; charset=utf-16',
    'application/json; charset=latin1',
    'text/plain',
    'a/b/c',
  ],
  ...['multipart/form-data; boundary=x', '', ';', 'application/x-www-form-urlencoded;charset="utf-8'],
];

const NAMES = [
  ...[
    'client_id',
    'client_secret',
    'redirect_uri',
    'response_type',
    'code_challenge',
    'code_challenge_method',
  ],
  ...[
    'state',
    'scope',
    'resource',
    'grant_type',
    'code',
    'code_verifier',
    'refresh_token',
    'token',
    'user_code',
  ],
  ...[
    'token_type_hint',
    'transaction',
    'csrf',
    'decision',
    'service',
    'client_assertion',
    'client_assertion_type',
  ],
  ...[
    'device_code',
    'passphrase',
    'prompt',
    'nonce',
    'max_age',
    'iss',
    'error',
    'response_mode',
    'redirect_uris',
  ],
  ...[
    '__proto__',
    'constructor',
    'prototype',
    'hasOwnProperty',
    'toString',
    'code[]',
    'code[a][b]',
    'a\u0000',
    '',
  ],
];

const PLAIN_VALUES = [
  ...[
    'authorization_code',
    'refresh_token',
    'client_credentials',
    'S256',
    'plain',
    'code',
    'query',
    'allow:local',
  ],
  ...[
    'urn:ietf:params:oauth:grant-type:device_code',
    'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  ],
  ...[
    'mcp:echo',
    'mcp:*',
    'deny',
    'javascript:alert(1)',
    'http://169.254.169.254/',
    'https://a.example/cb',
    'none',
  ],
  ...[
    '\u0000',
    '\n\r',
    '\u202e',
    '\ud800',
    '%',
    '%ff',
    '%00',
    '{}',
    '[]',
    '"',
    '\\',
    '-1',
    '1e309',
    '../..',
    "'--",
  ],
  ...['eyJhbGciOiJub25lIn0.e30.', 'a.b.c', '....', '<script>', '{{x}}', '${x}', 'x'.repeat(9_000), '🙂'],
];

/**
 * @param seed any integer
 * @param genuine ids, codes and secrets that work, to get past the first checks
 * @returns a function that gives the next one
 */
export function malformedRequests(seed: number, genuine: readonly string[]): () => Malformed {
  const random = mulberry32(seed);
  const below = (end: number) => Math.floor(random() * end);
  const pick = <Item>(items: readonly Item[]): Item => items[below(items.length)] as Item;
  const bytes = (length: number) => Buffer.from(Array.from({ length }, () => below(256)));
  const mangle = (text: string): string => {
    const at = below(text.length + 1);
    return pick([
      text,
      text,
      text.slice(0, at),
      text + text,
      `${text.slice(0, at)}${pick(PLAIN_VALUES)}${text.slice(at)}`,
    ]);
  };
  const value = (): string => mangle(random() < 0.4 ? pick(genuine) : pick(PLAIN_VALUES));
  const encode = (text: string): string =>
    pick([
      () => encodeURIComponent(text.toWellFormed()),
      () => encodeURIComponent(text.toWellFormed()),
      () =>
        bytes(below(6))
          .toString('latin1')
          .replace(/[^!-~]/g, '%'),
      () => `%${text.slice(0, 3).replace(/[^\w]/g, '')}`,
    ])();
  const form = (): string => {
    const count = random() < 0.02 ? 5_000 : below(12);
    return Array.from({ length: count }, () => `${encode(pick(NAMES))}=${encode(value())}`).join(
      pick(['&', '&', '&&', ';']),
    );
  };
  const json = (depth = 0): unknown => {
    const kind = below(depth > 3 ? 4 : 7);
    if (kind === 0) return value();
    if (kind === 1) return pick([0, -1, 1e308, Number.MAX_SAFE_INTEGER]);
    if (kind === 2) return pick([null, true, false]);
    if (kind === 3) return [pick(['https://a.example/cb', 'http://127.0.0.1/cb', value()])];
    if (kind === 4) return Array.from({ length: below(5) }, () => json(depth + 1));
    return Object.fromEntries(Array.from({ length: below(6) }, () => [pick(NAMES), json(depth + 1)]));
  };
  const body = (): Buffer => {
    const text = pick([
      form,
      form,
      () => JSON.stringify(json()),
      () => JSON.stringify(json()).slice(0, below(40)),
    ])();
    if (random() < 0.1) return bytes(below(200));
    if (random() < 0.01) return Buffer.alloc(70_000, 'a=b&');
    if (random() < 0.02) return Buffer.from('['.repeat(20_000));
    return Buffer.from(text);
  };
  const headerValue = (): string =>
    pick([
      () => `Basic ${Buffer.from(`${pick(genuine)}:${value()}`).toString('base64')}`,
      () => `Bearer ${value()}`,
      () => `Basic ${value()}`,
      value,
    ])().replace(/[^\x20-\x7e]/g, '?');

  return () => {
    const method = pick(METHODS);
    const query = random() < 0.5 ? `?${form()}` : '';
    const headers: Record<string, string> = {};
    if (random() < 0.4) headers.authorization = headerValue();
    if (random() < 0.2) headers.cookie = `${pick(['mcpgw', '__Host-mcpgw', 'a'])}=${headerValue()}`;
    if (random() < 0.1) headers.origin = headerValue();
    if (random() < 0.1) headers['x-forwarded-for'] = headerValue();
    if (random() < 0.1) headers['x-request-id'] = headerValue();
    const path = random() < 0.1 ? `/${encode(value())}` : pick(PATHS);
    // What Node's own parser would not let through is no longer a request.
    const request: Malformed = { method, url: (path + query).slice(0, 14_000), headers };
    if (method === 'GET' || method === 'HEAD' || random() < 0.05) return request;
    headers['content-type'] = pick(TYPES);
    return { ...request, payload: body() };
  };
}

function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
