import { describe, expect, it } from 'vitest';
import { Slots } from '../../../runtime/services/fetchs/slots.ts';

const always = new AbortController().signal;

/** @returns places that were asked for in turn, each with whether it is there */
async function ask(slots: Slots, users: string[]) {
  const places = users.map((user) => {
    const place = { there: false, leave: (): void => undefined };
    void slots.acquire(user, always).then((release) => Object.assign(place, { there: true, leave: release }));
    return place;
  });
  await settled();
  return places;
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const there = (places: { there: boolean }[]) => places.map((place) => place.there);

describe('places', () => {
  it('are so many in all, and those who wait are first come, first served', async () => {
    const slots = new Slots({ total: 2, perUser: 2, waitingPerUser: 9 });
    const places = await ask(slots, ['a', 'b', 'c', 'd']);
    expect(there(places)).toEqual([true, true, false, false]);
    places[1]?.leave();
    await settled();
    expect(there(places)).toEqual([true, true, true, false]);
  });

  it('are so many for each user, and nobody waits behind one who has no more', async () => {
    const slots = new Slots({ total: 9, perUser: 1, waitingPerUser: 9 });
    const places = await ask(slots, ['a', 'a', 'b']);
    expect(there(places)).toEqual([true, false, true]);
    places[2]?.leave();
    await settled();
    expect(there(places)).toEqual([true, false, true]);
    places[0]?.leave();
    await settled();
    expect(there(places)).toEqual([true, true, true]);
  });

  it('are no longer waited for by one who has gone away', async () => {
    const slots = new Slots({ total: 1, perUser: 1, waitingPerUser: 1 });
    const [first] = await ask(slots, ['a']);
    const gone = new AbortController();
    const left = slots.acquire('b', gone.signal);
    gone.abort();
    await expect(left).rejects.toThrow('aborted');
    const [next] = await ask(slots, ['b']);
    first?.leave();
    await settled();
    expect(next?.there).toBe(true);
  });

  it('are refused to one who waits for enough of them', async () => {
    const slots = new Slots({ total: 9, perUser: 1, waitingPerUser: 1 });
    await ask(slots, ['a', 'a', 'b', 'b']);
    await expect(slots.acquire('a', always)).rejects.toThrow(/1 fetches under way and 1 waiting/);
  });
});
