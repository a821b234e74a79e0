import { networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';
import { startTestAdmin } from './support.ts';

const others = Object.values(networkInterfaces())
  .flat()
  .flatMap((entry) =>
    entry !== undefined && !entry.internal && entry.family === 'IPv4' ? [entry.address] : [],
  );

describe('the listener of the admin API', () => {
  it('is on loopback', async () => {
    const { origin } = await startTestAdmin();
    expect(new URL(origin).hostname).toBe('127.0.0.1');
    expect((await fetch(`${origin}/store`)).status).toBe(401);
  });

  it.skipIf(others.length === 0)('is on no other address of this machine', async () => {
    const { origin } = await startTestAdmin();
    for (const address of others) {
      await expect(fetch(`http://${address}:${new URL(origin).port}/store`)).rejects.toThrow();
    }
  });
});
