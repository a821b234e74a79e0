/** What the service `fetchs` may fetch. */
import { boolean, hostsOrRanges } from '../fields.ts';
import { keysOf } from '../key-meta.ts';

const key = keysOf('Service fetchs');

export const fetchsKeys = {
  MCP_FETCHS_ALLOWED_HOSTS: key(hostsOrRanges().default([]), {
    title: 'Private hosts that may be fetched',
    description:
      'Host names, addresses and ranges (CIDR), separated by commas, that fetchs may fetch from though they are not public. Whoever may use the service can then read what is there.',
    example: 'wiki.corp.example,10.1.0.0/16',
  }),
  MCP_FETCHS_IGNORE_ROBOTS: key(boolean().default(false), {
    title: 'Ignore robots.txt',
    description: 'Fetches what a site forbids to programs in its robots.txt, too.',
    example: 'false',
  }),
};
