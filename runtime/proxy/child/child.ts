/** One stdio server as a child process: spawn, lines in and out, stderr to the log, and an end that leaves nothing behind. */
import {
  spawn as nodeSpawn,
  type ChildProcess,
  type ChildProcessWithoutNullStreams,
} from 'node:child_process';
import { randomUUID } from 'node:crypto';
import type { Logger } from '../../config/log.ts';
import { LineSplitter } from '../messages/framing.ts';
import { GroupEnd, type Graces } from './ending.ts';
import { LineLog } from './line-log.ts';
import { raiseOomScore } from './oom-score.ts';
import { forgetGroup, trackGroup } from './process-group.ts';
import { CHILD_MARK, killStrays } from './strays.ts';

export interface ChildCommand {
  file: string;
  args: string[];
  /** The whole environment (but for the mark by which strays are found): the proxy's secrets stay its own. */
  env: Record<string, string>;
  cwd?: string;
  /** Values in `env` that must be read nowhere else: what the child writes of them is left out of the log. */
  secrets?: string[];
}

/** With a pipe for each of stdin, stdout and stderr, where there are file descriptors for them. */
export type Spawn = (command: ChildCommand) => ChildProcess;

export interface ChildHandlers {
  onLine(line: Buffer): void;
  onTooLong(head: Buffer, tail: Buffer, bytes: number): void;
  /** Once, when no further answer can come. `reason` is a clause: "exited with code 1". */
  onEnd(reason: string): void;
  /** Once, when `end` is called: it counts no longer. */
  onEnding?(): void;
  /** Once, when nothing of it is left. */
  onGone?(): void;
}

export interface Traffic {
  read: number;
  written: number;
}

export interface ChildOptions {
  maxMessageBytes: number;
  logger: Logger;
  /** What every log entry about this child carries. */
  logFields: object;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Counts the bytes that go either way. */
  traffic?: Traffic | undefined;
  spawn?: Spawn | undefined;
}

const MAX_STDERR_LINE_BYTES = 8192;
/** How long an exited child's last answers may take to come out of its pipe, when something else holds the pipe open. */
const DRAIN_MS = 200;
/** Below this, copying messages together is cheaper than another system call. */
const MAX_JOINED_BYTES = 64 * 1024;

const spawnDetached: Spawn = ({ file, args, env, cwd }) =>
  nodeSpawn(file, args, { env, cwd, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });

/** The machine or the process has no file descriptors left; it may have some in a moment. */
export class NoPipesError extends Error {
  constructor() {
    super('there are no file descriptors left for its pipes');
  }
}

export class Child {
  /** Gets what is written, in the child's place, while its owner does not speak as it does (`modern-child`). */
  interceptor: ((line: Buffer) => void) | undefined;
  readonly #mark = randomUUID();
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #handlers: ChildHandlers;
  readonly #logger: Logger;
  readonly #log: LineLog;
  readonly #fields: object;
  /** The process itself has exited, or was never started. */
  #exited = false;
  #ended = false;
  #held = false;
  /** Why it has ended, while its last words wait to be read. */
  #endReason: string | undefined;
  #ending: Promise<void> | undefined;
  readonly #group: GroupEnd | undefined;
  #outbox: Buffer[] = [];
  #outboxBytes = 0;
  readonly #traffic: Traffic | undefined;

