/**
 * Faults of the running stack under load: restarts, `kill -9` of every main process, a full disk for Redis. What the
 * clients saw goes into a table; a restart of auth fails no call, and everything heals without a hand.
 * `MCPGW_FAULTS=short` takes one of each kind.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { docker, noDocker } from '../cli/support/docker.ts';
import { connectLegacy, Credentials } from '../helpers/mcp-clients.ts';
import { createStack, type Stack } from '../helpers/stack.ts';
import { type Load, refresh, startLoad } from './faults-load.ts';
import { failures, healed, type Outcome, outcomeOf, tableOf, undergo } from './faults-report.ts';
import { ALICE, ALL_SERVICES } from './stack-calls.ts';

const SHORT = process.env.MCPGW_FAULTS === 'short';
const SERVICES = SHORT ? ['echo-stateful', 'echo-stateless', 'everything', 'memory'] : ALL_SERVICES;
/** Of each kind one: native with sessions, a stdio server for each session, one with data. */
const HIT = SHORT ? ['echo-stateful', 'memory'] : ALL_SERVICES;
/** Room for Redis's data, in MiB. */
const DISK = 16;

const reason = noDocker('engine');
const title = `the stack under load${reason === undefined ? '' : ` (skipped: ${reason})`}`;

describe.skipIf(reason !== undefined)(title, () => {
  let stack: Stack;
  let load: Load;
  const outcomes: Outcome[] = [];

  beforeAll(async () => {
    stack = await createStack({ services: SERVICES });
    // The load comes from one address, and more of it than any person makes.
    stack.setEnv('RATE_LIMIT_FACTOR', '0');
    const [uid, gid] = stack.env('CONTAINER_USER').split(':');
    const options = `size=${DISK}m,uid=${uid},gid=${gid},mode=0700`;
    writeFileSync(
      join(stack.folder, 'compose.override.yaml'),
      `volumes: { redis-data: { driver_opts: { type: tmpfs, device: tmpfs, o: '${options}' } } }\n`,
    );
    await stack.json('up');
    await stack.startGithub();
    holdDisk();
    load = await startLoad(stack, SERVICES);
  });
  afterAll(async () => {
    await load?.stop();
    if (outcomes.length > 0) console.log(tableOf(outcomes));
    if (stack !== undefined) docker(['rm', '--force', `${stack.project}-disk`]);
    stack?.remove();
  });

  const suffer = async (fault: string, act: () => Promise<void>) => {
    const outcome = await undergo(load, fault, act);
    outcomes.push(outcome);
    return outcome;
  };
  const restart = async (service: string) => {
    await stack.json('restart', service);
  };
  const kill = async (service: string) => {
    const [container = ''] = stack.containersOf(service);
    // `docker kill` would suppress the restart policy.
    process.kill(stack.mainProcess(container), 'SIGKILL');
    // Docker tells of a container's end before it does of its new start.
    await expect.poll(() => startsOf(container), { timeout: 30_000, interval: 100 }).toBeGreaterThan(0);
    await expect.poll(() => unhealthy(stack), { timeout: 60_000, interval: 1_000 }).toEqual([]);
  };

  it('serves everybody when nothing happens', async () => {
    expect(failures(await suffer('nothing', () => delay(5_000)))).toBe(0);
  });

  it('fails no call while auth is restarted, replica by replica', async () => {
    const outcome = await suffer('restart auth', () => restart('auth'));
    expect(outcome.failed).toEqual({});
    expect(outcome.calls).toBeGreaterThan(100);
  });

  it.each(['traefik', ...HIT])('heals from a restart of %s', async (service) => {
    const outcome = await suffer(`restart ${service}`, () => restart(service));
    if (service !== 'traefik') expect(outcome.callers.filter((caller) => caller !== service)).toEqual([]);
  });

  it.each(['traefik', 'auth', ...HIT])('heals from kill -9 of %s', async (service) => {
    const outcome = await suffer(`kill -9 ${service}`, () => kill(service));
    if (HIT.includes(service)) expect(outcome.callers).toEqual([service]);
  });

  it.each([
    ['restart', restart],
    ['kill -9', kill],
  ])('loses no client and no token to a %s of redis', async (what, act) => {
    const credentials = new Credentials('made right before');
    await suffer(`${what} redis`, async () => {
      const client = await connectLegacy(stack.url('echo-stateless'), {
        fetch: stack.fetchAs(ALICE),
        credentials,
      });
      void client.close();
      await act('redis');
    });
    const token = credentials.held?.access_token;
    const again = await connectLegacy(stack.url('echo-stateless'), {
      fetch: stack.fetchAs(ALICE),
      credentials,
    });
    await again.close();
    expect(credentials.held?.access_token).toBe(token);
    await refresh(stack, credentials);
    expect(credentials.held?.access_token).not.toBe(token);
  });

  it('goes on serving whoever is signed in while the disk of redis is full, and heals when it is not', async () => {
    const startMs = performance.now();
    fillDisk();
    await delay(SHORT ? 10_000 : 30_000);
    const fullMs = performance.now();
    freeDisk();
    await healed(load, performance.now(), 120_000);
    const outcome = outcomeOf(
      'disk of redis full',
      load.calls.filter(({ endMs }) => endMs >= startMs),
    );
    outcomes.push(outcome);
    console.log(`served again ${((performance.now() - fullMs) / 1_000).toFixed(1)} s after there was room`);
    // What would have to be written is refused, in words that a client understands; nothing else is.
    expect(Object.keys(outcome.failed)).toEqual(['503']);
    expect(outcome.callers.sort()).toEqual(['refresh', 'registration']);
    await expect.poll(() => unhealthy(stack), { timeout: 60_000, interval: 1_000 }).toEqual([]);
  });

  it('sent nobody to sign in again', () => {
    expect(load.signIns()).toBe(0);
  });

  /** Docker unmounts such a volume when its last container stops, and what is on a tmpfs would be gone. */
  function holdDisk(): void {
    const run = ['run', '--detach', '--network', 'none', '--user', '0', '--name', `${stack.project}-disk`];
    const held = ['--volume', `${stack.project}_redis-data:/disk`, 'node:24-slim'];
    const started = docker([...run, ...held, 'node', '-e', 'setInterval(() => {}, 1e9)']);
    if (started.code !== 0) throw new Error(started.stderr);
  }

  function onDisk(script: string): void {
    const { code, stderr } = docker(['exec', `${stack.project}-disk`, 'node', '-e', script]);
    if (code !== 0) throw new Error(stderr);
  }

  function fillDisk(): void {
    onDisk(
      "try { for (;;) fs.appendFileSync('/disk/filler', Buffer.alloc(4096)); } catch (e) { if (e.code !== 'ENOSPC') throw e; }",
    );
  }

  function freeDisk(): void {
    onDisk("fs.rmSync('/disk/filler')");
  }
});

/** How often Docker has started it again by itself. */
function startsOf(container: string): number {
  return Number(docker(['inspect', '--format', '{{.RestartCount}}', container]).stdout);
}

/** Services that `ps` does not call healthy. */
async function unhealthy(stack: Stack): Promise<string[]> {
  const { services } = await stack.json<{ services: { service: string; state: string }[] }>('ps');
  return services.filter(({ state }) => state !== 'healthy').map(({ service }) => service);
}
