/** A health report for a person: a table of the gateway, one of its services, and what is wrong with what to do. */
import type { Style } from '../output.ts';
import { fit } from '../net/fit.ts';
import { wrap } from '../net/wrap.ts';
import type { CheckName, CheckResult, CheckState } from './check.ts';
import type { HealthReport } from './examine.ts';

/** @param width columns of the terminal */
export function healthText(report: HealthReport, style: Style, width = 80): string {
  const { gateway } = report;
  const kind = gateway.kind === 'dev' ? 'mcpgw dev' : 'Compose';
  return [
    `${style.bold(gateway.issuer)}  ${style.dim(`${kind}, ${clock(report.checkedAt)}`)}`,
    '',
    ...gatewayTable(report, style, width),
    '',
    ...serviceTable(report, style),
    '',
    ...problems(report, style, width),
    verdict(report, style),
  ].join('\n');
}

const GATEWAY_CHECKS = ['dns', 'tls', 'discovery', 'jwks', 'store'] as const;
const SERVICE_CHECKS = ['metadata', 'challenge', 'initialize', 'tools'] as const;

const TITLES: Record<CheckName, string> = {
  dns: 'DNS',
  tls: 'TLS',
  discovery: 'discovery',
  jwks: 'JWKS',
  store: 'store',
  token: 'health token',
  metadata: 'metadata',
  challenge: 'challenge',
  initialize: 'initialize',
  tools: 'tools',
};

const STATE_WORDS: Record<CheckState, string> = {
  ok: 'ok',
  warning: 'warning',
  failed: 'FAILED',
  skipped: '-',
};

/** Worst first. */
const STATES: CheckState[] = ['failed', 'warning', 'skipped', 'ok'];

function gatewayTable({ checks, gateway }: HealthReport, style: Style, width: number): string[] {
  const rows = GATEWAY_CHECKS.flatMap((name) => {
    const own = checks.filter(({ check }) => check === name);
    const state = STATES.find((candidate) => own.some((result) => result.state === candidate));
    if (state === undefined) return [];
    const title = name === 'store' ? gateway.store : TITLES[name];
    const ms = Math.max(...own.map((result) => result.ms));
    const word = paint(style, state)(STATE_WORDS[state].padEnd(8));
    const detail = fit(summaryOf(own, state), Math.max(20, width - 32));
    return [
      `${title.padEnd(12)}${word}${(state === 'skipped' ? '' : duration(ms)).padStart(9)}   ${style.dim(detail)}`,
    ];
  });
  return [style.dim(`${'CHECK'.padEnd(12)}${'STATE'.padEnd(8)}${'TIME'.padStart(9)}   FOUND`), ...rows];
}

/** Of several hosts the one that matters; problems are told in full below. */
function summaryOf(results: CheckResult[], state: CheckState): string {
  const [one] = results;
  if (state === 'failed' && results.length === 1) return 'see below';
  if (results.length === 1 && one !== undefined) return one.detail;
  const same = results.filter((result) => result.state === state).length;
  if (state !== 'ok') return `${same} of ${results.length} names`;
  const details = [...new Set(results.map(({ detail }) => detail))];
  // Of certificates the one that ends first.
  if (one?.check === 'tls') return details.sort((a, b) => (dateIn(a) < dateIn(b) ? -1 : 1))[0] ?? '';
  return `${results.length} names: ${details.length === 1 ? details.join() : `${details[0]}, and others`}`;
}

function dateIn(text: string): string {
  return /\d{4}-\d{2}-\d{2}/.exec(text)?.[0] ?? '';
}

const COLUMN = 13;

