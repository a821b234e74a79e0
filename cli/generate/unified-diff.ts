import { createTwoFilesPatch } from 'diff';
import { type Change, isSecretPath } from '../plan.ts';
import { VERB } from './report.ts';

/** Unified differences from what is on disk to what would be. */
export function unifiedDiff(changes: Change[]): string {
  return changes
    .map((change) => {
      if (isSecretPath(change.path)) return `${change.path}: ${VERB[change.action]} (a secret, not shown)\n`;
      const from = change.before === undefined ? '/dev/null' : `a/${change.path}`;
      const to = change.after === undefined ? '/dev/null' : `b/${change.path}`;
      const patch = createTwoFilesPatch(
        from,
        to,
        change.before ?? '',
        change.after ?? '',
        undefined,
        undefined,
        { context: 3 },
      );
      return patch.replace(/^=+\n/, '');
    })
    .join('');
}
