/** The handshake: a session and its child begin with a POST of `initialize` without a session id. */
import type { ServerResponse } from 'node:http';
import type { CallerContext } from '../../config/context.ts';
import { noPlace, SHUTTING_DOWN, type ProxyDeps } from '../checks.ts';
import { withoutRoots } from '../client-roots.ts';
import { refuse, SESSION_HEADER, type Accepts } from '../http.ts';
import { lineOf } from '../messages/framing.ts';
import { textOf, type RpcRequest } from '../messages/json-rpc.ts';
import { startRefusal } from '../models/start-refusal.ts';
import { Exchange } from '../streams/exchange.ts';

export interface Handshake {
  caller: CallerContext;
  accepts: Accepts;
  initialize: RpcRequest;
}

/** Starts a child and answers `initialize` with its answer, or with why there is none. */
export async function openSession(
  res: ServerResponse,
  { caller, accepts, initialize }: Handshake,
  deps: ProxyDeps,
): Promise<void> {
  const { sessions, limits, service, logger } = deps;
  const session = sessions.open(caller.sub);
  if (typeof session === 'string') {
    const refusal = session === 'closing' ? SHUTTING_DOWN : noPlace(session, limits);
    return refuse(res, refusal, initialize.id);
  }
  const exchange = new Exchange(res, {
    requests: 1,
    batch: false,
    accepts,
    openedAtMs: deps.now(),
    openStream: (...args) => session.openStream(...args),
    onWrite: () => session.wrote(res),
    // A client that does not know its session yet cannot come back to it.
    resumeMs: 0,
    onGone: () => void session.end('The client went away.'),
    streamHeaders: { [SESSION_HEADER]: session.id },
  });
  const slow = `did not answer initialize within ${limits.initializeTimeoutSeconds} s`;
  const timer = setTimeout(() => session.initializeTimedOut(slow), limits.initializeTimeoutSeconds * 1000);
  res.on('close', () => clearTimeout(timer));
  session.begin(initialize, exchange);
  try {
    const command = await deps.command(caller);
    if (session.ended) return;
    await session.start(command, lineOf(textOf(deps.clientRoots ? initialize : withoutRoots(initialize))));
  } catch (error) {
    const { message, status, headers } = startRefusal(error, { service, user: caller.sub, logger });
    void session.end(message, status, limits, headers);
  }
}
