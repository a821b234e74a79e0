/** Runs `conformance server`, the MCP project's own suite, and reads what it found. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const SUITE = fileURLToPath(
  new URL('../../node_modules/@modelcontextprotocol/conformance/', import.meta.url),
);

export type Revision = '2025-11-25' | '2026-07-28';

export interface Check {
  id: string;
  status: 'SUCCESS' | 'FAILURE' | 'WARNING' | 'SKIPPED' | 'INFO';
  errorMessage?: string;
  details?: unknown;
}

export interface SuiteRun {
  /** What was found, by scenario, in the order in which they ran. */
  scenarios: Map<string, Check[]>;
  /** What the suite printed. */
  output: string;
}

/** @returns the scenarios that a server must pass to conform to `revision` */
export function scoredScenarios(revision: Revision): string[] {
  const text = readFileSync(join(SUITE, 'requirements', `${revision}.yaml`), 'utf8');
  return (parse(text) as { server: string[] }).server;
}

export interface SuiteOptions {
  url: string;
  revision: Revision;
  /** This one alone, instead of all that the revision asks for. */
  scenario?: string;
}

export async function runSuite({ url, revision, scenario }: SuiteOptions): Promise<SuiteRun> {
  const results = mkdtempSync(join(tmpdir(), 'mcpgw-conformance-'));
  try {
    const what =
      scenario === undefined
        ? ['--requirements', revision]
        : ['--scenario', scenario, '--spec-version', revision, '--force'];
    const args = [join(SUITE, 'dist', 'index.js'), 'server', '--url', url, '--output-dir', results, ...what];
    const child = spawn(process.execPath, args, { cwd: results, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const read = (chunk: Buffer): void => void (output += chunk.toString());
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    await new Promise((resolve) => child.on('close', resolve));
    return { scenarios: readResults(results), output };
  } finally {
    rmSync(results, { recursive: true, force: true });
  }
}

/** Each scenario has a folder, `server-NAME-TIME`, with its checks. */
function readResults(folder: string): Map<string, Check[]> {
  const found = readdirSync(folder).map((entry) => {
    const [, name = entry, time = ''] = /^server-(.+?)-(\d{4}-\d\d-\d\dT.*)$/.exec(entry) ?? [];
    return { name, time, checks: readChecks(join(folder, entry, 'checks.json')) };
  });
  found.sort((a, b) => a.time.localeCompare(b.time));
  return new Map(found.map(({ name, checks }) => [name, checks]));
}

/** A scenario that threw, or took too long, leaves none. */
function readChecks(file: string): Check[] {
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Check[];
  return [{ id: 'run', status: 'FAILURE', errorMessage: 'did not run to its end' }];
}

/** @returns the checks that failed, as `scenario:check`, the suite's own notation, each with what was wrong */
export function failuresOf(scenarios: Map<string, Check[]>): Record<string, string> {
  const failures: Record<string, string> = {};
  for (const [scenario, checks] of scenarios)
    for (const { id, status, errorMessage = '' } of checks)
      if (status === 'FAILURE') failures[`${scenario}:${id}`] = errorMessage;
  return failures;
}

/** @returns how each check of each scenario came out, without what differs from run to run */
export function outcomesOf(scenarios: Map<string, Check[]>): Record<string, string[]> {
  return Object.fromEntries(
    [...scenarios].map(([scenario, checks]) => [
      scenario,
      checks.map(({ id, status }) => `${id}: ${status}`),
    ]),
  );
}
