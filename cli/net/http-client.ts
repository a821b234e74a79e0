/**
 * HTTP as the CLI's own checks need it, on node:http: names can be pinned (`--resolve`), further authorities trusted,
 * and a body can be read while it comes. Redirects are answers like any other.
 */
import { lookup as systemLookup } from 'node:dns/promises';
import http, { type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import tls, { type PeerCertificate } from 'node:tls';
import type { ResolveRule } from './resolve-rule.ts';

export interface HttpRequest {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
  /** For the whole of it, body included, in milliseconds. */
  timeoutMs?: number;
}

export interface HttpAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  /** The body as it comes; cut when the time is over. */
  body: IncomingMessage;
  /** Reads it to its end. @throws Error when it is larger than a megabyte */
  text(): Promise<string>;
}

export interface ServerCertificate {
  /** As this client trusts: chain, name and time. */
  trusted: boolean;
  /** Node's code for what is wrong. */
  problem: string | undefined;
  /** Milliseconds since the epoch. */
  startsAtMs: number;
  expiresAtMs: number;
  /** Who signed it, in its own words. */
  signedBy: string;
}

export interface HttpClient {
  request(url: string, request?: HttpRequest): Promise<HttpAnswer>;
  /** Addresses that a name leads to from here. */
  addresses(host: string, port: number): Promise<string[]>;
  /** What a server shows, whether it is trusted or not. */
  certificate(host: string, port: number): Promise<ServerCertificate>;
  /** Ends idle connections. */
  close(): void;
}

export interface HttpClientOptions {
  resolve?: readonly ResolveRule[];
  /** PEM of authorities that are trusted beside those of the machine. */
  authorities?: readonly string[];
  /** The name service. */
  lookup?: (host: string) => Promise<string[]>;
}

/** How long an answer may take when nothing else is said, in milliseconds. */
const TIMEOUT_MS = 10_000;

const MAX_TEXT_BYTES = 1024 * 1024;

export function createHttpClient(options: HttpClientOptions = {}): HttpClient {
  const { resolve = [], authorities = [], lookup = askSystem } = options;
  const ca = authorities.length === 0 ? undefined : [...machineAuthorities(), ...authorities];
  const agents = {
    'http:': new http.Agent({ keepAlive: true }),
    'https:': new https.Agent({ keepAlive: true, ...(ca && { ca }) }),
  };
  const addresses = async (host: string, port: number): Promise<string[]> => {
    const name = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
    if (isIP(name) !== 0) return [name];
    const pinned = resolve.filter((rule) => rule.host === name && rule.port === port);
    return pinned.length > 0 ? pinned.map(({ address }) => address) : lookup(name);
  };
  const lookupAt = (port: number): LookupFunction => lookupFunction((host) => addresses(host, port));
  return {
    addresses,
    request: (text, request = {}) => {
      const url = new URL(text);
      const secure = url.protocol === 'https:';
      const agent = agents[secure ? 'https:' : 'http:'];
      return send(
        secure ? https.request : http.request,
        url,
        { agent, lookup: lookupAt(portOf(url)) },
        request,
      );
    },
    certificate: (host, port) =>
      readCertificate({ host, port, lookup: lookupAt(port), ...(ca && { ca }) }, TIMEOUT_MS),
    close: () => Object.values(agents).forEach((agent) => agent.destroy()),
  };
}

export function portOf({ port, protocol }: URL): number {
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
}

async function askSystem(host: string): Promise<string[]> {
  return (await systemLookup(host, { all: true })).map(({ address }) => address);
}

function machineAuthorities(): readonly string[] {
  // Newer than the oldest Node that we run on. It has NODE_EXTRA_CA_CERTS in it, the constant has not.
  const read = (tls as { getCACertificates?: (type: 'default') => string[] }).getCACertificates;
  return read?.('default') ?? tls.rootCertificates;
}

/** What node:net asks for the address of a name. */
function lookupFunction(find: (host: string) => Promise<string[]>): LookupFunction {
  return (host, options, callback) => {
    find(host).then(
      (found) => {
        const all = found.map((address) => ({ address, family: isIP(address) }));
        const [first] = all;
        if (first === undefined) {
          callback(Object.assign(new Error(`no address of ${host}`), { code: 'ENOTFOUND' }), '', 4);
        } else if (options.all === true) callback(null, all);
        else callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, '', 4),
    );
  };
}

function send(
  start: typeof http.request,
  url: URL,
  connection: { agent: http.Agent; lookup: LookupFunction },
  { method = 'GET', headers = {}, body, timeoutMs = TIMEOUT_MS }: HttpRequest,
): Promise<HttpAnswer> {
  const signal = AbortSignal.timeout(timeoutMs);
  return new Promise((resolve, reject) => {
    const request = start(url, {
      ...connection,
      method,
      signal,
      headers: {
        'user-agent': 'mcpgw',
        ...headers,
        ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }),
      },
    });
    request.once('error', (error) => reject(signal.aborted ? timedOut(timeoutMs) : error));
    request.once('response', (response) => {
      // Whoever reads the body gets its errors; one that nobody reads must not end the process.
      response.on('error', () => undefined);
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        body: response,
        text: () => readText(response, () => (signal.aborted ? timedOut(timeoutMs) : undefined)),
      });
    });
    request.end(body);
  });
}

function timedOut(timeoutMs: number): Error {
  return Object.assign(new Error(`no answer within ${timeoutMs / 1000} s`), { code: 'ETIMEDOUT' });
}

async function readText(response: IncomingMessage, instead: () => Error | undefined): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MAX_TEXT_BYTES) throw new Error('the answer is larger than a megabyte');
      chunks.push(chunk);
    }
  } catch (error) {
    throw instead() ?? error;
  }
  return Buffer.concat(chunks).toString('utf8');
}

interface CertificateSource {
  host: string;
  port: number;
  lookup: LookupFunction;
  ca?: string[];
}

function readCertificate(source: CertificateSource, timeoutMs: number): Promise<ServerCertificate> {
  return new Promise((resolve, reject) => {
    const { host } = source;
    // Nothing is sent on this connection: what is wrong with the certificate is the question, not a reason to stop.
    const socket = tls.connect({
      ...source,
      rejectUnauthorized: false,
      ...(isIP(host) === 0 && { servername: host }),
    });
    socket.setTimeout(timeoutMs, () => socket.destroy(timedOut(timeoutMs)));
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      const shown = socket.getPeerCertificate();
      resolve({
        trusted: socket.authorized,
        problem: socket.authorized ? undefined : problemOf(socket),
        startsAtMs: Date.parse(shown.valid_from),
        expiresAtMs: Date.parse(shown.valid_to),
        signedBy: signerOf(shown),
      });
      socket.destroy();
    });
  });
}

/** Node has an error there, and the types say that it is one; older Nodes have its code. */
function problemOf({ authorizationError }: tls.TLSSocket): string {
  const problem = authorizationError as Error | string | undefined;
  if (typeof problem === 'string') return problem;
  return (problem as NodeJS.ErrnoException | undefined)?.code ?? 'not trusted';
}

function signerOf({ issuer }: PeerCertificate): string {
  const name = issuer?.O ?? issuer?.CN ?? 'somebody without a name';
  return Array.isArray(name) ? name.join(', ') : name;
}
