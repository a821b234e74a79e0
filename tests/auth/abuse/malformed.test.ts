/**
 * Malformed requests to every endpoint, over real connections: no 5xx but 503, no crash, no unhandled rejection, no secret
 * in the log, and memory that stays. `npm run fuzz` sends 100,000; MCPGW_FUZZ_SEED repeats a run.
 */
import { Agent, createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { authorize, registerClient, signIn } from '../../helpers/oauth-flow.ts';
import { startTestAuth, type TestAuth } from '../../helpers/oauth-server.ts';
import { malformedRequests, type Malformed } from './malformed.ts';

const COUNT = Number(process.env.MCPGW_FUZZ_REQUESTS ?? 3_000);
const SEED = Number(process.env.MCPGW_FUZZ_SEED ?? 20_261_124);
const AT_ONCE = 16;

interface Answer {
  status: number;
  text: string;
}

function send(port: number, agent: Agent, { method, url, headers, payload }: Malformed): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { host: '127.0.0.1', port, agent, method, path: url, headers },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
        response.on('error', reject);
      },
    );
    // A refused body may end the connection while it is still being sent.
    request.on('error', (error: NodeJS.ErrnoException) =>
      ['ECONNRESET', 'EPIPE'].includes(error.code ?? '') ? resolve({ status: 0, text: '' }) : reject(error),
    );
    request.end(payload);
  });
}

/** What works, and what of it is secret. */
async function genuine(test: TestAuth): Promise<{ all: string[]; secrets: string[] }> {
  const client = await registerClient(test.origin, { token_endpoint_auth_method: 'client_secret_post' });
  const flow = await signIn(test);
  const waiting = await authorize(test);
  const secrets = [
    client.client_secret ?? '',
    client.registration_access_token,
    waiting.answer.get('code') ?? '',
    waiting.pkce.verifier,
    flow.answer.get('code') ?? '',
    flow.pkce.verifier,
    flow.tokens.refresh_token,
    flow.tokens.access_token,
    ...flow.person.cookies.values(),
  ].filter((secret) => typeof secret === 'string' && secret.length > 20) as string[];
  return {
    secrets,
    all: [...secrets, client.client_id, flow.client.client_id, waiting.client.client_id, waiting.redirectUri],
  };
}

describe('malformed requests', () => {
  it(`${COUNT} of them break nothing and leak nothing`, { timeout: 1_800_000 }, async () => {
    const test = await startTestAuth({ settings: { rateLimitFactor: 0 } });
    const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
    const rejected: unknown[] = [];
    const onRejection = (reason: unknown) => rejected.push(reason);
    process.on('unhandledRejection', onRejection);
    onTestFinished(async () => {
      process.off('unhandledRejection', onRejection);
      agent.destroy();
      server.closeAllConnections();
      server.close();
      await test.close();
    });
    // Without an edge before it, so that every route is reached.
    const server = createServer((incoming, response) => test.auth.handle(incoming, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const { all, secrets } = await genuine(test);
    const next = malformedRequests(SEED, all);
    const statuses = new Map<number, number>();
    const faults: unknown[] = [];
    let heapAtMost = 0;
    let heapAtStart = 0;

    const one = async () => {
      const malformed = next();
      const { status, text } = await send(port, agent, malformed);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (status >= 500 && status !== 503)
        faults.push({ status, text, ...malformed, payload: String(malformed.payload) });
    };
    const scan = () => {
      const written = JSON.stringify(test.logs);
      for (const secret of secrets)
        if (written.includes(secret)) faults.push({ leaked: secret.slice(0, 8), written });
      test.logs.length = 0;
      test.store.calls.length = 0;
      heapAtMost = Math.max(heapAtMost, process.memoryUsage().heapUsed);
    };
    for (let sent = 0; sent < COUNT; sent += AT_ONCE) {
      await Promise.all(Array.from({ length: AT_ONCE }, one));
      if (sent % (AT_ONCE * 64) === 0) scan();
      if (sent === AT_ONCE * 64) heapAtStart = process.memoryUsage().heapUsed;
      if (faults.length > 5) break;
    }
    scan();
    await new Promise(setImmediate);
    expect(faults.slice(0, 3)).toEqual([]);
    expect(rejected).toEqual([]);
    expect(heapAtMost - heapAtStart).toBeLessThan(256 * 1024 * 1024);
    // They get past the first checks, too, and not all the same way.
    for (const status of [200, 400, 401, 404, 405, 415]) expect(statuses.get(status) ?? 0).toBeGreaterThan(0);
    if (process.env.MCPGW_FUZZ_REQUESTS !== undefined)
      console.log(
        'statuses',
        Object.fromEntries([...statuses].sort(([a], [b]) => a - b)),
        'heap',
        heapAtStart,
        heapAtMost,
      );
    // Still at work.
    expect((await signIn(test)).tokens.access_token).toBeTypeOf('string');
  });
});
