/** The way of other commands to an embedded gateway that runs. */
import { readFileSync } from 'node:fs';
import { type AdminAnswer, callAdmin } from '../auth/admin/call.ts';
import { readRunning, type Running } from './running.ts';
import { rootSecretPath } from './state.ts';

export { AUDIT_EVENTS, type EventKind } from '../auth/audit/events.ts';
export type { AdminAnswer } from '../auth/admin/call.ts';
export type { AccessEndedView, ClientView, DocumentClientView } from '../auth/admin/clients.ts';
export type { EventView } from '../auth/admin/events.ts';
export type { KeyView, RotationView } from '../auth/admin/keys.ts';
export type { HealthTokens } from '../auth/admin/health-token.ts';

export interface RunningGateway extends Running {
  /** Asks its admin API, in the words of `callAdmin`. */
  admin(words: string[]): Promise<AdminAnswer>;
}

/**
 * @param stateFolder absolute path of `.mcpgw`
 * @returns the gateway that runs with this state; undefined when none does
 */
export async function openEmbedded(stateFolder: string): Promise<RunningGateway | undefined> {
  const running = readRunning(stateFolder);
  if (running === undefined || !isAlive(running.pid)) return undefined;
  const admin = (words: string[]) =>
    callAdmin(words, {
      origin: running.adminOrigin,
      rootSecret: readFileSync(rootSecretPath(stateFolder), 'utf8').trim(),
      nowMs: Date.now(),
    });
  try {
    // Its process id may be another's by now: only the gateway of this state takes our token.
    const { status } = await admin(['ping']);
    return status === 200 || status === 503 ? { ...running, admin } : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It is there, and another user's.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
