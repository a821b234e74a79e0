/**
 * The embedded stand-in for Traefik, driven by the same route table: finds the route, asks auth (what ForwardAuth does
 * in the deployment), removes and adds the identity headers, and hands the request on within the process.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { corsHeaders, preflightHeaders } from '../config/cors.ts';
import type { Logger } from '../config/log.ts';
import { type Route, routeTable } from '../config/routes.ts';
import { issuer, serviceOrigin, authHost, serviceHost, type Topology } from '../config/topology.ts';
import { isReserved, rewriteHeaders } from './headers.ts';
import { requestTarget } from './request-path.ts';
import { createLookup } from './router.ts';

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** The outcome of `/verify/<service>`: identity headers, or the answer to give. */
export type Verdict =
  | { status: 200; headers: Record<string, string> }
  | { status: number; headers: Record<string, string>; body: object };

export interface EdgeOptions {
  topology: Topology;
  /** Further `Host` values (`host:port`) that stand for the auth host in path mode, such as the local one behind a tunnel. */
  aliases?: string[];
  verify: (service: string, request: IncomingMessage) => Verdict | Promise<Verdict>;
  auth: Handler;
  /** By service; undefined while it is not ready, and `failed` when it is not going to be. */
  service: (name: string) => { handle: Handler; passAuthorization: boolean } | 'failed' | undefined;
  corsOrigins: string[];
  logger: Logger;
}

/** Seconds after which a client is told to ask again for a service that is not ready. */
const NOT_READY_RETRY_SECONDS = 5;

/** @returns the listener of an HTTP server */
export function createEdge(options: EdgeOptions): Handler {
  const lookup = createLookup(
    routeTable(options.topology),
    knownHosts(options.topology, options.aliases ?? []),
  );
  return (request, response) => {
    const target = requestTarget(request.url);
    if (target === undefined)
      return answer(response, 400, 'invalid_request', 'The path of this request is not allowed.');
    if (countOf(request, 'host') > 1)
      return answer(response, 400, 'invalid_request', 'This request names its host twice.');
    const route = lookup(target.authority ?? request.headers.host ?? '', target.path, isPreflight(request));
    if (route === 'unknown-host') {
      const text = `This gateway answers to ${issuer(options.topology)} only.`;
      return answer(response, 421, 'invalid_request', text);
    }
    if (route === 'no-route') return answer(response, 404, 'not_found', 'There is nothing here.');
    rewriteHeaders(request, isReserved, {});
    serve(options, route, target.query, request, response).catch((error: unknown) => {
      options.logger.error({ error: String(error), route: route.name }, 'request failed');
      if (response.headersSent) response.destroy();
      else answer(response, 500, 'server_error', 'The gateway could not serve this request.');
    });
  };
}

/** RFC 9112 §3.2: "A server MUST respond with a 400 […] to any request message that contains more than one Host". */
function countOf({ rawHeaders }: IncomingMessage, name: string): number {
  return rawHeaders.filter((text, index) => index % 2 === 0 && text.toLowerCase() === name).length;
}

/** As Traefik tells them: a page asks for a method and names its origin. */
function isPreflight({ method, headers }: IncomingMessage): boolean {
  return (
    method === 'OPTIONS' &&
    headers['access-control-request-method'] !== undefined &&
    headers.origin !== undefined
  );
}

async function serve(
  options: EdgeOptions,
  route: Route,
  query: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { origin } = request.headers;
  // Auth sets its own; everything else gets them here, as Traefik's middleware does.
  if (route.target.to !== 'auth') setAll(response, corsHeaders(origin, options.corsOrigins));
  let identity: Record<string, string> = {};
  if (route.access === 'token') {
    const pending = options.verify(route.service as string, request);
    const verdict = pending instanceof Promise ? await pending : pending;
    if ('body' in verdict) return answerJson(response, verdict.status, verdict.headers, verdict.body);
    identity = verdict.headers;
  }
  const { target } = route;
  switch (target.to) {
    case 'auth':
      if (target.path !== undefined) request.url = target.path + query;
      return options.auth(request, response);
    case 'preflight':
      return preflight(options, request, response);
    case 'redirect':
      response.writeHead(302, { location: issuer(options.topology) + target.path + query }).end();
      return;
    case 'nothing':
      return answer(response, 404, 'not_found', 'There is nothing here.');
    case 'service': {
      const service = options.service(target.service);
      if (service === 'failed') {
        const text = `${target.service} could not be started; what the gateway writes says why.`;
        return answer(response, 503, 'temporarily_unavailable', text);
      }
      if (service === undefined) {
        response.setHeader('retry-after', String(NOT_READY_RETRY_SECONDS));
        return answer(response, 503, 'temporarily_unavailable', `${target.service} is not ready yet.`);
      }
      rewriteHeaders(
        request,
        (name) => isForAuthAlone(name.toLowerCase(), service.passAuthorization),
        identity,
      );
      request.url = target.path + query;
      return service.handle(request, response);
    }
  }
}

/** In path mode services share auth's host, so the browser sends them its cookie, too. */
function isForAuthAlone(name: string, passAuthorization: boolean): boolean {
  return name === 'cookie' || (name === 'authorization' && !passAuthorization);
}

function preflight(options: EdgeOptions, request: IncomingMessage, response: ServerResponse): void {
  const requested = request.headers['access-control-request-headers'];
  setAll(response, preflightHeaders(request.headers.origin, requested, options.corsOrigins));
  response.writeHead(204).end();
}

function setAll(response: ServerResponse, headers: Record<string, string>): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
}

function answer(response: ServerResponse, status: number, error: string, description: string): void {
  answerJson(response, status, {}, { error, error_description: description });
}

function answerJson(
  response: ServerResponse,
  status: number,
  headers: Record<string, string>,
  body: object,
): void {
  const text = JSON.stringify(body);
  response
    .writeHead(status, {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(text)),
      'cache-control': 'no-store',
      ...headers,
    })
    .end(text);
}

/** Every value of `Host` that the route table knows (DNS rebinding: any other is refused). */
function knownHosts(topology: Topology, aliases: string[]): Map<string, string> {
  const hosts = new Map<string, string>();
  const add = (origin: string, host: string) => hosts.set(new URL(origin).host, host);
  add(issuer(topology), authHost(topology));
  for (const service of topology.services)
    add(serviceOrigin(topology, service), serviceHost(topology, service));
  for (const alias of aliases) hosts.set(alias.toLowerCase(), authHost(topology));
  return hosts;
}
