/** The handshake era with sessions (`Mcp-Session-Id`): opening, finding, using and ending them. */
import {
  WebStandardStreamableHTTPServerTransport,
  isInitializeRequest,
  type Server,
} from '@modelcontextprotocol/server';
import type { Logger } from '../../config/log.ts';
import { randomToken } from '../../config/secrets.ts';
import { createEchoMemory, type EchoMemory } from '../echo/echo-memory.ts';
import type { EchoCall } from '../echo/call.ts';
import { RPC_SERVER_ERROR, RPC_SESSION_NOT_FOUND, rpcErrorResponse } from '../http.ts';
import type { NativeRequest } from '../native.ts';
import { SessionStore, type Session, type SessionLimits, type SessionRefusal } from '../sessions.ts';

interface Connection {
  server: Server;
  transport: WebStandardStreamableHTTPServerTransport;
  memory: EchoMemory;
}

export interface SessionEndpointOptions {
  service: string;
  limits: SessionLimits;
  /** Milliseconds since the epoch. */
  now: () => number;
  logger: Logger;
  /** A fresh server for one session. */
  create: () => Server;
  /** Tells the tools what they may know of a request in a session. */
  bind: (request: NativeRequest, session: Pick<EchoCall, 'session' | 'memory'>) => void;
}

export interface SessionEndpoint {
  serve: (request: NativeRequest) => Promise<Response>;
  /** Sessions that are open now, of all and of one user. */
  counts: (userId: string) => { total: number; ofUser: number };
  size: () => number;
  /** Ends the sessions that have been idle too long. */
  sweep: () => void;
  close: () => Promise<void>;
}

const containsInitialize = (body: unknown): boolean =>
  (Array.isArray(body) ? body : [body]).some(isInitializeRequest);

function refused({ limit, retryAfterSeconds }: SessionRefusal): Response {
  const headers = { 'Retry-After': String(retryAfterSeconds) };
  if (limit === 'user') {
    return rpcErrorResponse(
      429,
      RPC_SERVER_ERROR,
      'You have too many sessions open: end one (DELETE) or wait.',
      headers,
    );
  }
  return rpcErrorResponse(
    503,
    RPC_SERVER_ERROR,
    'The service has too many sessions open: try again later.',
    headers,
  );
}

export function createSessionEndpoint(options: SessionEndpointOptions): SessionEndpoint {
  const { service, logger, now } = options;
  const end = (session: Session<Connection>) => session.value.server.close();
  const store = new SessionStore<Connection>(options.limits, now, (session) => {
    logger.info({ service, user: session.userId }, 'session expired');
    void end(session);
  });

  /** Hands the request to the session's transport, on behalf of this request's caller. */
  const use = (session: Session<Connection>, request: NativeRequest): Promise<Response> => {
    const { id, openedAtMs, value } = session;
    const protocolVersion = value.server.getNegotiatedProtocolVersion();
    const given = request.headers['mcp-protocol-version'];
    if (given !== undefined && protocolVersion !== undefined && given !== protocolVersion) {
      logger.info(
        { service, given, negotiated: protocolVersion },
        'another protocol version than negotiated',
      );
    }
    store.hold(session, request.finished);
    options.bind(request, { session: { id, openedAtMs, protocolVersion }, memory: value.memory });
    return value.transport.handleRequest(request.web, { parsedBody: request.body });
  };

  const open = async (request: NativeRequest): Promise<Response> => {
    const id = randomToken(24);
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => id,
      enableJsonResponse: true,
    });
    const server = options.create();
    const session = store.open(id, request.caller.sub, { server, transport, memory: createEchoMemory() });
    if ('limit' in session) {
      logger.warn({ service, user: request.caller.sub, limit: session.limit }, 'session refused');
      return refused(session);
    }
    server.onclose = () => store.remove(id);
    await server.connect(transport);
    const response = await use(session, request);
    // The transport gives out no id where it refuses the handshake, such as one that stands in a batch.
    if (transport.sessionId === undefined) await server.close();
    else logger.info({ service, user: session.userId, sessions: store.size }, 'session opened');
    return response;
  };

  return {
    async serve(request) {
      // A handshake always opens a session: a client that was told 404 may still send its old id along.
      if (containsInitialize(request.body)) return open(request);
      const id = request.headers['mcp-session-id'];
      if (id === undefined) {
        return rpcErrorResponse(400, RPC_SERVER_ERROR, 'Bad Request: Mcp-Session-Id header is required');
      }
      const session = store.find(id, request.caller.sub);
      if (session === undefined) return rpcErrorResponse(404, RPC_SESSION_NOT_FOUND, 'Session not found');
      return use(session, request);
    },
    counts: (userId) => ({ total: store.size, ofUser: store.countOf(userId) }),
    size: () => store.size,
    sweep: () => store.sweep(),
    async close() {
      await Promise.all(store.drain().map(end));
    },
  };
}
