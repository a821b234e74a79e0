/** `mcpgw generate`: `.env` → every generated file. */
import { join, resolve } from 'node:path';
import type { GenerateFlags } from '../commands/generate.ts';
import { EXIT, UserError } from '../errors.ts';
import { openFolder, renderSource, requireEnv } from '../gateway-folder.ts';
import { createOutput, type Output } from '../output.ts';
import { type Change, planChanges } from '../plan.ts';
import { render, type RenderSource } from '../render.ts';
import { tlsMaterial, withTls } from '../tls/material.ts';
import { type Owner, readableByOthers, readTree, writeChanges } from '../write.ts';
import { checkLines, conflictLines, doneLines, summaryOf } from './report.ts';

/** Sets the exit code 1 when `--check` finds a difference. */
export async function runGenerate(flags: GenerateFlags): Promise<void> {
  const output = createOutput(flags);
  const gateway = openFolder(resolve(flags.dir));
  const source = renderSource(gateway, requireEnv(gateway), process.env);
  const env = join(gateway.folder, '.env');
  if (readableByOthers(env)) output.warn(`${env} holds secrets and others can read it: chmod 600 ${env}`);
  const tls = tlsMaterial(gateway.folder, source.config);
  const tree = withTls(render(source), tls);
  const { changes, notes } = planChanges(tree, readTree(gateway.folder, tree));
  for (const note of [...notes, ...tls.notes]) output.warn(note);
  if (flags.check === true || flags.diff === true) return show(output, changes, flags);
  refuseConflicts(changes, flags.force === true);
  writeChanges(gateway.folder, changes, ownerOf(source));
  const text =
    changes.length === 0
      ? `Nothing to do: ${tree.size} files are as .env says.`
      : doneLines(changes, output.style);
  output.result(text, { folder: gateway.folder, changes: changes.map(summaryOf) });
}

async function show(output: Output, changes: Change[], flags: GenerateFlags): Promise<void> {
  if (flags.check === true && changes.length > 0) process.exitCode = EXIT.failed;
  const asJson = { changes: changes.map(summaryOf) };
  if (flags.diff === true) {
    // Loaded for this alone: a check is run often.
    const { unifiedDiff } = await import('./unified-diff.ts');
    const diff = unifiedDiff(changes);
    output.result(diff, { ...asJson, diff });
  } else output.result(changes.length === 0 ? 'Everything is as .env says.' : checkLines(changes), asJson);
}

/** @throws UserError naming every file that somebody else's work is in */
export function refuseConflicts(changes: Change[], force: boolean): void {
  if (force || changes.every(({ conflict }) => conflict === undefined)) return;
  throw new UserError(
    `these files would be replaced, and are not as mcpgw wrote them:\n${conflictLines(changes)}\n` +
      'Nothing was written. mcpgw generate --diff shows the differences; --force replaces the files.',
    EXIT.failed,
  );
}

export function ownerOf({ config }: RenderSource): Owner {
  const [uid = 0, gid = 0] = config.values.CONTAINER_USER.split(':').map(Number);
  return { uid, gid };
}
