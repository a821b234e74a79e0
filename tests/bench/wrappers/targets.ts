/** What is measured: each wrapper as a process, in front of the same stdio server. */
import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../helpers/free-port.ts';
import { callerHeaders } from './caller.ts';
import { BenchClient } from './client.ts';
import type { Packages } from './packages.ts';

export interface Target {
  name: string;
  pid: number;
  /** @param user whose client it is, where the wrapper knows users */
  client(user?: string, connections?: number): BenchClient;
  stop(): Promise<void>;
}

export type Start = () => Promise<Target>;

const OUR_PROXY = fileURLToPath(new URL('our-proxy.ts', import.meta.url));
const START_MS = 60_000;
const LIMITS = {
  maxSessions: 1000,
  maxSessionsPerUser: 1000,
  maxChildren: 1000,
  maxChildrenPerUser: 1000,
};

/** How long a session that nobody uses lives in the measurement of clients that vanish, in seconds; all are told the same. */
export const IDLE_SECONDS = 2;

export interface OurOptions {
  name?: string;
  process?: 'session' | 'user';
  spares?: number;
  idleSeconds?: number;
}

/** @param server the stdio server's command */
export function ours(server: string[], options: OurOptions = {}): Start {
  const { name = 'mcpgw', process: model = 'session', spares = 0, idleSeconds } = options;
  const limits = { ...LIMITS, ...(idleSeconds !== undefined && { sessionIdleSeconds: idleSeconds }) };
  return async () => {
    const child = fork(OUR_PROXY, [JSON.stringify({ process: model, spares, limits }), ...server], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: [],
    });
    const [port] = (await once(child, 'message')) as [number];
    return target(name, child, port, (user) => callerHeaders(user));
  };
}

export function supergateway({ everything, supergateway: script }: Packages, idleSeconds?: number): Start {
  return startOther('supergateway', (port) => [
    ...[script, '--stdio', `${process.execPath} ${everything} stdio`, '--logLevel', 'none'],
    ...['--outputTransport', 'streamableHttp', '--stateful', '--port', String(port)],
    ...(idleSeconds === undefined ? [] : ['--sessionTimeout', String(idleSeconds * 1000)]),
  ]);
}

export function mcpProxy({ everything, mcpProxy: script }: Packages, idleSeconds?: number): Start {
  return startOther('mcp-proxy', (port) => [
    ...[script, '--port', String(port), '--host', '127.0.0.1', '--server', 'stream'],
    ...(idleSeconds === undefined ? [] : ['--sessionIdleTimeout', String(idleSeconds * 1000)]),
    ...['--', process.execPath, everything, 'stdio'],
  ]);
}

/** The server's own HTTP mode, without any wrapper. */
export function ownHttp({ everything }: Packages): Start {
  return startOther('own HTTP mode', () => [everything, 'streamableHttp']);
}

function startOther(name: string, args: (port: number) => string[]): Start {
  return async () => {
    const port = await freePort();
    const child = spawn(process.execPath, args(port), {
      stdio: 'ignore',
      env: { PATH: process.env['PATH'], PORT: String(port) },
    });
    await listening(port);
    return target(name, child, port, () => ({}));
  };
}

function target(
  name: string,
  child: ChildProcess,
  port: number,
  headers: (user?: string) => Record<string, string>,
): Target {
  const clients: BenchClient[] = [];
  return {
    name,
    pid: child.pid ?? 0,
    client: (user, connections) => {
      const client = new BenchClient(`http://127.0.0.1:${port}`, headers(user), connections);
      clients.push(client);
      return client;
    },
    stop: async () => {
      await Promise.all(clients.map((client) => client.vanish()));
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill();
      const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
      await once(child, 'exit');
      clearTimeout(timer);
    },
  };
}

async function listening(port: number): Promise<void> {
  const deadlineMs = Date.now() + START_MS;
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return;
    } catch (error) {
      if (Date.now() > deadlineMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    } finally {
      socket.destroy();
    }
  }
}
