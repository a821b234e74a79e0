/** What is said about a plan: names of files, and differences without secrets. */
import type { Output } from '../output.ts';
import type { Change } from '../plan.ts';

export const VERB = { create: 'new', change: 'changed', remove: 'removed' } as const;
const CHECK = { create: 'missing', change: 'differs', remove: 'left over' } as const;

/** One change as `--json` shows it. */
export interface ChangeSummary {
  path: string;
  action: Change['action'];
  conflict?: Change['conflict'];
}

export function summaryOf({ path, action, conflict }: Change): ChangeSummary {
  return { path, action, ...(conflict === undefined ? {} : { conflict }) };
}

/** So many files of one folder are named one by one. */
const NAMED = 3;

/** What was done: a line for each file, or for a folder with many that had the same done to them. */
export function doneLines(changes: Change[], style: Output['style']): string {
  const paint = { create: style.green, change: style.yellow, remove: style.red };
  return grouped(changes)
    .map(({ action, text }) => `${paint[action](VERB[action].padEnd(8))} ${text}`)
    .join('\n');
}

function grouped(changes: Change[]): { action: Change['action']; text: string }[] {
  const groups = new Map<string, Change[]>();
  for (const change of changes) {
    const folder = /^.*\//.exec(change.path)?.[0];
    const key = folder === undefined ? change.path : `${folder} ${change.action}`;
    groups.set(key, [...(groups.get(key) ?? []), change]);
  }
  return [...groups.values()].flatMap((group) => {
    const [{ action, path }] = group as [Change];
    if (group.length > NAMED)
      return [{ action, text: `${path.replace(/[^/]*$/, '')} (${group.length} files)` }];
    return group.map((change) => ({ action, text: change.path }));
  });
}

/** What is not as `.env` says, a line for each file. */
export function checkLines(changes: Change[]): string {
  return changes
    .map(
      ({ path, action, conflict }) =>
        `${CHECK[action].padEnd(9)} ${path}${conflict === undefined ? '' : ` (${WHY[conflict]})`}`,
    )
    .join('\n');
}

const WHY = { edited: 'edited by hand', foreign: 'not made by mcpgw' };

/** Lines that name every conflict. */
export function conflictLines(changes: Change[]): string {
  return changes
    .flatMap(({ path, conflict }) => (conflict === undefined ? [] : [`  ${path}: ${WHY[conflict]}`]))
    .join('\n');
}
