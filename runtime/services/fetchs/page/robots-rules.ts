/** RFC 9309 §2.2: what a robots.txt says of a URL. */
import robotsParser from 'robots-parser';
import type { RobotsJob } from './jobs.ts';

type ParseRobots = (
  url: string,
  text: string,
) => { isAllowed(url: string, product: string): boolean | undefined };

export function isAllowedByRobots({ rules, rulesUrl, product, url }: RobotsJob): boolean {
  // The rules are the origin's that was asked, wherever a redirect has led from there.
  const parse = robotsParser as unknown as ParseRobots;
  return parse(rulesUrl, rules).isAllowed(url, product) !== false;
}
