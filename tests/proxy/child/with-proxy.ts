import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import {
  processesWith,
  RawClient,
  startProxy,
  type TestProxy,
  type TestProxyOptions,
} from '../../helpers/stdio-proxy.ts';

/** A proxy whose children can be found in /proc. */
export async function withProxy(
  options: TestProxyOptions,
  run: (test: TestProxy & { client: RawClient; alive: () => number }) => Promise<void>,
): Promise<void> {
  const marker = `--marker=${randomUUID()}`;
  const test = await startProxy({ ...options, args: [marker, ...(options.args ?? [])] });
  try {
    await run({ ...test, client: new RawClient(test.url), alive: () => processesWith(marker).length });
    await test.close();
    expect(processesWith(marker)).toEqual([]);
  } finally {
    await test.close();
  }
}
