/**
 * The path of a request, only when there is one way to read it. Dot segments, encoded separators and empty segments are
 * where a router and what stands behind it disagree, so they are refused (invariant 5; Traefik's entry point does too).
 */

export interface RequestTarget {
  /** Of the absolute form, where it goes before the `Host` header (RFC 9112 §3.2.2). */
  authority?: string;
  path: string;
  /** With its `?`; empty when there is none. */
  query: string;
}

const PATH = /^\/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})*$/;
/** Percent-encoded slash, backslash, dot, percent, NUL, semicolon, question mark, hash. */
const ENCODED = /%(?:2f|5c|2e|25|00|3b|3f|23)/i;

const ABSOLUTE = /^https?:\/\/([A-Za-z0-9.\-:[\]]+)(\/.*)?$/i;

/** @returns undefined for a target that is in neither origin nor absolute form, or can be read in two ways */
export function requestTarget(url: string | undefined): RequestTarget | undefined {
  const [, authority, rest = '/'] = ABSOLUTE.exec(url ?? '') ?? [];
  if (authority === undefined) return originForm(url);
  const target = originForm(rest);
  return target === undefined ? undefined : { authority, ...target };
}

function originForm(url: string | undefined): RequestTarget | undefined {
  if (url === undefined) return undefined;
  const mark = url.indexOf('?');
  const path = mark === -1 ? url : url.slice(0, mark);
  if (!PATH.test(path) || ENCODED.test(path) || path.includes('//') || /\/\.{1,2}(?:\/|$)/.test(path))
    return undefined;
  return { path, query: mark === -1 ? '' : url.slice(mark) };
}