function serviceTable({ checks }: HealthReport, style: Style): string[] {
  const names = [
    ...new Set(checks.filter(({ check }) => check === 'metadata').map(({ subject }) => subject)),
  ];
  const first = Math.max(12, ...names.map(({ length }) => length + 2));
  const head = SERVICE_CHECKS.map((name) => TITLES[name].toUpperCase().padStart(COLUMN)).join('');
  const rows = names.map((name) => {
    const cells = SERVICE_CHECKS.map((check) => {
      const result = checks.find((candidate) => candidate.check === check && candidate.subject === name);
      return cell(result, style);
    });
    return name.padEnd(first) + cells.join('');
  });
  return [style.dim('SERVICE'.padEnd(first) + head), ...rows];
}

function cell(result: CheckResult | undefined, style: Style): string {
  if (result === undefined || result.state === 'skipped') return style.dim('-'.padStart(COLUMN));
  if (result.state === 'failed') return style.red(STATE_WORDS.failed.padStart(COLUMN));
  const time = duration(result.ms);
  const number = result.check === 'tools' ? `${Number.parseInt(result.detail, 10)} in ` : '';
  return paint(style, result.state)(`${number}${time}`.padStart(COLUMN));
}

function problems({ checks, gateway }: HealthReport, style: Style, width: number): string[] {
  const found = checks.filter(({ state }) => state === 'failed' || state === 'warning');
  return merged(found).flatMap(({ checks: same, detail, remedy, state, output }) => {
    const what = wrap(headings(same, gateway.store), width - 1, '  ');
    const lines = [paint(style, state)(what), `  ${wrap(detail, width - 3, '  ')}`];
    lines.push(...output.map((line) => `    ${style.dim(line)}`));
    if (remedy !== '') lines.push(`  ${style.bold('→')} ${wrap(remedy, width - 5, '    ')}`);
    return [...lines, ''];
  });
}

/** `DNS of a, b; TLS of a` */
function headings(checks: CheckResult[], store: string): string {
  const subjects = new Map<string, string[]>();
  for (const { check, subject } of checks) {
    const title = check === 'store' ? store : TITLES[check];
    subjects.set(title, [...(subjects.get(title) ?? []), ...(subject === 'gateway' ? [] : [subject])]);
  }
  return [...subjects]
    .map(([title, names]) => (names.length === 0 ? title : `${title} of ${names.join(', ')}`))
    .join('; ');
}

/** What has one cause is told once. */
function merged(results: CheckResult[]) {
  const groups = new Map<
    string,
    { checks: CheckResult[]; detail: string; remedy: string; state: CheckState; output: string[] }
  >();
  for (const result of results) {
    const { detail, remedy = '', state, output = [] } = result;
    const key = JSON.stringify([detail, remedy, state, output]);
    const group = groups.get(key) ?? { checks: [], detail, remedy, state, output };
    group.checks.push(result);
    groups.set(key, group);
  }
  return [...groups.values()];
}

function verdict({ checks, healthy, ms }: HealthReport, style: Style): string {
  const failed = checks.filter(({ state }) => state === 'failed').length;
  const warnings = checks.filter(({ state }) => state === 'warning').length;
  const asked = checks.filter(({ state }) => state !== 'skipped').length;
  const took = ` (${duration(ms)})`;
  const also = warnings === 0 ? '' : `, ${warnings === 1 ? '1 warning' : `${warnings} warnings`}`;
  if (healthy) return style.green(`Healthy: ${asked} checks passed${also}`) + style.dim(took);
  return style.red(`Unhealthy: ${failed} of ${asked} checks failed${also}`) + style.dim(took);
}

function paint(style: Style, state: CheckState): (text: string) => string {
  switch (state) {
    case 'ok':
      return style.green;
    case 'warning':
      return style.yellow;
    case 'failed':
      return style.red;
    case 'skipped':
      return style.dim;
  }
}

/** @param ms milliseconds */
export function duration(ms: number): string {
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(1)} s`;
  return ms < 1 ? '<1 ms' : `${Math.round(ms)} ms`;
}

/** The time of day here. */
function clock(iso: string): string {
  return new Date(iso).toTimeString().slice(0, 8);
}
