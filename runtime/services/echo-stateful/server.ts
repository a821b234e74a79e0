/**
 * `echo-stateful`: the diagnostic tools with sessions. Clients of 2025-11-25 and earlier get a session that belongs to
 * the user who opened it; protocol 2026-07-28 has none, and there the last echo is kept for each user instead.
 */
import type { SessionLimits } from '../sessions.ts';
import { UserEchoes } from '../echo/echo-memory.ts';
import { factsOf } from '../echo/facts.ts';
import { createEchoServers } from '../echo/servers.ts';
import { echoTools } from '../echo/tools/index.ts';
import { createModernEra } from '../modern.ts';
import {
  createNativeService,
  type NativeRequest,
  type NativeService,
  type NativeServiceOptions,
} from '../native.ts';
import { NativeMetrics } from '../native-metrics.ts';
import { createSessionEndpoint } from './session-endpoint.ts';
import { replayLastEcho } from './tools/replay-last-echo.ts';

const TOOLS = [...echoTools, replayLastEcho];

/** How often idle sessions are looked for, in milliseconds; a request to an idle one finds out by itself. */
const SWEEP_INTERVAL_MS = 30_000;

function limitsOf({
  maxSessions = 1000,
  maxSessionsPerUser = 32,
  sessionIdleSeconds = 1800,
}: NativeServiceOptions): SessionLimits {
  return { maxSessions, maxSessionsPerUser, idleSeconds: sessionIdleSeconds };
}

export function createEchoStateful(options: NativeServiceOptions): NativeService {
  const { service, logger } = options;
  const limits = limitsOf(options);
  const base = factsOf(options);
  const metrics = new NativeMetrics();
  const servers = createEchoServers(options, TOOLS, metrics);
  const modern = createModernEra(servers.create, logger);
  const userEchoes = new UserEchoes(
    { maxUsers: limits.maxSessions, idleSeconds: limits.idleSeconds },
    base.now,
  );
  const sessions = createSessionEndpoint({
    service,
    limits,
    logger,
    now: base.now,
    create: servers.create,
    bind: (request, session) => servers.bind(request.web, { request, facts, era: 'handshake', ...session }),
  });
  const facts = { ...base, sessionCounts: sessions.counts };
  const sweep = () => {
    sessions.sweep();
    userEchoes.sweep();
  };
  const timer = setInterval(sweep, SWEEP_INTERVAL_MS);
  timer.unref();

  const serveModern = (request: NativeRequest): Promise<Response> => {
    servers.bind(request.web, { request, facts, era: 'modern', memory: userEchoes.of(request.caller.sub) });
    return modern.serve(request);
  };

  return createNativeService(options, {
    serve: async (request) =>
      (await modern.isHandshakeEra(request)) ? sessions.serve(request) : serveModern(request),
    sessions() {
      sweep();
      return sessions.size();
    },
    metrics,
    async close() {
      clearInterval(timer);
      userEchoes.clear();
      await Promise.all([sessions.close(), modern.close()]);
    },
  });
}
