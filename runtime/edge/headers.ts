/** What the edge takes from and gives to a request's headers, in both forms that Node keeps them in. */
import type { IncomingMessage } from 'node:http';
import { IDENTITY_HEADERS } from '../config/context.ts';

/** Set by proxies; from outside they are claims that nobody has checked. */
const FORWARDED = /^(?:x-forwarded-.*|forwarded|x-real-ip|x-original-.*|x-rewrite-url)$/;
const IDENTITY = new Set<string>(IDENTITY_HEADERS);

/** True for a header that must not come from outside, also in the spelling with underscores (CGI-like servers fold them). */
export function isReserved(name: string): boolean {
  const folded = name.toLowerCase().replaceAll('_', '-');
  return IDENTITY.has(folded) || folded.startsWith('x-mcpgw-') || FORWARDED.test(folded);
}

/** Removes every header of the request for which `drop` says so, then adds `extra` (lower-case names). */
export function rewriteHeaders(
  request: IncomingMessage,
  drop: (name: string) => boolean,
  extra: Record<string, string>,
): void {
  const { headers, rawHeaders } = request;
  const kept: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string;
    if (drop(name)) delete headers[name.toLowerCase()];
    else kept.push(name, rawHeaders[index + 1] as string);
  }
  for (const [name, value] of Object.entries(extra)) {
    headers[name] = value;
    kept.push(name, value);
  }
  rawHeaders.splice(0, rawHeaders.length, ...kept);
}
