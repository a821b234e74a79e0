/** Ctrl-C, `kill` and a closed terminal, as a signal that ends what is under way. */
import { EXIT, InterruptedError } from '../errors.ts';

/**
 * @param state what an interruption leaves behind, for the person; the abort's reason says it
 * @returns aborts at the first signal; a second one ends the process at once
 */
export function interruptSignal(state: string): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(EXIT.interrupted);
      controller.abort(new InterruptedError(state));
    });
  }
  return controller.signal;
}
