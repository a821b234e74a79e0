/** The sites of clients without a network: what a guarded fetch answers by URL, and how often it was asked. */
import {
  GuardedFetchError,
  type GuardedFetch,
  type GuardedResponse,
} from '../../runtime/net/guarded-fetch.ts';

export interface Page {
  status?: number;
  headers?: Record<string, string>;
  /** Text, or a value that is sent as JSON. */
  body?: unknown;
}

export interface ClientSites {
  pages: Map<string, Page | 'unreachable'>;
  /** URLs in the order that they were fetched in. */
  fetched: { url: string; headers: Record<string, string> }[];
  fetch: GuardedFetch;
}

export function createClientSites(pages: Record<string, unknown> = {}): ClientSites {
  const sites: ClientSites = {
    pages: new Map(Object.entries(pages).map(([url, body]) => [url, { body }])),
    fetched: [],
    fetch: async (url, { headers = {} }) => {
      sites.fetched.push({ url, headers });
      const page = sites.pages.get(url) ?? { status: 404, body: '' };
      if (page === 'unreachable') throw new GuardedFetchError('unreachable', 'nothing came');
      return respond(page);
    },
  };
  return sites;
}

function respond({ status = 200, headers = {}, body }: Page): GuardedResponse {
  const all: Record<string, string> = { 'content-type': 'application/json', ...headers };
  return {
    status,
    header: (name) => all[name],
    body: typeof body === 'string' ? body : JSON.stringify(body),
  };
}
