import type { Store } from '../../store/store.ts';

/** How many writes may be under way; what comes beyond that is in the log alone. */
const MAX_PENDING = 256;

/**
 * Puts events into the store's ring of recent ones, for `mcpgw audit`. Nobody waits for it and nothing fails with it: the
 * log has the event in any case.
 *
 * @returns a function that takes one line of JSON
 */
export function createEventSink(store: Pick<Store, 'appendEvent'>): (line: string) => void {
  let pending = 0;
  const done = () => {
    pending -= 1;
  };
  return (line) => {
    if (pending >= MAX_PENDING) return;
    pending += 1;
    store.appendEvent(line).then(done, done);
  };
}
