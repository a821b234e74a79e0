/** A small pool of threads (`worker.ts`), bounded in memory and time; they start when they are needed and end when not. */
import { Worker, type ResourceLimits } from 'node:worker_threads';
import type { Job, JobResults } from './jobs.ts';

export interface WorkersOptions {
  size: number;
  /** For one job. Milliseconds. */
  timeoutMs: number;
  /** Milliseconds. */
  idleMs: number;
  resourceLimits?: ResourceLimits;
}

/** A job that could not be done within the bounds. */
export class JobError extends Error {
  override name = 'JobError';
}

const RESOURCE_LIMITS: ResourceLimits = {
  maxOldGenerationSizeMb: 256,
  maxYoungGenerationSizeMb: 16,
  stackSizeMb: 4,
};

/** Beside this file; compiled, or as it is where Node runs TypeScript. */
const FILE = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);

interface Task {
  job: Job;
  signal: AbortSignal;
  settle: (outcome: { result: unknown } | { failed: Error }) => void;
}

export class Workers {
  readonly #options: WorkersOptions;
  readonly #idle: { worker: Worker; timer: NodeJS.Timeout }[] = [];
  readonly #all = new Set<Worker>();
  #waiting: Task[] = [];

  constructor(options: WorkersOptions) {
    this.#options = options;
  }

  /** Threads that there are now. */
  get size(): number {
    return this.#all.size;
  }

  /** @throws JobError where it takes too much time or memory or fails; the reason of `signal` */
  run<K extends Job['kind']>(job: Job & { kind: K }, signal: AbortSignal): Promise<JobResults[K]> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      const leave = () => {
        this.#waiting = this.#waiting.filter((other) => other !== task);
        task.settle({ failed: signal.reason as Error });
      };
      const task: Task = {
        job,
        signal,
        settle(outcome) {
          signal.removeEventListener('abort', leave);
          if ('failed' in outcome) reject(outcome.failed);
          else resolve(outcome.result as JobResults[K]);
        },
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting.push(task);
      this.#next();
    });
  }

  /** Ends all threads. */
  async close(): Promise<void> {
    for (const { timer } of this.#idle.splice(0)) clearTimeout(timer);
    await Promise.all([...this.#all].map((worker) => worker.terminate()));
  }

  #next(): void {
    if (this.#waiting.length === 0) return;
    const worker = this.#takeIdle() ?? this.#start();
    if (worker === undefined) return;
    const task = this.#waiting.shift();
    if (task !== undefined) this.#work(worker, task);
  }

  #takeIdle(): Worker | undefined {
    const idle = this.#idle.pop();
    clearTimeout(idle?.timer);
    return idle?.worker;
  }

  #start(): Worker | undefined {
    if (this.#all.size >= this.#options.size) return undefined;
    const { resourceLimits = RESOURCE_LIMITS } = this.#options;
    const worker = new Worker(FILE, { env: {}, execArgv: [], argv: [], resourceLimits });
    worker.unref();
    this.#all.add(worker);
    worker.once('exit', () => {
      this.#all.delete(worker);
      this.#next();
    });
    return worker;
  }

  #work(worker: Worker, { job, signal, settle }: Task): void {
    const { timeoutMs } = this.#options;
    const finish = (outcome: Parameters<Task['settle']>[0], goesOn: boolean) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      worker.off('message', answered).off('error', failed).off('exit', failed);
      // What a thread that is ended still throws is nobody's.
      worker.on('error', () => undefined);
      settle(outcome);
      if (goesOn) this.#rest(worker);
      else void worker.terminate();
    };
    const answered = (answer: { result: unknown } | { error: string }) =>
      finish('error' in answer ? { failed: new JobError(answer.error) } : answer, true);
    const failed = (error: unknown) => finish({ failed: new JobError(String(error)) }, false);
    const abort = () => finish({ failed: signal.reason as Error }, false);
    const timer = setTimeout(() => failed(`took longer than ${timeoutMs} ms`), timeoutMs);
    signal.addEventListener('abort', abort, { once: true });
    worker.on('message', answered).on('error', failed).on('exit', failed);
    worker.postMessage(job);
  }

  #rest(worker: Worker): void {
    worker.removeAllListeners('error');
    const timer = setTimeout(() => {
      this.#idle.splice(
        this.#idle.findIndex((other) => other.worker === worker),
        1,
      );
      void worker.terminate();
    }, this.#options.idleMs);
    timer.unref();
    this.#idle.push({ worker, timer });
    worker.on('error', () => undefined);
    this.#next();
  }
}
