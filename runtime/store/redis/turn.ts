/**
 * What is due at the end of this turn of the event loop, when what is readable now has been read from all sockets. What
 * becomes due meanwhile is still done in the same turn.
 */

/** @param step must not throw */
export type AtEndOfTurn = (step: () => void) => void;

export function createEndOfTurn(): AtEndOfTurn {
  let due: (() => void)[] = [];
  const finish = (): void => {
    for (const step of due) step();
    due = [];
  };
  return (step) => {
    if (due.push(step) === 1) setImmediate(finish);
  };
}
