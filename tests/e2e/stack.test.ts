/**
 * What `mcpgw init` generates, in a real Docker engine behind a real Traefik with a real Redis and TLS: real MCP clients
 * sign in and call tools of every service, the security invariants hold on what runs, and `down` leaves nothing.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noDocker } from '../cli/support/docker.ts';
import { connectLegacy, connectModern } from '../helpers/mcp-clients.ts';
import { createStack, type Stack } from '../helpers/stack.ts';
import { itCarriesTheAuthorizationServer } from './stack-auth.ts';
import { ALICE, ALL_SERVICES, answerOf, callOf } from './stack-calls.ts';
import { itKeepsTheInvariants } from './stack-invariants.ts';
import { expectCleanLogs, figuresText, type Up } from './stack-report.ts';

const reason = noDocker('engine');
const title = `the generated stack${reason === undefined ? '' : ` (skipped: ${reason})`}`;

describe.skipIf(reason !== undefined)(title, () => {
  let stack: Stack;
  let up: Up;

  beforeAll(async () => {
    stack = await createStack({ services: ALL_SERVICES });
    up = await stack.json<Up>('up');
    console.log(figuresText(stack, up));
    await stack.startGithub();
  }, 900_000);
  afterAll(() => stack?.remove());

  it('is healthy after one command, and says where everything is', () => {
    expect(up.healthy).toBe(true);
    expect(up.services.map(({ service }) => service).sort()).toEqual(
      ['auth', 'redis', 'traefik', ...ALL_SERVICES].sort(),
    );
    expect(Object.keys(up.urls)).toEqual(ALL_SERVICES);
    expect(up.urls.time).toBe(stack.url('time'));
  });

  it('is green for health, as a client sees it', async () => {
    const report = await stack.json<{ healthy: boolean; checks: { state: string }[] }>(
      'health',
      ...stack.resolve,
    );
    expect(report.healthy).toBe(true);
    expect(report.checks.filter(({ state }) => state === 'failed')).toEqual([]);
  });

  describe.each([
    ['SDK 1.x client', connectLegacy],
    ['SDK 2.x client', connectModern],
  ])('%s', (_, connect) => {
    it.each(ALL_SERVICES)('signs in and calls a tool of %s', async (service) => {
      const call = callOf(service);
      const client = await connect(stack.url(service), { fetch: stack.fetchAs(ALICE) });
      try {
        expect(await client.listTools()).toContain(call.tool);
        expect(await answerOf(client, call)).toMatch(call.answer);
      } finally {
        await client.close();
      }
    });
  });

  itKeepsTheInvariants(() => stack, ALL_SERVICES);

  itCarriesTheAuthorizationServer(() => stack);

  it('registers, lists, shows and deletes a client', async () => {
    const flags = ['--name', 'of the CLI', '--redirect-uri', 'http://127.0.0.1/callback'];
    const made = await stack.json<{ client_id: string; client_secret: string }>(
      ...['client', 'register'],
      ...flags,
    );
    expect(made.client_secret).toEqual(expect.any(String));
    const listed = JSON.stringify(await stack.json('client', 'list'));
    expect(listed).toContain(made.client_id);
    // The clients of this test as well.
    expect(listed).toContain('SDK 2.x client');
    expect(listed).not.toContain(made.client_secret);
    expect((await stack.mcpgw('client', 'show', '--', made.client_id)).stdout).toContain('of the CLI');
    expect((await stack.mcpgw('client', 'delete', '--yes', '--', made.client_id)).code).toBe(0);
    expect((await stack.mcpgw('client', 'show', '--', made.client_id)).code).toBe(1);
  });

  it('passes on the exit code of a command in a container', async () => {
    expect((await stack.mcpgw('exec', 'auth', '--', 'node', '-e', 'process.exit(7)')).code).toBe(7);
    expect((await stack.mcpgw('exec', 'nobody', '--', 'true')).code).toBe(2);
  });

  it('says in its logs what happened, no secret, and no error of Traefik', () => expectCleanLogs(stack));

  it('leaves Traefik and all others alone when a service is turned off and on', async () => {
    const session = await connectLegacy(stack.url('echo-stateful'), { fetch: stack.fetchAs(ALICE) });
    await session.callTool('echo', { message: 'before' });
    const before = others(stack.containers());
    stack.setEnv('MCP_TIME_ENABLED', 'false');
    await stack.json('up');
    expect(others(stack.containers())).toEqual(before);
    expect(stack.containersOf('time')).toEqual([]);
    const gone = await stack.fetchAs(
      ALICE,
      {},
      `auth.${stack.domain}`,
    )(stack.url('time'), { method: 'POST' });
    expect(gone.status).toBe(404);
    stack.setEnv('MCP_TIME_ENABLED', 'true');
    await stack.json('up');
    expect(others(stack.containers())).toEqual(before);
    const client = await connectModern(stack.url('time'), { fetch: stack.fetchAs(ALICE) });
    expect(await client.callTool('get_current_time', { timezone: 'UTC' })).toContain('UTC');
    await client.close();
    // The session and its stream are still the same.
    expect(await session.callTool('replayLastEcho', {})).toContain('before');
    await session.close();
  });

  it('has nothing to do the second time', async () => {
    const before = stack.containers();
    expect(await stack.json('up')).toMatchObject({ healthy: true, built: [], changes: [] });
    expect(stack.containers()).toEqual(before);
  });

  it('lists its containers', async () => {
    const { services } = await stack.json<{ services: { service: string; state: string; ready: number }[] }>(
      'ps',
    );
    expect(services.every(({ state }) => state === 'healthy')).toBe(true);
    expect(services.find(({ service }) => service === 'auth')?.ready).toBe(2);
  });

  it('has clean logs after all that', () => expectCleanLogs(stack));

  it('asks before it removes data, and leaves nothing behind', async () => {
    stack.stopGithub();
    expect((await stack.mcpgw('down', '--volumes')).code).toBe(2);
    expect(Object.keys(stack.containers())).toHaveLength(ALL_SERVICES.length + 4);
    await stack.json('down', '--volumes', '--yes');
    expect(stack.leftOver()).toEqual([]);
  });
});

/** Without auth, which is replaced in turn when it has to know another service. */
function others(containers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(containers).filter(([name]) => !/-(?:auth|time)-\d+$/.test(name)));
}
