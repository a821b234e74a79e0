/** What the conformance suite is known not to find at a server, with the reasons: `tests/e2e/conformance-expected.yaml`. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { failuresOf, scoredScenarios, type Check, type Revision } from './conformance-suite.ts';

export interface ExpectedFailures {
  why: string;
  /** What the suite's message must match. */
  pattern: string;
  /** `scenario`, or one of its checks as `scenario:check`. */
  scenarios: string[];
}

const FILE = new URL('../e2e/conformance-expected.yaml', import.meta.url);

/** @param server a section of the file */
export function expectedFailures(server: string): ExpectedFailures[] {
  return (parse(readFileSync(FILE, 'utf8')) as Record<string, ExpectedFailures[] | undefined>)[server] ?? [];
}

/**
 * @returns what is not as expected, a line each: scored checks that failed and are not listed, or for another reason than
 * the listed one, and entries of this revision under which nothing failed
 */
export function surprises(
  scenarios: Map<string, Check[]>,
  revision: Revision,
  expected: ExpectedFailures[],
): string[] {
  const scored = new Set(scoredScenarios(revision));
  const entries = expected.flatMap(({ pattern, scenarios: names }) =>
    names.map((name) => ({ name, pattern: new RegExp(pattern), stale: scored.has(scenarioOf(name)) })),
  );
  const unexpected: string[] = [...scored]
    .filter((name) => !scenarios.has(name))
    .map((name) => `${name}: did not run`);
  for (const [check, message] of Object.entries(failuresOf(scenarios))) {
    if (!scored.has(scenarioOf(check))) continue;
    const entry = entries.find(({ name }) => name === check || name === scenarioOf(check));
    if (entry === undefined || !entry.pattern.test(message)) unexpected.push(`${check}: ${message}`);
    if (entry !== undefined) entry.stale = false;
  }
  const stale = entries.filter((entry) => entry.stale).map(({ name }) => `${name}: passes now; take it out`);
  return [...unexpected, ...stale];
}

function scenarioOf(name: string): string {
  return name.split(':', 1)[0] ?? name;
}
