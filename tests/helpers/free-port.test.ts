import { randomInt } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { FIRST_PORT, freePort, LAST_PORT } from './free-port.ts';

const EPHEMERAL = '/proc/sys/net/ipv4/ip_local_port_range';

async function listen(port: number, address: string): Promise<number> {
  const server = createServer().listen(port, address);
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

it('gives ports of an address that can be listened on, each once', async () => {
  const ports = await Promise.all(Array.from({ length: 100 }, () => freePort('127.0.9.7')));
  expect(new Set(ports).size).toBe(100);
  for (const port of ports) expect(await listen(port, '127.0.9.7')).toBe(port);
});

it('gives none that the system itself gives away', async () => {
  const [low = 32_768] = existsSync(EPHEMERAL) ? readFileSync(EPHEMERAL, 'utf8').split('\t').map(Number) : [];
  expect(LAST_PORT).toBeLessThan(low);
  const port = await freePort();
  expect(port).toBeGreaterThanOrEqual(FIRST_PORT);
  expect(port).toBeLessThanOrEqual(LAST_PORT);
});

it('passes over a port that is taken, at the address or at all, and one that it gave before', async () => {
  const free = await freePort('127.0.9.7');
  const there = await listen(0, '127.0.9.7');
  const everywhere = await listen(0, '0.0.0.0');
  const unfit = [there, everywhere, free];
  const candidates = [...unfit];
  const port = await freePort('127.0.9.7', () => candidates.shift() ?? randomInt(FIRST_PORT, LAST_PORT));
  expect(candidates).toEqual([]);
  expect(unfit).not.toContain(port);
});

it('says when it finds none', async () => {
  const taken = await listen(0, '127.0.9.7');
  await expect(freePort('127.0.9.7', () => taken)).rejects.toThrow(
    'no port from 11000 to 31999 of 127.0.9.7 is free',
  );
});
