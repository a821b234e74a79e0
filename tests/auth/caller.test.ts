import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { createCallers, networkOf, type Caller } from '../../runtime/auth/caller.ts';

/** @returns who calls with a request, as `current` has it */
const callersOf = (trustedProxies?: string[]) => {
  const callers = createCallers(trustedProxies);
  return (request: IncomingMessage) => callers.run(request, () => callers.current() as Caller);
};

const from = (remoteAddress: string | undefined, headers: Record<string, string> = {}) =>
  ({ headers, socket: { remoteAddress } }) as unknown as IncomingMessage;

describe('the caller of a request', () => {
  it('has the address that our edge saw, never one that the caller claims', () => {
    const of = callersOf();
    expect(of(from('::ffff:127.0.0.1')).address).toBe('127.0.0.1');
    expect(of(from('10.0.0.2', { 'x-forwarded-for': '203.0.113.7' })).address).toBe('203.0.113.7');
    expect(of(from('10.0.0.2', { 'x-forwarded-for': '198.51.100.1, 203.0.113.7' })).address).toBe(
      '203.0.113.7',
    );
    expect(of(from('10.0.0.2', { 'x-forwarded-for': '198.51.100.1, <script>' })).address).toBe('unknown');
    expect(of(from(undefined)).address).toBe('unknown');
  });

  it('has the address before the trusted proxies', () => {
    const of = callersOf(['192.0.2.0/24', '2001:db8::1']);
    const at = (forwarded: string) => of(from('10.0.0.2', { 'x-forwarded-for': forwarded })).address;
    expect(at('198.51.100.1, 203.0.113.7, 2001:db8::1, 192.0.2.9')).toBe('203.0.113.7');
    expect(at('192.0.2.1, 192.0.2.9')).toBe('192.0.2.1');
  });

  it('has its own address where a proxy writes ports, too, and not one that all share', () => {
    const of = callersOf(['192.0.2.0/24']);
    const at = (forwarded: string) => of(from('10.0.0.2', { 'x-forwarded-for': forwarded })).address;
    expect(at('198.51.100.1:1, 203.0.113.7:4711, 192.0.2.9:443')).toBe('203.0.113.7');
    expect(at('[2001:db8::7]:4711, 192.0.2.9')).toBe('2001:db8::7');
    expect(at('[2001:db8::7], 192.0.2.9')).toBe('2001:db8::7');
    expect(at('203.0.113.7:x')).toBe('unknown');
  });

  it('has an id of ours, unless a proxy gave a sane one', () => {
    const of = callersOf();
    expect(of(from('10.0.0.2')).requestId).toMatch(/^[\w-]{16}$/);
    expect(of(from('10.0.0.2', { 'x-request-id': '0b9c1c0e-6f5e-4c55' })).requestId).toBe(
      '0b9c1c0e-6f5e-4c55',
    );
    for (const odd of ['', 'short', 'a'.repeat(65), 'with space', 'line\nbreak', '{"a":1}-----'])
      expect(of(from('10.0.0.2', { 'x-request-id': odd })).requestId).toMatch(/^[\w-]{16}$/);
  });

  it('is the same for as long as the request is served', () => {
    const callers = createCallers();
    callers.run(from('10.0.0.2'), () => expect(callers.current()).toBe(callers.current()));
  });

  it('is the one of the request that is being served', async () => {
    const callers = createCallers();
    expect(callers.current()).toBeUndefined();
    const addresses = await Promise.all(
      ['192.0.2.1', '192.0.2.2'].map((address) =>
        callers.run(from(address), async () => {
          await new Promise(setImmediate);
          return callers.current()?.address;
        }),
      ),
    );
    expect(addresses).toEqual(['192.0.2.1', '192.0.2.2']);
  });
});

describe('networks', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0db8:0001:0002::1', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['unknown', 'unknown'],
  ])('%s counts as %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});
