import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { openSqliteStore } from '../../runtime/store/sqlite.ts';
import { guarded } from '../../runtime/store/sqlite/fault.ts';
import { StoreUnavailableError } from '../../runtime/store/store.ts';
import { describeStoreContract } from './contract.ts';
import { TestClock, makeClient, makeGrant, makeKey, makeTransaction } from './records.ts';

const makeFolder = () => mkdtempSync(join(tmpdir(), 'mcpgw-store-'));

describeStoreContract('sqlite', (clock) => {
  const folder = makeFolder();
  const open = () => openSqliteStore({ path: join(folder, 'store.db'), now: clock.now });
  const stores = [open()];
  return Promise.resolve({
    store: stores[0] as ReturnType<typeof open>,
    reopen: () => {
      const store = open();
      stores.push(store);
      return Promise.resolve(store);
    },
    cleanup: async () => {
      for (const store of stores) await store.close();
      rmSync(folder, { recursive: true });
    },
  });
});

describe('sqlite', () => {
  let folder: string;
  let path: string;
  const clock = new TestClock();
  const open = (lockTimeoutMs = 2_000) => {
    const store = openSqliteStore({ path, now: clock.now, lockTimeoutMs });
    onTestFinished(() => store.close());
    return store;
  };

  beforeEach(() => {
    folder = makeFolder();
    path = join(folder, 'state', 'store.db');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is readable to this user only, its folder and journals too', async () => {
    await open().putClient(makeClient('c', clock.now()));
    expect(modeOf(join(folder, 'state'))).toBe('700');
    for (const suffix of ['', '-wal', '-shm']) expect(modeOf(path + suffix)).toBe('600');
  });

  it('takes away what others may do with a file that it finds, and leaves a folder that it finds alone', async () => {
    await open().close();
    chmodSync(path, 0o644);
    chmodSync(join(folder, 'state'), 0o755);
    open();
    expect(modeOf(path)).toBe('600');
    expect(modeOf(join(folder, 'state'))).toBe('755');
  });

  it('loses nothing that it answered when the process is killed', async () => {
    const nowMs = Date.now();
    const grant = makeGrant('g', nowMs);
    const expiresAtMs = nowMs + 600_000;
    const child = await startChild(path);
    await child.call('putClient', makeClient('c', nowMs));
    await child.call('putGrant', grant);
    await child.call('redeemCode', 'g', grant.codeHash, expiresAtMs);
    const rotated = await child.call('rotateRefresh', {
      grantId: 'g',
      generation: 1,
      sealed: 'answer',
      graceMs: 1,
      expiresAtMs,
    });
    await child.kill();
    expect(rotated).toStrictEqual({ result: { outcome: 'rotated' } });

    const store = openSqliteStore({ path });
    onTestFinished(() => store.close());
    expect(await store.getClient('c')).toStrictEqual(makeClient('c', nowMs));
    expect(await store.getGrant('g')).toMatchObject({ generation: 2, codeUsed: true, revoked: false });
    expect(await store.redeemCode('g', grant.codeHash, expiresAtMs)).toMatchObject({ outcome: 'replayed' });
  });

  it('lets one of two processes win a code, a transaction and the first key', async () => {
    const children = await Promise.all([startChild(path), startChild(path)]);
    const nowMs = Date.now();
    const race = (...call: Parameters<Child['call']>) =>
      Promise.all(children.map((child) => child.call(...call)));
    for (let round = 0; round < 20; round++) {
      const grant = makeGrant(`g${round}`, nowMs);
      await children[0]?.call('putGrant', grant);
      await children[0]?.call(
        'putRecord',
        'transaction',
        `t${round}`,
        makeTransaction(`t${round}`, nowMs + 600_000),
      );
      const redeemed = await race('redeemCode', grant.id, grant.codeHash, nowMs + 600_000);
      expect(redeemed).toContainEqual({ result: expect.objectContaining({ outcome: 'redeemed' }) });
      expect(redeemed).toContainEqual({ result: expect.objectContaining({ outcome: 'replayed' }) });
      const taken = await race('takeRecord', 'transaction', `t${round}`);
      expect(taken.filter((answer) => answer.result === null)).toHaveLength(1);
    }
    const [first, second] = await Promise.all(
      children.map((child, index) => child.call('seedKey', makeKey(`k${index}`, nowMs + index))),
    );
    expect(first?.result).toHaveLength(1);
    expect(first).toStrictEqual(second);
  });

  it('removes what has ended, in bites, and forgets a revocation that has nothing left to revoke', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const store = open();
    await store.putClient(makeClient('ended', clock.now(), { expiresAtMs: clock.now() + 1 }));
    await store.putClient(makeClient('kept', clock.now()));
    await store.putGrant(makeGrant('kept', clock.now(), { expiresAtMs: clock.now() + 86_400_000 }));
    await store.putGrant(makeGrant('ended', clock.now()));
    await store.revokeUser('github:1', clock.now() + 1);
    await store.revokeUser('github:2', clock.now() + 1);
    for (let index = 0; index < 600; index++) {
      await store.putRecord('transaction', `t${index}`, makeTransaction(`t${index}`, clock.now() + 1));
    }
    const reader = new DatabaseSync(path, { readOnly: true });
    onTestFinished(() => reader.close());
    const count = (table: string) => reader.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.['n'];
    const counts = () => ['clients', 'records', 'grants', 'user_revocations'].map(count);
    clock.advance(3_600_001);
    expect(counts()).toStrictEqual([2, 600, 2, 2]);
    vi.advanceTimersByTime(60_000);
    expect(counts()).toStrictEqual([1, 100, 1, 1]);
    vi.advanceTimersByTime(1_000);
    expect(counts()).toStrictEqual([1, 0, 1, 1]);
    expect(await store.standing('kept', 'kept', 'github:1')).toMatchObject({
      grantAlive: true,
      userAlive: false,
    });
  });

  describe('a file that it cannot use', () => {
    it('says that garbage is no database, names it and leaves it', () => {
      mkdirSync(join(folder, 'state'));
      writeFileSync(path, 'not a database, '.repeat(1_000));
      expect(() => open()).toThrow(StoreUnavailableError);
      expect(() => open()).toThrow(
        new RegExp(`${path}.*is no SQLite database.*restore it from a backup`, 's'),
      );
      expect(statSync(path).size).toBe(16_000);
    });

    it("leaves another program's database alone", () => {
      mkdirSync(join(folder, 'state'));
      const foreign = new DatabaseSync(path);
      foreign.exec('CREATE TABLE notes (text TEXT)');
      foreign.close();
      chmodSync(path, 0o644);
      expect(() => open()).toThrow(/database of another program.*Choose another file/s);
      expect(modeOf(path)).toBe('644');
    });

    it('refuses the file of a newer release', async () => {
      await open().close();
      const newer = new DatabaseSync(path);
      newer.exec('PRAGMA user_version = 99');
      newer.close();
      expect(() => open()).toThrow(/newer release of mcpgw \(schema 99/);
    });

    it('says why it cannot be opened', () => {
      mkdirSync(path, { recursive: true });
      expect(() => open()).toThrow(StoreUnavailableError);
      expect(() => open()).toThrow(path);
    });
  });

  describe('a fault while it runs', () => {
    it('is StoreUnavailableError with its cause when another process keeps the lock', async () => {
      const store = open(1);
      const other = new DatabaseSync(path);
      onTestFinished(() => other.close());
      other.exec('BEGIN IMMEDIATE');
      const failure = await rejectionOf(store.putClient(makeClient('c', clock.now())));
      expect(failure).toBeInstanceOf(StoreUnavailableError);
      expect(failure.message).toMatch(/store\.db failed: another process held its lock/);
      expect(failure.cause).toBeInstanceOf(Error);
      await expect(store.redeemCode('g', 'h', 0)).rejects.toThrow(StoreUnavailableError);
      expect(await store.getClient('c')).toBeUndefined();
      other.exec('COMMIT');
      await store.putClient(makeClient('c', clock.now()));
    });

    it('is StoreUnavailableError when the disk is full, and changes nothing', async () => {
      // The shell's limit on file sizes makes SQLite's own write fail, as a full disk does.
      const child = await startChild(path, 400);
      const nowMs = Date.now();
      await child.call('putGrant', makeGrant('g', nowMs));
      const fill = async (put: (index: number) => Promise<Answer>): Promise<Answer> => {
        let answer: Answer = {};
        for (let index = 0; answer.error === undefined && index < 1_000; index++) answer = await put(index);
        return answer;
      };
      // A big record fails first; smaller ones then fill what room is left.
      for (const size of [9_000, 1]) {
        await fill((index) =>
          child.call(
            'putRecord',
            'transaction',
            `t${size}-${index}`,
            makeTransaction(`t${size}-${index}`, nowMs, { state: 'x'.repeat(size) }),
          ),
        );
      }
      // At last the very page that redeeming writes: a new record may need more pages than that, and fail before it.
      const answer = await fill(() => child.call('putGrant', makeGrant('g', nowMs)));
      expect(answer).toMatchObject({
        error: 'StoreUnavailableError',
        message: expect.stringContaining('disk'),
      });
      expect(await child.call('redeemCode', 'g', 'code-of-g', nowMs + 600_000)).toMatchObject({
        error: 'StoreUnavailableError',
      });
      expect(await child.call('getGrant', 'g')).toMatchObject({ result: { codeUsed: false } });
    });

    it('is StoreUnavailableError when the file is damaged', async () => {
      await open().putClient(makeClient('c', clock.now()));
      const store = open();
      const raw = new DatabaseSync(path);
      raw.exec("UPDATE clients SET data = '{'");
      raw.close();
      await expect(store.getClient('c')).rejects.toThrow(/store\.db failed: it is damaged/);
      await store.close();
    });

    it('undoes a step that fails half-way, and takes the next one', async () => {
      const store = open();
      await store.putGrant(makeGrant('g', clock.now()));
      await store.putGrant(makeGrant('damaged', clock.now()));
      const raw = new DatabaseSync(path);
      onTestFinished(() => raw.close());
      raw.exec("UPDATE grants SET data = '{' WHERE id = 'damaged'");
      await expect(store.redeemCode('damaged', 'code', 0)).rejects.toThrow(StoreUnavailableError);
      const redeemed = await store.redeemCode('g', 'code-of-g', clock.now() + 1_000);
      expect(redeemed).toMatchObject({ outcome: 'redeemed' });
      raw.exec("DELETE FROM grants WHERE id = 'damaged'");
    });

    it('is StoreUnavailableError when the file is cut short', async () => {
      const store = open();
      for (let index = 0; index < 50; index++) await store.putClient(makeClient(`c${index}`, clock.now()));
      await store.close();
      truncateSync(path, 8_192);
      const outcome = Promise.resolve().then(() => open().listClients());
      await expect(outcome).rejects.toThrow(StoreUnavailableError);
    });

    it('is StoreUnavailableError when the file is read-only', async () => {
      await open().close();
      const readOnly = new DatabaseSync(path, { readOnly: true });
      onTestFinished(() => readOnly.close());
      const write = () => guarded(path, () => readOnly.exec('DELETE FROM clients'));
      expect(write).toThrow(StoreUnavailableError);
      expect(write).toThrow(/cannot be written to: check the permissions/);
    });

    it('lets our own mistakes pass through', () => {
      const mistake = new TypeError('a bug');
      expect(() =>
        guarded(path, () => {
          throw mistake;
        }),
      ).toThrow(mistake);
    });
  });
});

