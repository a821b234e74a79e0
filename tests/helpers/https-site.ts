/** A site on the web, on loopback: HTTPS with a certificate of its own authority, and what it answers by path. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { localFiles } from '../../cli/tls/local-authority.ts';
import type { Address } from '../../runtime/net/guarded-connect.ts';
import { createGuardedFetch, type GuardedFetch } from '../../runtime/net/guarded-fetch.ts';

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface HttpsSite {
  port: number;
  /** PEM of its authority. */
  ca: string;
  /** What was asked for, in order. */
  requests: { path: string; headers: IncomingMessage['headers'] }[];
  answers: Map<string, Answer>;
  /** The guard as it is, but that every name leads here, and here is allowed. */
  fetch: GuardedFetch;
  close(): Promise<void>;
}

/**
 * @param hosts which the certificate is for
 * @param domain that all of them are below
 */
export async function startHttpsSite(
  hosts = ['app.example', 'other.example'],
  domain = 'example',
): Promise<HttpsSite> {
  const none = { authorityCertificate: undefined, authorityKey: undefined, served: undefined };
  const { authorityCertificate: ca, served } = localFiles(none, domain, hosts, Date.now());
  const requests: HttpsSite['requests'] = [];
  const answers = new Map<string, Answer>();
  const server = createServer({ cert: served, key: served }, (request, response) => {
    const path = request.url ?? '';
    requests.push({ path, headers: request.headers });
    const answer = answers.get(path);
    if (answer === undefined) response.writeHead(404).end();
    else answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const here: Address[] = [{ address: '127.0.0.1', family: 4 }];
  return {
    port,
    ca,
    requests,
    answers,
    fetch: createGuardedFetch({
      resolve: () => Promise.resolve(here),
      isAllowed: (address) => address === '127.0.0.1',
      port,
      ca,
    }),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** @returns an answer of JSON */
export function json(body: unknown, headers: Record<string, string> = {}, status = 200): Answer {
  return (_request, response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}
