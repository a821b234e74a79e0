/** Requests of a shared child that one of its members was asked and has not answered. */
import type { RpcId } from '../../messages/json-rpc.ts';
import type { Member, QuestionsOf } from './members.ts';

/** Servers that ask several things at once write them one after the other. */
const BURST_MS = 1000;

interface Question {
  member: Member;
  askedAtMs: number;
}

export class Questions implements QuestionsOf {
  readonly #now: () => number;
  readonly #open = new Map<RpcId, Question>();

  /** @param now milliseconds since the epoch */
  constructor(now: () => number) {
    this.#now = now;
  }

  add(id: RpcId, member: Member): void {
    this.#open.set(id, { member, askedAtMs: this.#now() });
  }

  /** @returns whose it is */
  get(id: RpcId): Member | undefined {
    return this.#open.get(id)?.member;
  }

  /** @returns whose it was */
  take(id: RpcId): Member | undefined {
    const member = this.get(id);
    this.#open.delete(id);
    return member;
  }

  /** Removes all of one member's. @returns their ids */
  leave(member: Member): RpcId[] {
    const ids = [...this.#open].filter(([, question]) => question.member === member).map(([id]) => id);
    for (const id of ids) this.#open.delete(id);
    return ids;
  }

  clear(): void {
    this.#open.clear();
  }

  has(member: Member): boolean {
    return this.#of(member).length > 0;
  }

  isWaitedFor(member: Member): boolean {
    const open = this.#of(member);
    const last = open.at(-1)?.askedAtMs ?? Infinity;
    return open.length >= member.calls && last <= this.#now() - BURST_MS;
  }

  #of(member: Member): Question[] {
    return [...this.#open.values()].filter((question) => question.member === member);
  }
}
