/** The MCP project's own conformance suite before a remote service: it finds what it finds at the server itself, in both eras. */
import { expect, it } from 'vitest';
import { hostDirectly, hostProxied, hostRemote, type Host } from '../helpers/conformance-server/hosts.ts';
import {
  failuresOf,
  runSuite,
  scoredScenarios,
  type Revision,
  type SuiteRun,
} from '../helpers/conformance-suite.ts';

async function run(host: Promise<Host>, revision: Revision): Promise<SuiteRun> {
  const running = await host;
  try {
    // Once before, which does not count: the suite waits 0.6 s for some of its first answers.
    await runSuite({ url: running.url, revision, scenario: 'server-stateless' });
    await running.ready?.();
    return await runSuite({ url: running.url, revision });
  } finally {
    await running.close();
  }
}

const failed = ({ scenarios }: SuiteRun): string[] =>
  [...scenarios].flatMap(([name, checks]) =>
    checks.some(({ status }) => status === 'FAILURE') ? [name] : [],
  );

it.each([
  ['the transport of its SDK', '2025-11-25', hostDirectly],
  ['another gateway', '2025-11-25', hostProxied],
  ['another gateway', '2026-07-28', hostProxied],
] as const)('the server behind %s passes %s here, too', async (_, revision, host) => {
  const direct = await run(host(), revision);
  const remote = await run(hostRemote(await host()), revision);
  expect(remote.scenarios.size).toBeGreaterThanOrEqual(scoredScenarios(revision).length);
  expect(failed(remote), JSON.stringify(failuresOf(remote.scenarios))).toEqual(failed(direct));
});
