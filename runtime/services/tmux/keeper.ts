/**
 * What keeps the tmux server of a user alive: a client of it for each of our processes. The server ends by itself when the
 * last of them is gone, however that went: by an orderly end, or by SIGKILL, which closes the client's input.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { type Tmux, TmuxError, type TmuxOptions, tmuxArgs } from './tmux.ts';

/** In the environment of everything that runs in a server, with a value of that server. */
const MARK = 'MCPGW_TMUX';
/** No name that a client of ours can use. */
const SESSION = '_keeper';
const ATTACH_MS = 10_000;
const END_MS = 2_000;
const POLL_MS = 20;

export class Keeper {
  readonly #tmux: Tmux;
  readonly #options: TmuxOptions;
  readonly #setup: string[][];
  #client: ChildProcess | undefined;
  #attached: Promise<void> | undefined;
  #mark: string | undefined;

  /** @param setup commands that every start of a server begins with */
  constructor(tmux: Tmux, options: TmuxOptions, setup: string[][]) {
    this.#tmux = tmux;
    this.#options = options;
    this.#setup = setup;
  }

  /** Resolves when there is a server, and it will stay. @throws TmuxError */
  hold(): Promise<void> {
    this.#attached ??= this.#attach().catch((error: unknown) => {
      this.#attached = undefined;
      throw error;
    });
    return this.#attached;
  }

  /** Lets go. With the last client the server ends, and everything that runs in it, even what ignores the hangup. */
  async release(): Promise<void> {
    await this.#attached?.catch(() => undefined);
    const client = this.#client;
    if (client === undefined) return;
    client.stdin?.end();
    if (client.exitCode === null && client.signalCode === null)
      await Promise.race([once(client, 'exit'), delay(END_MS).then(() => client.kill('SIGKILL'))]);
    for (let waited = 0; waited < END_MS; waited += POLL_MS) {
      // Another one of our processes still needs it, or it is already the next one.
      if ((await this.#markThere()) !== this.#mark) break;
      if ((await this.#clients()) > 0) return;
      await delay(POLL_MS);
    }
    if (this.#mark !== undefined && (await this.#markThere()) !== this.#mark) await killMarked(this.#mark);
  }

  async #attach(): Promise<void> {
    const { cwd, env } = this.#options;
    const commands = [
      ...this.#setup,
      ['new-session', '-A', '-s', SESSION, '-x', '20', '-y', '5', 'cat'],
      // Not before somebody is attached: the server would end at once.
      ['set-option', '-s', 'exit-unattached', 'on'],
    ];
    const client = spawn('tmux', tmuxArgs(this.#options, commands, ['-C']), {
      cwd,
      env: { ...env, [MARK]: randomUUID() },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    client.on('error', () => undefined);
    client.stdin.on('error', () => undefined);
    // What it tells is not needed, but must be read: and tmux cannot write to /dev/null.
    client.stdout.on('error', () => undefined).resume();
    client.once('exit', () => (this.#attached = undefined));
    this.#client = client;
    const deadline = performance.now() + ATTACH_MS;
    while ((await this.#clients()) === 0) {
      if (client.exitCode !== null || client.pid === undefined || performance.now() > deadline)
        throw new TmuxError('tmux could not be started');
      await delay(POLL_MS);
    }
    this.#mark = await this.#markThere();
  }

  async #clients(): Promise<number> {
    const text = await this.#tmux(['list-clients', '-F', 'x']).catch(() => '');
    return text.trim() === '' ? 0 : text.trim().split('\n').length;
  }

  /** The mark of the server that is there now. */
  async #markThere(): Promise<string | undefined> {
    const text = await this.#tmux(['show-environment', '-g', MARK]).catch(() => undefined);
    return text?.trim().slice(MARK.length + 1);
  }
}

/** Only Linux shows what a process has in its environment; elsewhere there is nothing to find. */
async function killMarked(mark: string): Promise<void> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) {
    const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
    if (!environment.split('\0').includes(`${MARK}=${mark}`)) continue;
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It has just exited.
    }
  }
}
