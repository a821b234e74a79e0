/**
 * Forms and queries, `application/x-www-form-urlencoded` (RFC 6749 appendix B: "the names and values are encoded using the
 * UTF-8 character encoding scheme"), read in one way only: what could be read in two is a fault, not a guess.
 */
import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import { InvalidRequestError } from './errors.ts';

/** By name; one that is repeated has a list. It has no prototype, so that no name means something else. */
export type Parsed = Record<string, string | string[]>;

/** No request of a client or a page has more parameters. */
export const MAX_PARAMETERS = 100;

const faults = new WeakMap<object, string>();

/** @returns what is wrong with it; undefined when nothing is */
export function faultOf(parsed: object): string | undefined {
  return faults.get(parsed);
}

/**
 * Never throws, because Fastify reads a query before it is ready for errors: `readParameters` does in its place.
 *
 * @param text without the question mark
 */
export function parseForm(text: string): Parsed {
  const parsed = Object.create(null) as Parsed;
  const parts = text === '' ? [] : text.split('&', MAX_PARAMETERS + 1);
  if (parts.length > MAX_PARAMETERS) return faulty(`There are more than ${MAX_PARAMETERS} parameters.`);
  for (const part of parts) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = decode(equals < 0 ? part : part.slice(0, equals));
    const value = decode(equals < 0 ? '' : part.slice(equals + 1));
    if (name === undefined || value === undefined) return faulty('A parameter is not percent-encoded UTF-8.');
    const before = parsed[name];
    if (before === undefined) parsed[name] = value;
    else if (Array.isArray(before)) before.push(value);
    else parsed[name] = [before, value];
  }
  return parsed;
}

/**
 * Makes a scope take forms, and no other body.
 *
 * @param bodyLimit bytes
 */
export function addForms(scope: FastifyInstance, bodyLimit: number): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'buffer', bodyLimit },
    (request, body, done) => {
      const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(request.headers['content-type'] ?? '')?.[1];
      if (charset !== undefined && charset.toLowerCase() !== 'utf-8')
        return done(new InvalidRequestError('The charset of a form is UTF-8.', undefined, 415));
      const bytes = body as Buffer;
      if (!isUtf8(bytes)) return done(new InvalidRequestError('The form is not UTF-8.'));
      done(null, parseForm(bytes.toString('utf8')));
    },
  );
}

function faulty(fault: string): Parsed {
  const parsed = Object.create(null) as Parsed;
  faults.set(parsed, fault);
  return parsed;
}

const ENCODED = /[%+]/;

/** @returns undefined for what is no percent-encoded UTF-8 */
function decode(text: string): string | undefined {
  if (!ENCODED.test(text)) return text;
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}
