/**
 * The MCP project's own conformance suite, `conformance server`, against a server of the handshake era: at that server's
 * own HTTP transport, at the proxy that wraps the very same server over stdio, and behind the whole gateway. And against
 * a server of the newest era alone, and our own services.
 */
import { describe, expect, it } from 'vitest';
import { expectedFailures, surprises } from '../helpers/conformance-expected.ts';
import { hostGateway } from '../helpers/conformance-server/gateway-host.ts';
import { hostDirectly, hostNative, hostProxied, type Host } from '../helpers/conformance-server/hosts.ts';
import {
  failuresOf,
  runSuite,
  scoredScenarios,
  type Revision,
  type SuiteRun,
} from '../helpers/conformance-suite.ts';

/**
 * Runs once before, and does not count: the suite waits 0.6 s for some of its first answers, in which a child cannot always
 * start on a busy machine.
 */
const WARM_UP = 'server-stateless';

async function run(host: Promise<Host>, revision: Revision, warmUp?: string): Promise<SuiteRun> {
  const running = await host;
  try {
    if (warmUp !== undefined) await runSuite({ url: running.url, revision, scenario: warmUp });
    await running.ready?.();
    return await runSuite({ url: running.url, revision });
  } finally {
    await running.close();
  }
}

/** @returns the scenarios in their order, and how each came out */
const outcomes = ({ scenarios }: SuiteRun): Record<string, string> =>
  Object.fromEntries(
    [...scenarios].map(([name, checks]) => [
      name,
      checks.some(({ status }) => status === 'FAILURE') ? 'failed' : 'passed',
    ]),
  );

describe('conformance server --requirements 2025-11-25', () => {
  it('finds through the proxy what it finds without it: every scored scenario passes', async () => {
    const [direct, proxied] = await Promise.all([
      run(hostDirectly(), '2025-11-25'),
      run(hostProxied(), '2025-11-25'),
    ]);
    const scored = scoredScenarios('2025-11-25');
    expect(outcomes(direct)).toMatchObject(Object.fromEntries(scored.map((name) => [name, 'passed'])));
    expect(outcomes(proxied), JSON.stringify(failuresOf(proxied.scenarios))).toEqual(outcomes(direct));
    expect([...proxied.scenarios.keys()]).toEqual([...direct.scenarios.keys()]);
    // A warning would be a rule that we could keep.
    const warned = [...proxied.scenarios.values()].flat().filter(({ status }) => status === 'WARNING');
    expect(warned).toEqual([]);
  });

  it.each([
    ['user', 'proxy'],
    ['shared', 'shared'],
  ] as const)('finds no less in the process model %s, but for what that cannot do', async (model, list) => {
    const { scenarios } = await run(hostProxied({ process: model }), '2025-11-25');
    expect(surprises(scenarios, '2025-11-25', expectedFailures(list))).toEqual([]);
  });
});

describe('conformance server --requirements 2026-07-28', () => {
  it('finds through the proxy every scored scenario, though the server knows the handshake only', async () => {
    const { scenarios } = await run(hostProxied(), '2026-07-28', WARM_UP);
    expect(surprises(scenarios, '2026-07-28', expectedFailures('proxy'))).toEqual([]);
  });

  it.each(['user', 'shared'] as const)(
    'finds no less in the model %s, but for what that cannot do',
    async (model) => {
      const { scenarios } = await run(hostProxied({ process: model }), '2026-07-28', WARM_UP);
      expect(surprises(scenarios, '2026-07-28', expectedFailures(model))).toEqual([]);
    },
  );
});

describe('conformance server before a server of 2026-07-28 alone', () => {
  it.each(['2025-11-25', '2026-07-28'] as const)('finds what a client of %s wants', async (revision) => {
    const { scenarios } = await run(hostProxied({ era: 'modern' }), revision);
    expect(surprises(scenarios, revision, expectedFailures('proxy'))).toEqual([]);
  });
});

describe('conformance server through the whole gateway', () => {
  it('finds the same behind mcpgw dev, its edge and its sign-in, in both eras', async () => {
    const gateway = await hostGateway();
    const { url } = gateway;
    try {
      await runSuite({ url, revision: '2026-07-28', scenario: WARM_UP });
      for (const revision of ['2025-11-25', '2026-07-28'] as const) {
        const { scenarios } = await runSuite({ url, revision });
        expect(surprises(scenarios, revision, expectedFailures('proxy'))).toEqual([]);
      }
    } finally {
      await gateway.close();
    }
  });
});

describe.each(['echo-stateless', 'echo-stateful', 'fetchs'])('conformance server at %s', (service) => {
  it.each(['2025-11-25', '2026-07-28'] as const)('finds what it serves as %s wants it', async (revision) => {
    const { scenarios } = await run(hostNative(service), revision);
    expect(surprises(scenarios, revision, expectedFailures('native'))).toEqual([]);
  });
});
