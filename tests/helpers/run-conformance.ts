/**
 * The conformance suite against a server behind the proxy of this working tree (or against its own HTTP transport, a service
 * of ours, or what is at URL), and what failed:
 * `node tests/helpers/run-conformance.ts [--requirements 2025-11-25|2026-07-28] [--scenario NAME] [--verbose]
 * [--direct | --native SERVICE | --url URL] [--era handshake|modern] [--process session|user|shared]`
 */
import { parseArgs } from 'node:util';
import { hostDirectly, hostNative, hostProxied, type Host } from './conformance-server/hosts.ts';
import { runSuite, scoredScenarios, type Check, type Revision } from './conformance-suite.ts';

const { values } = parseArgs({
  options: {
    requirements: { type: 'string', default: '2026-07-28' },
    scenario: { type: 'string' },
    era: { type: 'string', default: 'handshake' },
    direct: { type: 'boolean', default: false },
    native: { type: 'string' },
    process: { type: 'string', default: 'session' },
    url: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
});
const revision = values.requirements as Revision;
const { scenario, verbose } = values;
const model = (['user', 'shared'] as const).find((name) => name === values.process) ?? 'session';

/** The proxy's log, on the error stream. */
const log = (level: string) => (fields: object, message: string) =>
  console.error(`[proxy ${level}] ${message} ${JSON.stringify(fields)}`);
const logger = {
  debug: verbose ? log('debug') : () => undefined,
  info: verbose ? log('info') : () => undefined,
  warn: log('warn'),
  error: log('error'),
};

async function host(): Promise<Host> {
  if (values.url !== undefined) return { url: values.url, close: async () => undefined };
  if (values.native !== undefined) return hostNative(values.native);
  return values.direct
    ? hostDirectly()
    : hostProxied({ logger, process: model, era: values.era === 'modern' ? 'modern' : 'handshake' });
}

function print(name: string, checks: Check[], scored: boolean): void {
  const bad = checks.filter(({ status }) => status === 'FAILURE' || status === 'WARNING');
  const passed = checks.filter(({ status }) => status === 'SUCCESS').length;
  const failed = bad.some(({ status }) => status === 'FAILURE');
  console.log(`${failed ? '✗' : '✓'} ${name}: ${passed} passed${scored ? '' : ' (not scored)'}`);
  for (const { id, status, errorMessage, details } of bad) {
    console.log(`    ${status} ${id}: ${errorMessage ?? ''}`);
    if (verbose || scenario !== undefined) console.log(`      ${JSON.stringify(details)}`);
  }
}

const begun = performance.now();
const running = await host();
const { scenarios, output } = await runSuite({
  url: running.url,
  revision,
  ...(scenario === undefined ? {} : { scenario }),
});
await running.close();
if (verbose || scenarios.size === 0) console.log(output);
const scored = new Set(scoredScenarios(revision));
let failed = 0;
for (const [name, checks] of scenarios) {
  print(name, checks, scored.has(name));
  if (scored.has(name) && checks.some(({ status }) => status === 'FAILURE')) failed += 1;
}
const seconds = ((performance.now() - begun) / 1000).toFixed(1);
const run = [...scenarios.keys()].filter((name) => scored.has(name)).length;
console.log(`${run - failed} of ${run} scored scenarios of ${revision} passed, in ${seconds} s`);
process.exit(failed > 0 || scenarios.size === 0 ? 1 : 0);
