/**
 * The two eras of MCP on one path. Protocol 2026-07-28 sends an envelope with each request and has no sessions: the
 * SDK's handler serves it with a fresh server each time, in every service alike. What earlier clients get (a handshake,
 * with sessions or without) is the service's own.
 */
import { createMcpHandler, isLegacyRequest, type Server } from '@modelcontextprotocol/server';
import type { Logger } from '../config/log.ts';
import type { NativeRequest } from './native.ts';

export interface ModernEra {
  /** Whether the request belongs to a client of 2025-11-25 or earlier. */
  isHandshakeEra(request: NativeRequest): Promise<boolean>;
  serve(request: NativeRequest): Promise<Response>;
  /** Ends what is under way. */
  close(): Promise<void>;
}

/** @param create a fresh server for one request */
export function createModernEra(create: () => Server, logger: Logger): ModernEra {
  const handler = createMcpHandler(create, {
    legacy: 'reject',
    onerror: (error) => logger.debug({ error: error.message }, 'mcp'),
  });
  return {
    isHandshakeEra: ({ web, body }) => isLegacyRequest(web, body),
    serve: ({ web, body }) => handler.fetch(web, { parsedBody: body }),
    close: () => handler.close(),
  };
}
