/**
 * Malformed requests to the services of an embedded gateway, through its edge: native ones and a stdio server behind the
 * proxy. No 5xx but 503, no unhandled rejection, and everything still at work. `npm run fuzz` sends many.
 */
import { Agent } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ownService } from '../../cli/dev/own-command.ts';
import { malformedRequests } from '../auth/abuse/malformed.ts';
import { createRandom } from '../auth/abuse/random.ts';
import { send } from '../auth/abuse/send.ts';
import { spoil, whole, type Genuine } from '../auth/abuse/spoil.ts';
import { createHostile, type Malformed } from '../auth/abuse/values.ts';
import { startTestGateway } from '../cli/health/embedded-gateway.ts';
import { devAsTest } from '../helpers/dev-flow.ts';
import type { DevProcess } from '../helpers/mcpgw-process.ts';
import { signIn } from '../helpers/oauth-flow.ts';
import { callTool, INITIALIZE, LIST_TOOLS } from '../services/harness.ts';

const COUNT = Number(process.env.MCPGW_FUZZ_REQUESTS ?? 10_000) / 10;
const SEED = Number(process.env.MCPGW_FUZZ_SEED ?? 20_261_124);
const AT_ONCE = 8;
const MAX_MESSAGE_BYTES = 65_536;

const FIXTURE = join(import.meta.dirname, '..', 'helpers', 'stdio-fixture.js');
const SERVICES = { 'echo-stateless': 'echo', 'echo-stateful': 'echo', stdio: 'echo' };

async function start() {
  const environment = { MCP_MAX_MESSAGE_BYTES: String(MAX_MESSAGE_BYTES) };
  const stdio = ownService([process.execPath, FIXTURE], 'stdio');
  const { gateway, events } = await startTestGateway(environment, [
    { service: stdio, environment: { PATH: process.env.PATH ?? '' } },
  ]);
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  onTestFinished(() => agent.destroy());
  const { port } = new URL(gateway.issuer);
  /** Those that were opened. */
  const sessions = new Set<string>();
  const ask = async (request: Malformed) => {
    const headers = { host: `localhost:${port}`, ...request.headers };
    const answer = await send(Number(port), agent, { ...request, headers });
    const id = answer.headers['mcp-session-id'];
    if (typeof id === 'string') sessions.add(id);
    return answer;
  };
  const test = devAsTest({ issuer: gateway.issuer, urls: Object.fromEntries(gateway.urls) } as DevProcess);
  return { ask, test, events, sessions };
}

type Gateway = Awaited<ReturnType<typeof start>>;

/** A client of a service, which opens and ends sessions there. */
async function connect({ test, ask }: Gateway, service: string, tool: string) {
  const { tokens } = await signIn(test, { authorize: { resource: test.resource(service) } });
  const path = `/${service}/mcp`;
  const own = {
    ...{ authorization: `Bearer ${tokens.access_token}`, accept: 'application/json, text/event-stream' },
  };
  const post = (json: Record<string, unknown>, headers: Record<string, string> = {}): Genuine => ({
    ...{ method: 'POST', path, json, headers: { ...own, ...headers } },
  });
  const end = (id: string) => ask({ method: 'DELETE', url: path, headers: { ...own, 'mcp-session-id': id } });
  /** @returns what a client asks there */
  const open = async (): Promise<Genuine[]> => {
    const { status, headers } = await ask(whole(post(INITIALIZE)));
    expect(status).toBe(200);
    const id = headers['mcp-session-id'];
    const session = {
      'mcp-protocol-version': INITIALIZE.params.protocolVersion,
      ...(typeof id === 'string' && { 'mcp-session-id': id }),
    };
    return [
      post(INITIALIZE),
      post({ jsonrpc: '2.0', method: 'notifications/initialized' }, session),
      post(LIST_TOOLS, session),
      post(callTool(tool, { text: 'hi', message: 'hi' }), session),
      post({ jsonrpc: '2.0', id: 9, method: 'ping' }, session),
    ];
  };
  return { open, end, token: tokens.access_token };
}

describe('malformed requests to services', () => {
  it(`${COUNT} of them break nothing`, { timeout: 3_600_000 }, async () => {
    const rejected: unknown[] = [];
    const onRejection = (reason: unknown) => rejected.push(reason);
    process.on('unhandledRejection', onRejection);
    onTestFinished(() => void process.off('unhandledRejection', onRejection));
    const gateway = await start();
    const clients = await Promise.all(
      Object.entries(SERVICES).map(([service, tool]) => connect(gateway, service, tool)),
    );
    const random = createRandom(SEED);
    const paths = Object.keys(SERVICES).flatMap((service) =>
      ['/mcp', '/mcp/', '/', '/authorize', '/token'].map((path) => `/${service}${path}`),
    );
    const values = [...clients.map(({ token }) => token), ...paths];
    const hostile = createHostile(random, () => values);
    const wild = malformedRequests(random, hostile, paths);
    const statuses = new Map<number, number>();
    const faults: unknown[] = [];
    let requests: Genuine[] = [];
    const one = async () => {
      const request = random.chance(0.3) ? wild() : spoil(random, hostile, random.pick(requests));
      const { status, text } = await gateway.ask(request);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      const isCut = status === 0 && (request.payload?.length ?? 0) <= MAX_MESSAGE_BYTES;
      if (isCut || (status >= 500 && status !== 503))
        faults.push({ status, text, ...request, payload: String(request.payload).slice(0, 2_000) });
    };
    for (let sent = 0; sent < COUNT && faults.length < 5; sent += AT_ONCE) {
      if (sent % 400 === 0) {
        for (const session of gateway.sessions) await Promise.all(clients.map(({ end }) => end(session)));
        gateway.sessions.clear();
        requests = (await Promise.all(clients.map(({ open }) => open()))).flat();
      }
      await Promise.all(Array.from({ length: AT_ONCE }, one));
    }
    await new Promise(setImmediate);
    if (process.env.MCPGW_FUZZ_REQUESTS !== undefined) console.log('statuses', statuses);
    expect(faults.slice(0, 3)).toEqual([]);
    expect(rejected).toEqual([]);
    for (const status of [200, 202, 400, 401, 404, 405])
      expect(statuses.get(status) ?? 0, String(status)).toBeGreaterThan(0);
    const errors = gateway.events.filter((event) => event.event === 'log' && event.level === 'error');
    expect(errors).toEqual([]);
  });
});
