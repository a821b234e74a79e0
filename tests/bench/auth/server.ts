/**
 * The servers that are measured, each a process of its own on the first core, which tells what it used.
 *
 *     node tests/bench/auth/server.ts noop | auth REDIS_URL
 */
import { fork, spawnSync } from 'node:child_process';
import { createSign, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import fastify from 'fastify';
import { AUTH_NODE_OPTIONS } from '../../../cli/views/compose.ts';
import { createAuth } from '../../../runtime/auth/app.ts';
import { silentLogger } from '../../../runtime/config/log.ts';
import { openRedisStore } from '../../../runtime/store/redis.ts';
import { testSettings } from '../../helpers/oauth-server.ts';
import { TOPOLOGY } from './population.ts';

/** Of the process so far: processor time in microseconds, memory in bytes. */
export interface Usage {
  cpu: number;
  rss: number;
  heapUsed: number;
}

type Ask = { ask: 'usage' } | { ask: 'sign'; count: number };

export interface ServerProcess {
  port: number;
  usage(): Promise<Usage>;
  /** @returns processor time of `count` bare RS256 signatures, in microseconds */
  sign(count: number): Promise<number>;
  stop(): void;
}

export async function startServer(...args: ['noop'] | ['auth', redisUrl: string]): Promise<ServerProcess> {
  const child = fork(fileURLToPath(import.meta.url), args, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    // As in its container, so that its memory is what it has there.
    execArgv: args[0] === 'auth' ? AUTH_NODE_OPTIONS : [],
  });
  pin(child.pid, 0);
  const answer = async <Answer>(): Promise<Answer> => {
    const [message] = (await once(child, 'message')) as [Answer];
    return message;
  };
  const ask = async <Answer>(question: Ask): Promise<Answer> => {
    child.send(question);
    return answer();
  };
  const port = await answer<number>();
  return {
    port,
    usage: () => ask({ ask: 'usage' }),
    sign: (count) => ask({ ask: 'sign', count }),
    stop: () => child.disconnect(),
  };
}

/** All threads of a process on one core; where there is no taskset, wherever. */
export function pin(pid: number | undefined, core: number): void {
  if (pid !== undefined)
    spawnSync('taskset', ['-a', '-c', '-p', String(core), String(pid)], { stdio: 'ignore' });
}

async function serve([kind, redisUrl = '']: string[]): Promise<void> {
  const port = kind === 'noop' ? await serveNothing() : await serveAuth(redisUrl);
  process.on('message', (question: Ask) => {
    process.send?.(question.ask === 'usage' ? usage() : signBare(question.count));
  });
  process.on('disconnect', () => process.exit(0));
  process.send?.(port);
}

/** The headers that `/verify` answers with, without finding out what is in them. */
async function serveNothing(): Promise<number> {
  const app = fastify({ logger: false });
  const headers = {
    'x-user-id': 'github:1583231',
    'x-user-name': 'user-1583231',
    'x-client-id': 'client0000000000000001',
    'x-mcpgw-context': 'x'.repeat(360),
  };
  app.get('/verify/echo', (_request, reply) => {
    reply.headers(headers).send('');
  });
  app.get('/bare', (_request, reply) => {
    reply.send('');
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  return (app.server.address() as AddressInfo).port;
}

async function serveAuth(redisUrl: string): Promise<number> {
  const settings = testSettings(TOPOLOGY, {
    settings: {
      // A client refreshes long after the grace; here a grant would collect the answers of a hundred refreshes in a second.
      sessionTimeoutSeconds: 1800,
      refreshGraceSeconds: 0,
      // All come from one address; the limits are there and counted, but wide.
      rateLimitFactor: 1_000_000,
      identityProviders: [
        {
          kind: 'github',
          clientId: 'x',
          clientSecret: 'x',
          baseUrl: 'https://github.com',
          allowedUsers: ['*'],
        },
      ],
    },
  });
  const store = openRedisStore({ url: redisUrl });
  const { app } = await createAuth({ settings, store, logger: silentLogger });
  await app.listen({ port: 0, host: '127.0.0.1' });
  return (app.server.address() as AddressInfo).port;
}

function signBare(count: number): number {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const input = 'x'.repeat(420);
  const before = usage().cpu;
  for (let index = 0; index < count; index++) createSign('sha256').update(input).sign(privateKey);
  return usage().cpu - before;
}

function usage(): Usage {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  return { cpu: user + system, rss, heapUsed };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await serve(process.argv.slice(2));
