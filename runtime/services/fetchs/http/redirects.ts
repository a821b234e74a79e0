/** Fetch standard, "HTTP-redirect fetch": what the next request is, where an answer sends one elsewhere. */
import { FetchError } from '../fetch-error.ts';
import { acrossOrigins, withoutBody } from './request-headers.ts';
import { targetOf } from './target.ts';

export const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
export type Method = (typeof METHODS)[number];

/** One request to one place. */
export interface Hop {
  url: URL;
  method: Method;
  /** The caller's, names in lower case. */
  headers: Readonly<Record<string, string>>;
  body?: string;
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/**
 * @param location the answer's `Location`
 * @returns undefined where the answer is the last one
 * @throws FetchError for a place that is not fetched
 */
export function nextHop(hop: Hop, status: number, location: string | undefined): Hop | undefined {
  if (!REDIRECTS.has(status) || location === undefined) return undefined;
  const url = redirectTarget(location, hop.url);
  const changesMethod =
    ((status === 301 || status === 302) && hop.method === 'POST') ||
    (status === 303 && hop.method !== 'GET' && hop.method !== 'HEAD');
  const { body, ...rest } = hop;
  const next: Hop = changesMethod
    ? { ...rest, url, method: 'GET', headers: withoutBody(hop.headers) }
    : { ...rest, url, ...(body !== undefined && { body }) };
  return url.origin === hop.url.origin ? next : { ...next, headers: acrossOrigins(next.headers) };
}

function redirectTarget(location: string, from: URL): URL {
  try {
    return targetOf(location, from);
  } catch (error) {
    throw new FetchError(`${from.origin} redirects to where nothing is fetched. ${(error as Error).message}`);
  }
}
