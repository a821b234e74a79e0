/**
 * The generated stack in path mode: one host name for the authorization server and every service, a person's own servers
 * among them.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noDocker } from '../cli/support/docker.ts';
import { connectLegacy, connectModern } from '../helpers/mcp-clients.ts';
import { createStack, type Stack } from '../helpers/stack.ts';
import { ALICE, answerOf, callOf } from './stack-calls.ts';
import { itConfinesContainers } from './stack-containers.ts';
import {
  addOwnServers,
  itLetsOwnServersGo,
  itServesOwnServers,
  OWN,
  startFar,
  stopFar,
} from './stack-own.ts';
import { expectCleanLogs, type Up } from './stack-report.ts';

const SERVICES = ['echo-stateful', 'echo-stateless', 'memory', 'time'];
const ALL = [...SERVICES, ...OWN].sort();

const reason = noDocker('engine');
const title = `the generated stack in path mode${reason === undefined ? '' : ` (skipped: ${reason})`}`;

describe.skipIf(reason !== undefined)(title, () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await createStack({ services: SERVICES, mode: 'path' });
    // Replacing one after another takes its time, and is tested with the stack of the other mode.
    stack.setEnv('AUTH_REPLICAS', '1');
    await addOwnServers(stack);
    const up = await stack.json<Up>('up');
    expect(up.urls).toEqual(Object.fromEntries(ALL.map((service) => [service, stack.url(service)])));
    await stack.startGithub();
    startFar(stack);
  }, 900_000);
  afterAll(() => {
    if (stack === undefined) return;
    stopFar(stack);
    stack.remove();
  });

  describe.each([
    ['SDK 1.x client', connectLegacy],
    ['SDK 2.x client', connectModern],
  ])('%s', (_, connect) => {
    it.each(SERVICES)('signs in and calls a tool of %s', async (service) => {
      const client = await connect(stack.url(service), { fetch: stack.fetchAs(ALICE) });
      try {
        expect(await answerOf(client, callOf(service))).toMatch(callOf(service).answer);
      } finally {
        await client.close();
      }
    });
  });

  it('is green for health', async () => {
    expect(await stack.json('health', ...stack.resolve)).toMatchObject({ healthy: true });
  });

  it.each([
    ['/verify/time', 404],
    ['/health', 404],
    ['/time/', 401],
    ['/time/verify/time', 401],
    ['/time/health', 401],
    ['/nobody/mcp', 404],
  ])('%s is %d from outside', async (path, status) => {
    const response = await stack.fetchAs(ALICE)(`${stack.issuer}${path}`);
    await response.body?.cancel();
    expect(response.status).toBe(status);
  });

  itServesOwnServers(() => stack);

  itConfinesContainers(() => stack, ALL);

  itLetsOwnServersGo(() => stack);

  it('has clean logs, and leaves nothing behind', async () => {
    await expectCleanLogs(stack);
    stack.stopGithub();
    await stack.json('down', '--volumes', '--yes');
    expect(stack.leftOver()).toEqual([]);
  });
});