function modeOf(file: string): string {
  return (statSync(file).mode & 0o777).toString(8);
}

async function rejectionOf(promise: Promise<unknown>): Promise<Error> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Error)) throw new Error('It did not fail.');
  return error;
}

interface Answer {
  result?: unknown;
  error?: string;
  message?: string;
}

interface Child {
  call: (method: string, ...args: unknown[]) => Promise<Answer>;
  /** Ends it with SIGKILL, at once. */
  kill: () => Promise<void>;
}

/** Starts `sqlite-child.ts` on the file. @param maxFileKb limit on the size of the files that it writes, in KiB */
async function startChild(path: string, maxFileKb?: number): Promise<Child> {
  // Node 22 strips types only when told to.
  const flags = ['--no-warnings', '--experimental-strip-types'];
  const node = [process.execPath, ...flags, join(import.meta.dirname, 'sqlite-child.ts'), path];
  // The signal that comes with the limit is ignored, so that the write fails with an error instead.
  const limited = ['bash', '-c', `trap '' XFSZ; ulimit -f ${maxFileKb}; exec "$@"`, 'bash', ...node];
  const [file = '', ...args] = maxFileKb === undefined ? node : limited;
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.on('error', () => undefined); // It ended early; the answer that does not come tells.
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await closed;
  };
  onTestFinished(kill);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  await lines.next();
  return {
    call: async (method, ...args) => {
      child.stdin.write(`${JSON.stringify([method, ...args])}\n`);
      const line = await lines.next();
      if (line.done === true) throw new Error('The child ended.');
      return JSON.parse(line.value) as Answer;
    },
    kill,
  };
}
