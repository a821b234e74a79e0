/** The kinds of value that a key of `.env` can have: each takes the text as written and gives the typed value. */
import { isIP } from 'node:net';
import { z } from 'zod';

const HOST_LABEL = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/;

/** A DNS name in lower case, without scheme, port or path. */
export function hostname() {
  return z
    .string()
    .transform((text) => text.trim().toLowerCase())
    .refine(
      (name) => name.length <= 253 && name.split('.').every((label) => HOST_LABEL.test(label)),
      'is not a host name (no scheme, port or path)',
    );
}

/** A whole number within bounds. */
export function integer(minimum: number, maximum: number, unit = '') {
  const range = `must be a whole number ${unit ? `of ${unit} ` : ''}from ${minimum} to ${maximum}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, range)
    .transform(Number)
    .refine((value) => value >= minimum && value <= maximum, range);
}

/** `true` or `false`; also `1`, `0`, `yes`, `no`, `on`, `off`. */
export function boolean() {
  return z
    .string()
    .transform((text) => text.trim().toLowerCase())
    .refine((text) => TRUE.has(text) || FALSE.has(text), 'must be true or false')
    .transform((text) => TRUE.has(text));
}
const TRUE = new Set(['true', '1', 'yes', 'on']);
const FALSE = new Set(['false', '0', 'no', 'off']);

/** Comma-separated values, trimmed, without empty ones. */
export function list() {
  return z.string().transform((text) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  );
}

/** Comma-separated choices out of a fixed set, each at most once. */
export function choices<const T extends string>(options: readonly [T, ...T[]]) {
  const known = new Set<string>(options);
  const words = `must be one or more of ${options.join(', ')}, separated by commas`;
  return list()
    .refine((values) => values.length > 0 && values.every((value) => known.has(value)), words)
    .refine((values) => new Set(values).size === values.length, 'names one twice')
    .transform((values) => values as T[]);
}

/** Comma-separated IP addresses and ranges (CIDR). */
export function cidrs() {
  return list().refine(
    (values) => values.every(isCidr),
    'must be IP addresses or ranges like 10.0.0.0/8, separated by commas',
  );
}

function isCidr(value: string): boolean {
  const [address = '', prefix, ...rest] = value.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128));
}

/** Comma-separated host names (in lower case), IP addresses and ranges. */
export function hostsOrRanges() {
  return list()
    .transform((values) => values.map((value) => value.toLowerCase().replace(/\.$/, '')))
    .refine(
      (values) => values.every((value) => isCidr(value) || isHostname(value)),
      'must be host names, IP addresses or ranges like 10.0.0.0/8 (no scheme, port or path), separated by commas',
    );
}

/** A last label of digits alone would make it an IPv4 address in disguise. */
function isHostname(value: string): boolean {
  return (
    value.split('.').every((label) => HOST_LABEL.test(label)) && !/(?:^|\.)(?:\d+|0x[0-9a-f]*)$/.test(value)
  );
}

/** Comma-separated web origins (`scheme://host[:port]`), or `*`. */
export function origins() {
  return list().refine(
    (values) => values.every((value) => value === '*' || isOrigin(value)),
    'must be origins like https://app.example.com (no path), separated by commas, or *',
  );
}

function isOrigin(value: string): boolean {
  return URL.canParse(value) && new URL(value).origin === value;
}

/** Comma-separated host names in lower case, or `*` alone. */
export function clientHosts() {
  return list()
    .transform((values) => values.map((value) => value.toLowerCase()))
    .refine(
      (values) =>
        values.every((value) => value.split('.').every((label) => HOST_LABEL.test(label))) ||
        (values.length === 1 && values[0] === '*'),
      'must be host names like claude.ai (no scheme or path), separated by commas, or * alone',
    );
}

/** An absolute http or https URL, without a trailing slash. */
export function httpUrl() {
  return z
    .string()
    .refine(
      (text) => /^https?:\/\//.test(text) && URL.canParse(text),
      'must be a URL that starts with https://',
    )
    .transform((text) => text.replace(/\/+$/, ''));
}

/** An e-mail address. */
export function email() {
  return z.string().regex(/^[^\s@]+@[^\s@]+\.[^\s@]+$/, 'is not an e-mail address');
}

/** One line of text, not empty. */
export function text() {
  // eslint-disable-next-line no-control-regex -- the point is to refuse them
  return z.string().regex(/^[^\u0000-\u001f\u007f]+$/, 'must be one line of text');
}

/** A value that may be left empty; empty text counts as absent. */
export function optional<T extends z.ZodType<unknown, string>>(type: T) {
  return z.union([z.literal('').transform(() => undefined), type]).optional();
}
