/**
 * Malformed requests to every endpoint, over real connections: wild ones, ones that work but for one thing, and those
 * again while the store and other sites fail. No 5xx but 503, no crash, no unhandled rejection, no secret in the log or
 * in an error, and memory that stays. `npm run fuzz` sends 100,000; MCPGW_FUZZ_SEED repeats a run.
 */
import { Agent, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it, onTestFinished } from 'vitest';
import { pathMatches, routeTable } from '../../../runtime/config/routes.ts';
import { createMemoryStore } from '../../../runtime/store/memory.ts';
import { signIn } from '../../helpers/oauth-flow.ts';
import { createTestClock, startTestAuth, switchable, type TestAuth } from '../../helpers/oauth-server.ts';
import { malformedRequests } from './malformed.ts';
import { createRandom } from './random.ts';
import { send, type Answer } from './send.ts';
import { spoil, whole } from './spoil.ts';
import { unreliableGithub, unreliableSites, unreliableStore, type Trouble } from './unreliable.ts';
import { createHostile, type Malformed } from './values.ts';
import { cheapPassphraseHash, openWorld, type World } from './world.ts';

const COUNT = Number(process.env.MCPGW_FUZZ_REQUESTS ?? 3_000);
const SEED = Number(process.env.MCPGW_FUZZ_SEED ?? 20_261_124);
const AT_ONCE = 16;
/** After so many a world is used up: codes redeemed, grants revoked, sessions ended. */
const REQUESTS_OF_WORLD = 400;
/** No request of ours is larger. */
const BODY_LIMIT = 64 * 1024;

const GITHUB = {
  ...{ kind: 'github' as const, clientId: 'gh-client', clientSecret: 'gh-secret-0123456789abcdef' },
  ...{ baseUrl: 'https://github.example', apiUrl: 'https://api.github.example', allowedUsers: ['*'] },
};

