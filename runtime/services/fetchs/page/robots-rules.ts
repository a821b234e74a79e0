/** RFC 9309 §2.2: what a robots.txt says of a URL. */
import robotsParser from 'robots-parser';
import type { RobotsJob } from './jobs.ts';

type ParseRobots = (
  url: string,
  text: string,
) => { isAllowed(url: string, product: string): boolean | undefined };

export function isAllowedByRobots({ rules, rulesUrl, product, url }: Omit<RobotsJob, 'kind'>): boolean {
  // The rules are the origin's that was asked, wherever a redirect has led from there.
  const parse = robotsParser as unknown as ParseRobots;
  return parse(rulesUrl, unreserved(rules)).isAllowed(unreserved(url), product) !== false;
}

/**
 * §2.2.2: "If a percent-encoded ASCII octet is encountered in the URI, it MUST be unencoded prior to comparison, unless it
 * is a reserved character in the URI as defined by [RFC3986] or the character is outside the unreserved character range."
 */
function unreserved(text: string): string {
  return text.replace(/%[2-7][0-9a-f]/gi, (octet) => {
    const character = String.fromCharCode(Number.parseInt(octet.slice(1), 16));
    return /[\w.~-]/.test(character) ? character : octet;
  });
}
