import { describe, expect, it } from 'vitest';
import { RequestStates } from '../../../runtime/proxy/modern/request-states.ts';

const STATE = { call: 'c0ffee', round: 3 };

describe('a request state', () => {
  it('is read again by who sealed it, for the same user', () => {
    const states = new RequestStates('fixture');
    const text = states.seal('alice', STATE);
    expect(states.open('alice', text)).toEqual(STATE);
    expect(states.seal('alice', STATE)).not.toBe(text);
    expect(Buffer.from(text, 'base64url').toString('latin1')).not.toContain(STATE.call);
  });

  it('is nothing to another user or another service', () => {
    const states = new RequestStates('fixture');
    const text = states.seal('alice', STATE);
    for (const user of ['bob', '', 'alice"', '["fixture","alice"]'])
      expect(states.open(user, text)).toBeUndefined();
    expect(new RequestStates('fixture').open('alice', text)).toBeUndefined();
  });

  it('may not be changed in a single bit, nor written in another way', () => {
    const states = new RequestStates('fixture');
    const text = states.seal('alice', STATE);
    const bytes = Buffer.from(text, 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expect(states.open('alice', changed.toString('base64url')), `bit ${bit}`).toBeUndefined();
    }
    for (const other of [
      `${text}=`,
      `${text} `,
      `${text}\n`,
      text.replace(/.$/, '$&!'),
      text.slice(0, 30),
      '',
    ])
      expect(states.open('alice', other), other).toBeUndefined();
  });
});