  /** @throws NoPipesError, or whatever `spawn` throws for a command that cannot even be tried */
  constructor(command: ChildCommand, options: ChildOptions, handlers: ChildHandlers) {
    this.#handlers = handlers;
    this.#logger = options.logger;
    this.#traffic = options.traffic;
    const env = { ...command.env, [CHILD_MARK]: this.#mark };
    const started = (options.spawn ?? spawnDetached)({ ...command, env });
    // Before anything else: an error that nobody listens to would end the proxy.
    started.on('error', (error) => {
      if (started.pid === undefined) this.#finish(`could not be started: ${whyNot(error)}`);
    });
    if (!hasPipes(started)) throw new NoPipesError();
    this.#process = started;
    const { pid } = started;
    this.#fields = { ...options.logFields, pid };
    this.#log = new LineLog(options.logger, this.#fields, options.now, command.secrets);
    this.#exited = pid === undefined;
    if (pid !== undefined) {
      this.#group = new GroupEnd(pid, () => this.#exited);
      trackGroup(pid);
      raiseOomScore(pid);
    }
    this.#listen(options.maxMessageBytes);
  }

  /** Bytes that the child has not read yet. */
  get unreadBytes(): number {
    return this.#outboxBytes + this.#process.stdin.writableLength;
  }

  /** The last lines that it wrote beside the protocol. */
  get lastOutput(): string[] {
    return this.#log.last;
  }

  /** @param line one message that ends with a newline and has no other */
  write(line: Buffer): void {
    if (this.interceptor === undefined) this.send(line);
    else this.interceptor(line);
  }

  /** What `write` does, past the interceptor. */
  send(line: Buffer): void {
    if (this.#ended) return;
    this.#outbox.push(line);
    this.#outboxBytes += line.length;
    if (this.#traffic !== undefined) this.#traffic.written += line.length;
    // All messages that arrive in one turn of the event loop go out in one system call.
    if (this.#outbox.length === 1) setImmediate(() => this.#flush());
  }

  /** Changes what log entries carry: a spare is somebody's once it is taken. */
  label(logFields: object): void {
    Object.assign(this.#fields, logFields);
  }

  /** Stops to read its output, so that it has to wait once its pipe is full; or goes on. */
  holdOutput(hold: boolean): void {
    this.#held = hold;
    if (hold) {
      this.#process.stdout.pause();
      return;
    }
    this.#process.stdout.resume();
    const reason = this.#endReason;
    if (reason !== undefined) setTimeout(() => this.#finish(reason), DRAIN_MS).unref();
  }

  /** Notes a line of stdout that is not part of the protocol. */
  logNoise(text: string): void {
    this.#log.write('warn', text, 'server wrote something other than JSON-RPC to stdout');
  }

  /**
   * Ends the child and all of its group, politely first.
   * @param graces a second call can only shorten them
   * @returns resolved once nothing of it is left; the same promise for every call
   */
  end(graces: Graces): Promise<void> {
    this.#group?.shorten(graces);
    if (this.#ending === undefined) {
      this.#ending = this.#terminate();
      this.#handlers.onEnding?.();
    }
    return this.#ending;
  }

  #flush(): void {
    const lines = this.#outbox;
    const bytes = this.#outboxBytes;
    this.#outbox = [];
    this.#outboxBytes = 0;
    if (!this.#process.stdin.writable) return;
    if (bytes <= MAX_JOINED_BYTES) this.#process.stdin.write(Buffer.concat(lines, bytes));
    else for (const line of lines) this.#process.stdin.write(line);
  }

  #listen(maxMessageBytes: number): void {
    const { stdin, stdout, stderr } = this.#process;
    const output = new LineSplitter(maxMessageBytes, {
      onLine: (line) => this.#guarded(() => this.#handlers.onLine(line)),
      onTooLong: (head, tail, bytes) => this.#guarded(() => this.#handlers.onTooLong(head, tail, bytes)),
    });
    stdout.on('data', (chunk: Buffer) => {
      if (this.#traffic !== undefined) this.#traffic.read += chunk.length;
      output.push(chunk);
    });
    stdout.on('end', () => {
      output.flush();
      this.#drained();
    });
    // Read at any rate: a child whose stderr is not drained hangs on a full pipe after 200 kB.
    const errors = new LineSplitter(MAX_STDERR_LINE_BYTES, {
      onLine: (line) => this.#log.write('info', line.toString('utf8'), 'server stderr'),
      onTooLong: (head, _tail, bytes) =>
        this.#log.write('info', `${head.toString('utf8')}… (${bytes} bytes)`, 'server stderr'),
    });
    stderr.on('data', (chunk: Buffer) => errors.push(chunk));
    stderr.on('end', () => errors.flush());
    stdin.on('error', (error) => this.#stdinFailed(error));
    stdout.on('error', () => undefined);
    stderr.on('error', () => undefined);
    this.#process.on('exit', () => {
      this.#exited = true;
      setTimeout(() => this.#finish(this.#exitReason()), DRAIN_MS).unref();
    });
  }

  /** What one server says must not take the others down, whatever it is. */
  #guarded(handle: () => void): void {
    try {
      handle();
    } catch (error) {
      this.#logger.error({ ...this.#fields, reason: String(error) }, 'server message could not be handled');
    }
  }

  /** Everything the child wrote has been handled. Its exit status usually arrives in the same moment. */
  #drained(): void {
    if (this.#exited) this.#finish(this.#exitReason());
    else
      setTimeout(
        () => this.#finish(this.#exited ? this.#exitReason() : 'closed its output'),
        DRAIN_MS,
      ).unref();
    this.#process.once('exit', () => this.#finish(this.#exitReason()));
  }

  #stdinFailed(error: Error): void {
    this.#logger.debug({ ...this.#fields, reason: error.message }, 'server input closed');
    setTimeout(() => this.#finish(this.#exited ? this.#exitReason() : 'closed its input'), DRAIN_MS).unref();
  }

  #exitReason(): string {
    const { exitCode, signalCode } = this.#process;
    return signalCode === null ? `exited with code ${exitCode ?? 'unknown'}` : `was ended by ${signalCode}`;
  }

  #finish(reason: string): void {
    if (this.#ended) return;
    if (this.#held) {
      this.#endReason = reason;
      return;
    }
    this.#ended = true;
    this.#handlers.onEnd(reason);
  }

  async #terminate(): Promise<void> {
    const { pid, stdin, stdout, stderr } = this.#process;
    if (this.#outbox.length > 0) this.#flush();
    this.#ended = true;
    stdin.end();
    if (pid !== undefined) {
      const gone = await this.#group?.run();
      if (gone === false) this.#logger.error(this.#fields, 'server process is still there after SIGKILL');
      forgetGroup(pid);
      await killStrays(this.#mark);
    }
    // A process that left the group may still hold the other ends.
    stdin.destroy();
    stdout.destroy();
    stderr.destroy();
    this.#handlers.onGone?.();
  }
}

/** In words that may be told to a caller: the system's own name the file. */
function whyNot(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ENOENT':
      return 'its command is not there';
    case 'EACCES':
      return 'its command may not be run';
    default:
      return error.code ?? error.message;
  }
}

/** `spawn` gives up before it makes the streams when it runs out of file descriptors (EMFILE, ENFILE). */
function hasPipes(process: ChildProcess): process is ChildProcessWithoutNullStreams {
  const { stdin, stdout, stderr } = process as Partial<ChildProcess>;
  return Boolean(stdin && stdout && stderr);
}
