/** `mcpgw health`: looks once and says what it found, or again and again. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { HealthFlags } from '../commands/health.ts';
import { interruptSignal } from '../compose/interrupt.ts';
import { EXIT, UserError } from '../errors.ts';
import { findGateway } from '../net/gateway.ts';
import { createHttpClient } from '../net/http-client.ts';
import { parseResolve } from '../net/resolve-rule.ts';
import { createOutput, type Output } from '../output.ts';
import { examine, type HealthReport } from './examine.ts';
import { healthText } from './report.ts';
import { createScreen } from './screen.ts';

/** Between the end of one look and the next, in milliseconds. */
const PAUSE_MS = 5_000;

export async function runHealth(flags: HealthFlags): Promise<void> {
  const output = createOutput(flags);
  const resolve = parseResolve(flags.resolve);
  const look = async (): Promise<HealthReport> => {
    const gateway = await findGateway(flags.dir, process.env);
    const client = createHttpClient({ resolve, authorities: gateway.authorities });
    try {
      return await examine(gateway, { client, now: Date.now, stopwatch: () => performance.now() });
    } finally {
      client.close();
    }
  };
  if (flags.watch === true) return watch(look, output);
  // With a server that does not answer it takes a while, and nothing is shown before the end.
  if (process.stderr.isTTY === true) output.note(output.style.dim('asking everything as a client would …'));
  const report = await look();
  output.result(flags.quiet === true ? quietText(report) : textOf(report, output), report);
  if (!report.healthy) process.exitCode = EXIT.unhealthy;
}

function textOf(report: HealthReport, output: Output): string {
  return healthText(report, output.style, process.stdout.columns ?? 80);
}

/** With `--quiet` only what is wrong. */
function quietText({ checks }: HealthReport): string {
  return checks
    .filter(({ state }) => state === 'failed')
    .map(({ check, subject, detail }) => `${subject} ${check}: ${detail}`)
    .join('\n');
}

/** Until it is interrupted. On a terminal in place, elsewhere one report after the other; with `--json` one a line. */
async function watch(look: () => Promise<HealthReport>, output: Output): Promise<void> {
  const signal = interruptSignal('');
  const screen = createScreen(process.stdout, output.json);
  try {
    while (!signal.aborted) {
      const shown = await look().then(
        (report) => ({ text: textOf(report, output), data: report }),
        // A gateway that goes away and comes back is what one watches for.
        (error: unknown) => {
          if (!(error instanceof UserError)) throw error;
          return { text: output.style.red(error.message), data: { healthy: false, error: error.message } };
        },
      );
      if (output.json) process.stdout.write(`${JSON.stringify(shown.data)}\n`);
      else screen.show(`${shown.text}\n\n${output.style.dim(`Every ${PAUSE_MS / 1_000} s; Ctrl-C ends.`)}`);
      await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    screen.close();
  }
  process.exit(EXIT.interrupted);
}
