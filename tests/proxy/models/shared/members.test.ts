/** Whom of those that use a child together it means. */
import { describe, expect, it } from 'vitest';
import { Members, type Member } from '../../../../runtime/proxy/models/shared/members.ts';
import { Questions } from '../../../../runtime/proxy/models/shared/questions.ts';

let nowMs = 0;

function member(client: unknown, calls = 1, level?: Member['level']): Member {
  return { client, calls, level, wantsLog: () => true, asked: () => true, told: () => undefined };
}

function among(all: Member[], forAll = false): { members: Members; questions: Questions } {
  const members = new Members(forAll, () => nowMs);
  for (const each of all) members.add(each);
  return { members, questions: new Questions(() => nowMs) };
}

const log = { kind: 'notification', method: 'notifications/message', params: { level: 'info' } } as const;

describe('a question', () => {
  it('is for the one that has a call under way, or the only one', () => {
    const [idle, busy] = [member('a', 0), member('b')];
    const { members, questions } = among([idle, busy]);
    expect(members.whoIsMeant(questions)).toBe(busy);
    members.remove(busy);
    expect(members.whoIsMeant(questions)).toBe(idle);
    members.add(member('c', 0));
    expect(members.whoIsMeant(questions)).toBeUndefined();
  });

  it('is for nobody when calls of two clients are under way, unless one has long been waiting for an answer', () => {
    const [one, two] = [member('a'), member('b')];
    const { members, questions } = among([one, two]);
    expect(members.whoIsMeant(questions)).toBeUndefined();
    questions.add(1, one);
    expect(members.whoIsMeant(questions)).toBeUndefined();
    nowMs += 1000;
    expect(members.whoIsMeant(questions)).toBe(two);
    questions.add(2, two);
    nowMs += 1000;
    expect(members.whoIsMeant(questions)).toBeUndefined();
  });

  it('may be of a session that waits for an answer to another call', () => {
    const [one, two] = [member('a', 2), member('b')];
    const { members, questions } = among([one, two]);
    questions.add(1, one);
    nowMs += 1000;
    expect(members.whoIsMeant(questions)).toBeUndefined();
  });

  it('is for nobody while it may be of a call of another client that was given up just now', () => {
    const [gone, busy] = [member('a'), member('b')];
    const { members, questions } = among([busy]);
    members.gaveUp(gone);
    expect(members.whoIsMeant(questions)).toBeUndefined();
    nowMs += 1000;
    expect(members.whoIsMeant(questions)).toBe(busy);
    members.gaveUp(member('b'));
    expect(members.whoIsMeant(questions)).toBe(busy);
  });

  it('is for the last of several calls of one client, rather for one that has nothing to answer', () => {
    const [one, two] = [member('a'), member('a')];
    const { members, questions } = among([one, two]);
    expect(members.whoIsMeant(questions)).toBe(two);
    questions.add(1, two);
    expect(members.whoIsMeant(questions)).toBe(one);
    questions.add(2, one);
    expect(members.whoIsMeant(questions)).toBe(two);
    expect(questions.leave(two)).toEqual([1]);
    expect(members.whoIsMeant(questions)).toBe(two);
  });
});

describe('a log message', () => {
  it('is for everybody whose call is under way, once for each client; of a child of all, for nobody', () => {
    const all = [member('a'), member('a'), member('b'), member('c', 0)];
    expect([...among(all).members.listeners(log)]).toEqual([all[0], all[2]]);
    expect([...among(all, true).members.listeners(log)]).toEqual([]);
    expect([...among(all.slice(2), true).members.listeners(log)]).toEqual([]);
  });
});
