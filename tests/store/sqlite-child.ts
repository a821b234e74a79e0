/**
 * A second process on a store's file, for `sqlite.test.ts`: reads a line `["method", …arguments]` at a time, calls it and answers
 * with a line of JSON. Arguments: the file.
 */
import { createInterface } from 'node:readline';
import { openSqliteStore } from '../../runtime/store/sqlite.ts';
import type { Store } from '../../runtime/store/store.ts';

type Method = (...args: unknown[]) => Promise<unknown>;

const store: Store = openSqliteStore({ path: process.argv[2] ?? '' });
const say = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);

say('open');
for await (const line of createInterface({ input: process.stdin })) {
  const [method, ...args] = JSON.parse(line) as [keyof Store, ...unknown[]];
  try {
    say({ result: (await (store[method] as Method)(...args)) ?? null });
  } catch (error) {
    say({ error: (error as Error).name, message: (error as Error).message });
  }
}
