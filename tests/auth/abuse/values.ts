/** What strangers put into requests. */
import type { Random } from './random.ts';

export interface Malformed {
  method: string;
  url: string;
  headers: Record<string, string>;
  payload?: Buffer;
}

export const METHODS = ['GET', 'POST', 'POST', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'];

const FORM = 'application/x-www-form-urlencoded';
export const TYPES = [
  ...[FORM, FORM, 'application/json', `${FORM}; charset=utf-16`, 'application/json; charset=latin1'],
  ...['text/plain', 'a/b/c', 'multipart/form-data; boundary=x', '', ';', `${FORM};charset="utf-8`],
];

export const NAMES = [
  ...['client_id', 'client_secret', 'redirect_uri', 'response_type', 'code_challenge', 'state', 'scope'],
  ...['code_challenge_method', 'resource', 'grant_type', 'code', 'code_verifier', 'refresh_token', 'token'],
  ...['user_code', 'token_type_hint', 'transaction', 'csrf', 'decision', 'service', 'client_assertion'],
  ...['client_assertion_type', 'device_code', 'passphrase', 'prompt', 'nonce', 'max_age', 'iss', 'error'],
  ...['response_mode', 'redirect_uris', '__proto__', 'constructor', 'prototype', 'hasOwnProperty'],
  ...['toString', 'code[]', 'code[a][b]', 'a\u0000', ''],
];

export const PLAIN_VALUES = [
  ...['authorization_code', 'refresh_token', 'client_credentials', 'S256', 'plain', 'code', 'query'],
  ...[
    'urn:ietf:params:oauth:grant-type:device_code',
    'none',
    'login consent',
    'allow:local',
    'allow',
    'deny',
  ],
  ...['urn:ietf:params:oauth:client-assertion-type:jwt-bearer', 'mcp:echo', 'mcp:*', 'javascript:alert(1)'],
  ...['http://169.254.169.254/', 'https://a.example/cb', 'https://client.example/metadata', 'http://[::1'],
  ...['\u0000', '\n\r', '\u202e', '\ud800', '%', '%ff', '%00', '{}', '[]', '"', '\\', '-1', '1e309', '../..'],
  ...[
    "'--",
    'eyJhbGciOiJub25lIn0.e30.',
    'a.b.c',
    '....',
    '<script>',
    '{{x}}',
    '${x}',
    'x'.repeat(9_000),
    '🙂',
  ],
];

export interface Hostile {
  /** Something that works, or does not, whole or spoilt. */
  value: () => string;
  /** @returns the text with one thing spoilt, or nothing */
  mangle: (text: string) => string;
  /** Percent-encoded, or not quite. */
  encode: (text: string) => string;
  json: (depth?: number) => unknown;
  /** What Node's own client lets through. */
  headerValue: (text?: string) => string;
}

/** @param genuine gives ids, codes and secrets that work, to get past the first checks */
export function createHostile(random: Random, genuine: () => readonly string[]): Hostile {
  const { below, pick, bytes } = random;
  const hostile: Hostile = {
    value: () => hostile.mangle(random.chance(0.4) ? pick(genuine()) : pick(PLAIN_VALUES)),
    mangle: (text) => {
      const at = below(text.length + 1);
      return pick([
        text,
        text,
        text.slice(0, at),
        text + text,
        `${text.slice(0, at)}${pick(PLAIN_VALUES)}${text.slice(at)}`,
      ]);
    },
    encode: (text) =>
      pick([
        () => encodeURIComponent(text.toWellFormed()),
        () => encodeURIComponent(text.toWellFormed()),
        () => printable(bytes(below(6)).toString('latin1')),
        () => `%${text.slice(0, 3).replace(/[^\w]/g, '')}`,
      ])(),
    json: (depth = 0) => {
      const kind = below(depth > 3 ? 4 : 7);
      if (kind === 0) return hostile.value();
      if (kind === 1) return pick([0, -1, 1e308, Number.MAX_SAFE_INTEGER]);
      if (kind === 2) return pick([null, true, false]);
      if (kind === 3) return [pick(['https://a.example/cb', 'http://127.0.0.1/cb', hostile.value()])];
      if (kind === 4) return Array.from({ length: below(5) }, () => hostile.json(depth + 1));
      return Object.fromEntries(
        Array.from({ length: below(6) }, () => [pick(NAMES), hostile.json(depth + 1)]),
      );
    },
    headerValue: (text) =>
      (
        text ??
        pick([
          () => `Basic ${Buffer.from(`${pick(genuine())}:${hostile.value()}`).toString('base64')}`,
          () => `Bearer ${hostile.value()}`,
          () => `Basic ${hostile.value()}`,
          hostile.value,
        ])()
      ).replace(/[^\x20-\x7e]/g, '?'),
  };
  return hostile;
}

/** Of a URL: the rest Node's own client does not let through. */
export function printable(text: string): string {
  return text.replace(/[^!-~]/g, '%');
}
