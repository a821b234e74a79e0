/**
 * Starts all children of one proxy: within their bounds, from a spare where there is one, and not again and again what
 * cannot start.
 */
import type { Logger } from '../../config/log.ts';
import { Child, type ChildCommand, type Spawn, type Traffic } from '../child/child.ts';
import type { Graces } from '../child/ending.ts';
import type { ProxyLimits } from '../limits.ts';
import type { KnownEra } from '../modern-child/era.ts';
import { HandshakeFace } from '../modern-child/handshake-face.ts';
import { ChildBudget, type BudgetRefusal, type Lease } from './child-budget.ts';
import { Relay } from './relay.ts';
import type { ChildSource, SessionChild, StartRequest } from './session-child.ts';
import { SpareChildren, type Spare } from './spares.ts';
import { Starts, type StartProblem, type Waiting } from './starts.ts';

export interface ChildrenOptions {
  service: string;
  limits: ProxyLimits;
  /** Spares of each command; 0: none. */
  spares: number;
  /** Whether a child, and so a spare, is one user's even where two users' commands are the same. */
  perUser: boolean;
  logger: Logger;
  /** Milliseconds since the epoch. */
  now: () => number;
  spawn?: Spawn | undefined;
}

/** No child is started now. The message may be told to a caller. */
export class StartRefusedError extends Error {
  override name = 'StartRefusedError';
  readonly status: 429 | 503;
  readonly retryAfterSeconds: number;
  constructor(message: string, status: 429 | 503, retryAfterSeconds: number) {
    super(message);
    this.status = status;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

export interface ChildrenStats {
  /** Those that are in use. */
  children: number;
  spares: number;
  starts: number;
  failedStarts: number;
  /** Starts that did not have to be waited for. */
  sparesTaken: number;
  /** Of messages, in bytes. */
  bytes: Traffic;
}

/** What is known of a child that was given out. */
interface Running {
  key: string;
  lease: Lease;
  /** When it was given out, in milliseconds since the epoch. */
  sinceMs: number;
  initialised: boolean;
  failed: boolean;
  output: () => string[];
}

const SWEEP_MS = 1000;
/** A child that has not answered `initialize` for this long cannot start, as far as anybody can tell who waits for it. */
const LATE_MS = 10_000;
/** A spare that ends this soon after its start is one that cannot start; later, it may have tired of waiting. */
const SETTLED_MS = 5000;
const RETRY_WHEN_FULL_SECONDS = 30;

export class Children implements ChildSource {
  /** Of the places, those of other owners of children among them. */
  readonly budget: ChildBudget;
  /** Of the server. */
  readonly era: KnownEra = { handshake: undefined, modern: undefined };
  readonly #options: ChildrenOptions;
  readonly #starts: Starts;
  readonly #spares: SpareChildren;
  readonly #running = new Map<SessionChild, Running>();
  readonly #timer: NodeJS.Timeout;
  readonly #traffic: Traffic = { read: 0, written: 0 };
  #sparesTaken = 0;

  constructor(options: ChildrenOptions) {
    const { limits, now } = options;
    this.#options = options;
    this.budget = new ChildBudget(limits);
    this.#starts = new Starts(now);
    this.#spares = new SpareChildren({
      perCommand: options.spares,
      max: Math.max(options.spares, limits.maxSpareChildren),
      idleSeconds: limits.spareIdleSeconds,
      now,
      graces: limits,
      start: (key, command, onDeath) => this.#startSpare(key, command, onDeath),
    });
    this.#timer = setInterval(() => this.#spares.sweep(), SWEEP_MS).unref();
  }

  /** Why nothing can be started; undefined while a child answers, or when the last start went well. */
  get problem(): StartProblem | undefined {
    let late: StartProblem | undefined;
    for (const running of this.#running.values()) {
      if (running.initialised) return undefined;
      late ??= this.#lateness(running);
    }
    return late ?? this.#starts.problem;
  }