async function start() {
  const random = createRandom(SEED);
  const values: string[] = ['x'];
  const hostile = createHostile(random, () => values);
  const trouble: Trouble = { store: 0, sites: 0 };
  const clock = createTestClock();
  const test = await startTestAuth({
    clock,
    store: switchable(unreliableStore(createMemoryStore({ now: clock.now }), random, trouble)),
    fetch: unreliableGithub(random, hostile, trouble),
    guardedFetch: unreliableSites(random, hostile, trouble),
    settings: {
      // The limits are at work, and not in the way.
      ...{ rateLimitFactor: 10_000, clientCredentials: true },
      identityProviders: [
        { kind: 'local', userName: 'alice' },
        { kind: 'passphrase', hash: cheapPassphraseHash(), ownerName: 'owner' },
        GITHUB,
      ],
    },
  });
  // Without an edge before it, so that every route is reached.
  const server = createServer((incoming, response) => test.auth.handle(incoming, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  onTestFinished(async () => {
    agent.destroy();
    server.closeAllConnections();
    server.close();
    await test.close();
  });
  const { port } = server.address() as AddressInfo;
  const ask = (request: Malformed) => send(port, agent, request);
  return { random, hostile, trouble, values, test, ask };
}

function servedPaths({ settings }: TestAuth) {
  return routeTable(settings.topology).find(({ name }) => name === 'auth')?.paths ?? [];
}

/** What comes of a run: figures, and what must not be. */
function createReport(test: TestAuth) {
  const statuses: Record<string, Map<number, number>> = {};
  const faults: unknown[] = [];
  const cut: Malformed[] = [];
  return {
    ...{ statuses, faults, cut },
    note: (phase: string, request: Malformed, { status, text, headers }: Answer, secrets: string[]) => {
      const counts = (statuses[phase] ??= new Map());
      counts.set(status, (counts.get(status) ?? 0) + 1);
      if (status === 0) cut.push(request);
      const shown = {
        phase,
        status,
        text: text.slice(-1_500),
        ...request,
        payload: String(request.payload).slice(0, 2_000),
      };
      if (status >= 500 && status !== 503) faults.push(shown);
      if (status === 503 && headers['retry-after'] === undefined)
        faults.push({ ...shown, no: 'Retry-After' });
      // A session in use has its cookie renewed, whatever else the answer is.
      const said = text + JSON.stringify({ ...headers, 'set-cookie': undefined });
      if (status >= 400 && secrets.some((secret) => said.includes(secret)))
        faults.push({ ...shown, leaked: secrets.find((secret) => said.includes(secret))?.slice(0, 8) });
    },
    scanLog: (secrets: string[]) => {
      // A client may call itself anything.
      for (const line of test.logs.map((entry) => JSON.stringify({ ...entry, clientName: undefined })))
        for (const secret of secrets)
          if (line.includes(secret)) faults.push({ leaked: secret.slice(0, 8), line });
      test.logs.length = 0;
      test.store.calls.length = 0;
    },
  };
}

/** What is still in use. */
function heapMegabytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return Math.round(process.memoryUsage().heapUsed / 1024 / 1024);
}

describe('malformed requests', () => {
  it('start from requests that work, to every path', async () => {
    const { test, ask } = await start();
    const { requests } = await openWorld(test);
    const failed: unknown[] = [];
    for (const request of requests) {
      const { status, text } = await ask(whole(request));
      if (status < 200 || status >= 400) failed.push({ status, text: text.slice(0, 2_000), ...request });
    }
    expect(failed).toEqual([]);
    const untried = servedPaths(test).filter(
      (match) => !requests.some(({ path }) => pathMatches(path, match)),
    );
    expect(untried).toEqual([]);
  });

  it(`${COUNT} of them break nothing and leak nothing`, { timeout: 3_600_000 }, async () => {
    const { random, hostile, trouble, values, test, ask } = await start();
    const rejected: unknown[] = [];
    const onRejection = (reason: unknown) => rejected.push(reason);
    process.on('unhandledRejection', onRejection);
    onTestFinished(() => void process.off('unhandledRejection', onRejection));
    const report = createReport(test);
    const paths = servedPaths(test).map((match) => ('exact' in match ? match.exact : `${match.prefix}x`));
    const wild = malformedRequests(random, hostile, paths);
    let world: World | undefined;
    const spoilt = () => spoil(random, hostile, random.pick(world?.requests ?? []));
    const phases = {
      wild: { share: 0.3, next: wild, trouble: { store: 0, sites: 0.3 } },
      spoilt: { share: 0.4, next: spoilt, trouble: { store: 0, sites: 0.3 } },
      failing: { share: 0.3, next: spoilt, trouble: { store: 0.2, sites: 0.5 } },
    };

    const heapAtStart = heapMegabytes();
    for (const [phase, { share, next, trouble: wanted }] of Object.entries(phases)) {
      for (let sent = 0; sent < COUNT * share && report.faults.length < 5; sent += AT_ONCE) {
        if (world === undefined || sent % REQUESTS_OF_WORLD < AT_ONCE) {
          Object.assign(trouble, { store: 0, sites: 0 });
          report.scanLog(world?.secrets ?? []);
          world = await openWorld(test);
          values.splice(0, values.length, ...world.values);
          Object.assign(trouble, wanted);
        }
        const { secrets } = world;
        await Promise.all(
          Array.from({ length: AT_ONCE }, async () => {
            const request = next();
            report.note(phase, request, await ask(request), secrets);
          }),
        );
        test.clock.advance(50);
      }
      report.scanLog(world?.secrets ?? []);
    }
    await new Promise(setImmediate);
    const { statuses, faults, cut } = report;
    const heap = heapMegabytes();
    if (process.env.MCPGW_FUZZ_REQUESTS !== undefined)
      console.log('statuses', statuses, 'cut', cut.length, 'heap MB', heapAtStart, heap);
    expect(faults.slice(0, 3)).toEqual([]);
    expect(rejected).toEqual([]);
    // A body that is too large is not read to its end: the answer may be lost with the connection.
    expect(cut.filter(({ payload }) => (payload?.length ?? 0) <= BODY_LIMIT)).toEqual([]);
    // What they may leave in the store, which is in memory here, and in the caches.
    expect(heap - heapAtStart).toBeLessThan(40 + COUNT / 2_000);
    // They get past the first checks, too, and not all the same way.
    for (const status of [200, 400, 401, 404, 405, 415])
      expect(statuses.wild?.get(status) ?? 0, `wild ${status}`).toBeGreaterThan(0);
    for (const status of [200, 201, 302, 400, 401, 403, 404, 405])
      expect(statuses.spoilt?.get(status) ?? 0, `spoilt ${status}`).toBeGreaterThan(0);
    expect(statuses.failing?.get(503) ?? 0).toBeGreaterThan(0);
    // Still at work.
    Object.assign(trouble, { store: 0, sites: 0 });
    expect((await signIn(test)).tokens.access_token).toBeTypeOf('string');
  });
});
