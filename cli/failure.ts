/** From whatever was thrown to what the person reads and the exit code. */
import { type Fault, faultLine } from '../runtime/config/faults.ts';
import { EXIT, UserError } from './errors.ts';

export interface Failure {
  exitCode: number;
  /** For standard error. */
  lines: string[];
  /** What `--json` prints. */
  json: { error: { message: string; exitCode: number; faults?: Fault[] } };
}

/**
 * @param debug show the stack of a bug (the environment variable DEBUG)
 * @returns undefined when there is nothing to say: help was shown, or the reader of our output went away
 */
export function failureOf(error: unknown, debug: boolean): Failure | undefined {
  if (isCommanderError(error)) return usageFailure(error);
  if (isBrokenPipe(error)) return undefined;
  if (error instanceof UserError) return failure(error.exitCode, `mcpgw: ${error.message}`, error.message);
  const faults = faultsIn(error);
  if (faults !== undefined) return faultFailure(faults);
  return bug(error, debug);
}

interface CommanderLike {
  code: string;
  exitCode: number;
  message: string;
}

/** By shape, so that this file does not load commander. */
function isCommanderError(error: unknown): error is CommanderLike {
  return error instanceof Error &&
    typeof (error as Partial<CommanderLike>).code === 'string' &&
    'exitCode' in error
    ? (error as unknown as CommanderLike).code.startsWith('commander.')
    : false;
}

/** Commander has printed its own line already. */
function usageFailure(error: CommanderLike): Failure | undefined {
  if (error.exitCode === 0) return undefined;
  const message = error.message.replace(/^error: /, '');
  return { exitCode: EXIT.usage, lines: [], json: { error: { message, exitCode: EXIT.usage } } };
}

/** True when whoever read our output has stopped, as `head` does. */
export function isBrokenPipe(error: unknown): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === 'EPIPE';
}

/** `ConfigError` and `CatalogError`, by shape: the latter's module loads Zod. */
function faultsIn(error: unknown): Fault[] | undefined {
  if (!(error instanceof Error) || !['ConfigError', 'CatalogError'].includes(error.name)) return undefined;
  const { faults } = error as Error & { faults?: unknown };
  return Array.isArray(faults) ? (faults as Fault[]) : undefined;
}

function faultFailure(faults: Fault[]): Failure {
  const count = faults.length === 1 ? 'One thing is' : `${faults.length} things are`;
  const message = `${count} wrong with the configuration:`;
  return {
    exitCode: EXIT.failed,
    lines: [`mcpgw: ${message}`, ...faults.map((fault) => `  ${faultLine(fault)}`)],
    json: { error: { message, exitCode: EXIT.failed, faults } },
  };
}

function bug(error: unknown, debug: boolean): Failure {
  const message = error instanceof Error ? error.message : String(error);
  const stack = error instanceof Error ? (error.stack ?? message) : message;
  const hint = debug
    ? stack
    : 'This is a bug in mcpgw. Run it again with DEBUG=1 for the details that a report needs.';
  return {
    exitCode: EXIT.failed,
    lines: [`mcpgw: unexpected error: ${message}`, hint],
    json: { error: { message: `unexpected error: ${message}`, exitCode: EXIT.failed } },
  };
}

function failure(exitCode: number, line: string, message: string): Failure {
  return { exitCode, lines: [line], json: { error: { message, exitCode } } };
}
