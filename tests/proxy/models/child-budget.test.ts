import { describe, expect, it } from 'vitest';
import { ChildBudget, type Lease } from '../../../runtime/proxy/models/child-budget.ts';

const budget = () => new ChildBudget({ maxChildren: 3, maxChildrenPerUser: 2 });
const taken = (lease: ReturnType<ChildBudget['take']>): Lease => {
  if (typeof lease === 'string') throw new Error(lease);
  return lease;
};

describe('places for children', () => {
  it('are bounded for a user and in all', () => {
    const places = budget();
    const first = taken(places.take('alice'));
    taken(places.take('alice'));
    expect(places.take('alice')).toBe('user-full');
    taken(places.take('bob'));
    expect(places.take('bob')).toBe('full');
    expect(places.take(undefined)).toBe('full');
    first();
    expect(places.taken).toBe(2);
    taken(places.take(undefined));
  });

  it('are given back once', () => {
    const places = budget();
    const lease = taken(places.take('alice'));
    taken(places.take('alice'));
    lease();
    lease();
    expect(places.taken).toBe(1);
    taken(places.take('alice'));
    expect(places.take('alice')).toBe('user-full');
  });

  it('are taken from what is idle before somebody is refused', () => {
    const places = budget();
    const idle = taken(places.take('alice'));
    const asked: (string | undefined)[] = [];
    places.onNeed((user) => {
      asked.push(user);
      idle();
      return asked.length === 1;
    });
    taken(places.take('alice'));
    taken(places.take('alice'));
    expect(asked).toEqual(['alice']);
    expect(places.take('alice')).toBe('user-full');
  });
});
