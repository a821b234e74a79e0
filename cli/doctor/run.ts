/** `mcpgw doctor`: what would keep `mcpgw up` from working, each with its remedy. */
import { resolve } from 'node:path';
import type { DoctorFlags } from '../commands/doctor.ts';
import { EXIT } from '../errors.ts';
import { parseResolve } from '../net/resolve-rule.ts';
import { createOutput } from '../output.ts';
import { diagnose } from './examine.ts';
import { doctorText } from './report.ts';
import { thisMachine } from './world.ts';

export async function runDoctor(flags: DoctorFlags): Promise<void> {
  const output = createOutput(flags);
  const world = thisMachine(parseResolve(flags.resolve));
  try {
    const results = await diagnose(resolve(flags.dir), process.env, world);
    const failures = results.filter(({ state }) => state === 'failed').length;
    const shown = flags.quiet === true ? results.filter(({ state }) => state !== 'ok') : results;
    const text = shown.length === 0 ? '' : doctorText(shown, output.style, process.stdout.columns ?? 80);
    output.result(text, { ok: failures === 0, checks: results });
    if (failures > 0) process.exitCode = EXIT.failed;
    const must = failures === 1 ? 'One thing must' : `${failures} things must`;
    output.note(failures === 0 ? '\nReady for mcpgw up.' : `\n${must} be put right before mcpgw up.`);
  } finally {
    world.client.close();
  }
}
