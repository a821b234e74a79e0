/**
 * Children that are started but not initialised, so that a session does not wait for a start. Each is kept for one exact
 * command; where a user has data, that command is the user's own, and so is the spare.
 */
import type { Child, ChildCommand } from '../child/child.ts';
import type { Graces } from '../child/ending.ts';
import type { Relay } from './relay.ts';
import { backoffMs } from './starts.ts';

export interface SpareOptions {
  /** For one command. */
  perCommand: number;
  /** In all. */
  max: number;
  /** A command that nobody started for so long has no spares any more. */
  idleSeconds: number;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** @param onDeath called when the child ends before it is taken */
  start: (key: string, command: ChildCommand, onDeath: () => void) => Spare;
  graces: Graces;
}

export interface Spare {
  child: Child;
  relay: Relay;
}

interface Kept {
  command: ChildCommand;
  spares: Spare[];
  usedAtMs: number;
  /** Deaths in a row. */
  deaths: number;
  notBeforeMs: number;
}

export class SpareChildren {
  readonly #options: SpareOptions;
  readonly #kept = new Map<string, Kept>();
  #closed = false;

  constructor(options: SpareOptions) {
    this.#options = options;
  }

  get count(): number {
    let count = 0;
    for (const { spares } of this.#kept.values()) count += spares.length;
    return count;
  }

  /** Notes that the command is in use, so that the next `fill` keeps spares for it. */
  want(key: string, command: ChildCommand): void {
    if (this.#closed || this.#options.perCommand === 0) return;
    const kept = this.#kept.get(key) ?? { spares: [], deaths: 0, notBeforeMs: 0 };
    this.#kept.delete(key);
    this.#kept.set(key, { ...kept, command, usedAtMs: this.#options.now() });
  }

  /** @returns a spare of exactly this command, which is the caller's from now on */
  take(key: string): Spare | undefined {
    const kept = this.#kept.get(key);
    const spare = kept?.spares.shift();
    if (kept !== undefined && spare !== undefined) kept.deaths = 0;
    return spare;
  }

  /** Starts what is missing for the command, unless its last spares died just now. */
  fill(key: string): void {
    const kept = this.#kept.get(key);
    const { perCommand, max, now } = this.#options;
    while (kept !== undefined && !this.#closed && kept.spares.length < perCommand) {
      if (kept.notBeforeMs > now() || (this.count >= max && !this.#makeRoom(key))) return;
      try {
        let spare: Spare | undefined = undefined;
        spare = this.#options.start(key, kept.command, () => this.#died(key, spare));
        kept.spares.push(spare);
      } catch {
        this.#putOff(kept);
      }
    }
  }

  /** Ends what was not used for long, and replaces what died. */
  sweep(): void {
    const before = this.#options.now() - this.#options.idleSeconds * 1000;
    for (const [key, kept] of this.#kept) {
      if (kept.usedAtMs <= before) this.#forget(key, kept);
      else this.fill(key);
    }
  }

  /** Ends all of them, and starts none any more. */
  async close(graces: Graces): Promise<void> {
    this.#closed = true;
    const spares = [...this.#kept.values()].flatMap((kept) => kept.spares);
    this.#kept.clear();
    await Promise.all(spares.map(({ child }) => child.end(graces)));
  }

  #died(key: string, spare: Spare | undefined): void {
    if (spare === undefined) return;
    void spare.child.end(this.#options.graces);
    // `want` replaces the entry but keeps its list.
    const kept = this.#kept.get(key);
    const at = kept?.spares.indexOf(spare) ?? -1;
    if (kept === undefined || at === -1) return;
    kept.spares.splice(at, 1);
    this.#putOff(kept);
  }

  #putOff(kept: Kept): void {
    kept.deaths += 1;
    // Never at once: there is no request that would wait for it.
    kept.notBeforeMs = this.#options.now() + backoffMs(kept.deaths + 1);
  }

  /** Ends a spare of the command that was not used for longest. */
  #makeRoom(forKey: string): boolean {
    for (const [key, kept] of this.#kept) {
      if (key === forKey || kept.spares.length === 0) continue;
      this.#forget(key, kept);
      return true;
    }
    return false;
  }

  #forget(key: string, { spares }: Kept): void {
    this.#kept.delete(key);
    for (const { child } of spares) void child.end(this.#options.graces);
  }
}
