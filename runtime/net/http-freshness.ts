/** How long an answer of a site that we asked is fresh: RFC 9111 §4.2, within bounds of ours. */

/** A sign-in takes several steps, which must not each wait for the client's site. */
const MIN_MS = 60_000;

const MAX_MS = 86_400_000;

/** Where the site says nothing. */
const DEFAULT_MS = 600_000;

/**
 * @param header of the response, by name in lower case
 * @returns milliseconds. RFC 9111 §5.2.2: we are a shared cache, so `s-maxage` comes before `max-age`.
 */
export function freshnessMs(header: (name: string) => string | undefined): number {
  const directives = readDirectives(header('cache-control') ?? '');
  if (directives.has('no-store') || directives.has('no-cache') || directives.has('private')) return MIN_MS;
  const seconds = Number(directives.get('s-maxage') ?? directives.get('max-age') ?? Number.NaN);
  if (!Number.isSafeInteger(seconds)) return DEFAULT_MS;
  // RFC 9111 §4.2.3: what another cache kept it for has passed already.
  const age = Number(header('age') ?? 0);
  const restMs = (seconds - (Number.isSafeInteger(age) && age > 0 ? age : 0)) * 1000;
  return Math.min(Math.max(restMs, MIN_MS), MAX_MS);
}

function readDirectives(cacheControl: string): Map<string, string> {
  return new Map(
    cacheControl.split(',').map((directive) => {
      const [name = '', value = ''] = directive.trim().split('=');
      return [name.toLowerCase(), value.replace(/^"|"$/g, '')];
    }),
  );
}