  stats(): ChildrenStats {
    const { tried, failed } = this.#starts.counts;
    return {
      children: this.#running.size,
      spares: this.#spares.count,
      starts: tried,
      failedStarts: failed,
      sparesTaken: this.#sparesTaken,
      bytes: { ...this.#traffic },
    };
  }

  /**
   * @returns a child that is not initialised yet; its owner says with `initialised` or `failed` what became of it, and ends it
   * @throws StartRefusedError, NoPipesError, or whatever `spawn` throws for a command that cannot even be tried
   */
  start({ command, user, handlers, raw }: StartRequest): Child {
    const key = this.#keyOf(command, user);
    const waiting = this.#starts.waiting(key);
    if (waiting !== undefined) throw this.#cannotStart(waiting);
    const lease = this.budget.take(user);
    if (typeof lease === 'string') throw this.#noPlace(lease);
    try {
      this.#spares.want(key, command);
      const spare = this.#spares.take(key);
      if (spare !== undefined) this.#sparesTaken += 1;
      const { child, relay } = spare ?? this.#spawn(command, { user });
      if (spare !== undefined) child.label({ user, spare: undefined });
      const output = () => child.lastOutput;
      const sinceMs = this.#options.now();
      this.#running.set(child, { key, lease, sinceMs, initialised: false, failed: false, output });
      const direct = raw === true || this.era.handshake === true;
      relay.connect(direct ? handlers : new HandshakeFace(child, handlers, this.era));
      return child;
    } catch (error) {
      lease();
      throw error;
    }
  }

  /** The child has answered `initialize`: it can be started. What stands ready for the next one is filled up now. */
  initialised(child: SessionChild): void {
    const running = this.#running.get(child);
    if (running === undefined || running.initialised) return;
    running.initialised = true;
    this.#starts.succeeded(running.key);
    this.#spares.fill(running.key);
  }

  /** The child did not answer `initialize`. @param reason a clause */
  failed(child: SessionChild, reason: string): void {
    const running = this.#running.get(child);
    if (running === undefined || running.initialised || running.failed) return;
    running.failed = true;
    this.#starts.failed(running.key, { reason, output: running.output });
  }

  /** Ends all spares; the other children are their owners' to end. */
  async close(graces: Graces): Promise<void> {
    clearInterval(this.#timer);
    await this.#spares.close(graces);
  }

  #startSpare(key: string, command: ChildCommand, onDeath: () => void): Spare {
    const { now } = this.#options;
    const startedAtMs = now();
    const spare = this.#spawn(command, { spare: true }, (reason) => {
      const output = () => spare.child.lastOutput;
      if (now() - startedAtMs < SETTLED_MS) this.#starts.failed(key, { reason, output });
      onDeath();
    });
    return spare;
  }

  /** @param onEarlyEnd called when it ends before anybody is connected; also when it had no pipes and was no child at all */
  #spawn(command: ChildCommand, fields: object, onEarlyEnd?: (reason: string) => void): Spare {
    const { service, limits, logger, now, spawn } = this.#options;
    const logFields = { service, ...fields };
    const options = {
      maxMessageBytes: limits.maxMessageBytes,
      logger,
      logFields,
      now,
      spawn,
      traffic: this.#traffic,
    };
    this.#starts.trying();
    const relay = new Relay({
      onEnd: (reason, early) => {
        if (!early) return this.failed(child, reason);
        logger.error({ ...logFields, reason }, 'server ended before it was asked anything');
        onEarlyEnd?.(reason);
      },
      onEnding: () => this.#ending(this.#running.get(child)),
      onGone: () => this.#running.delete(child),
    });
    const child = new Child(command, options, relay);
    return { child, relay };
  }

  /** The owner of a child is done with it. */
  #ending(running: Running | undefined): void {
    if (running === undefined) return;
    running.lease();
    const late = this.#lateness(running);
    if (late !== undefined) this.#starts.late(late);
  }

  #lateness({ initialised, failed, sinceMs, output }: Running): StartProblem | undefined {
    const ms = this.#options.now() - sinceMs;
    if (initialised || failed || ms < LATE_MS) return undefined;
    return { reason: `has not answered initialize for ${Math.floor(ms / 1000)} s`, output };
  }

  #keyOf({ file, args, env, cwd }: ChildCommand, user: string | undefined): string {
    return JSON.stringify([this.#options.perUser ? user : undefined, file, args, env, cwd]);
  }

  #cannotStart({ reason, waitMs }: Waiting): StartRefusedError {
    const message = `The server of '${this.#options.service}' cannot start: ${reason}; its log says why.`;
    return new StartRefusedError(message, 503, Math.ceil(waitMs / 1000));
  }

  #noPlace(refusal: BudgetRefusal): StartRefusedError {
    const { maxChildren, maxChildrenPerUser } = this.#options.limits;
    return refusal === 'full'
      ? new StartRefusedError(
          `All ${maxChildren} server processes are in use; try again later.`,
          503,
          RETRY_WHEN_FULL_SECONDS,
        )
      : new StartRefusedError(
          `You have ${maxChildrenPerUser} server processes running; end a session or let one expire.`,
          429,
          RETRY_WHEN_FULL_SECONDS,
        );
  }
}
