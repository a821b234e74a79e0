/** Who uses a child that many share, and for whom of them is what it says on its own. */
import type { RpcNotification, RpcRequest } from '../../messages/json-rpc.ts';
import { mostVerbose, type LogLevel } from '../../messages/log-level.ts';
import { Subscriptions } from './subscriptions.ts';

/** A call that was given up may still ask for so long. */
const UNNOTICED_MS = 1000;

/** A session, or one request of the era without sessions. */
export interface Member {
  /** Who is behind it: what is meant for one member may be given to another of the same client's. */
  readonly client: unknown;
  /** How many of its calls are under way. */
  readonly calls: number;
  /** The least severe log level that it wants; undefined until it says so. */
  level: LogLevel | undefined;
  wantsLog(level: unknown): boolean;
  /** Takes a request of the child's; false when it cannot be asked this. @param line valid until this returns */
  asked(message: RpcRequest, line: Buffer): boolean;
  /** Takes a notification of the child's. @param line valid until this returns */
  told(message: RpcNotification, line: Buffer): void;
}

/** Which questions of the child's a member was asked and has not answered. */
export interface QuestionsOf {
  has(member: Member): boolean;
  /** Has one for each of its calls, and the child has asked nothing more for so long that it waits. */
  isWaitedFor(member: Member): boolean;
}

export class Members {
  readonly subscriptions = new Subscriptions<Member>();
  /** All users share the child, so that nothing of one may reach another. */
  readonly #forAll: boolean;
  readonly #members = new Set<Member>();
  /** Clients that gave a call up, and when. */
  readonly #givenUp = new Map<unknown, number>();
  readonly #now: () => number;

  /** @param now milliseconds since the epoch */
  constructor(forAll: boolean, now: () => number) {
    this.#forAll = forAll;
    this.#now = now;
  }

  get size(): number {
    return this.#members.size;
  }

  add(member: Member): void {
    this.#members.add(member);
  }

  /** @returns whether it was there */
  remove(member: Member): boolean {
    return this.#members.delete(member);
  }

  /** A call was given up that the child may not have noticed yet, so that what it asks may be about that. */
  gaveUp({ client }: Member): void {
    // Whose the call is makes no difference there: nobody can be asked.
    if (this.#forAll) return;
    this.#whoGaveUp();
    this.#givenUp.delete(client);
    this.#givenUp.set(client, this.#now());
  }

  /** The level at which each gets what it wants. */
  get wantedLevel(): LogLevel | undefined {
    return mostVerbose([...this.#members].flatMap((each) => each.level ?? []));
  }

  /**
   * The one that has a call under way, or the only one that there is. A call that waits for an answer itself does not ask. Of
   * several of one client's it is the last, and one that has nothing to answer before others: it reaches the same client.
   */
  whoIsMeant(questions: QuestionsOf): Member | undefined {
    const busy = this.#busy();
    const asking = busy.filter((each) => !questions.isWaitedFor(each));
    const candidates = [asking, busy, [...this.#members]].find(({ length }) => length > 0) ?? [];
    const last = candidates.at(-1);
    const clients = [...candidates.map(({ client }) => client), ...this.#whoGaveUp()];
    if (clients.some((client) => client !== last?.client)) return undefined;
    return candidates.findLast((each) => !questions.has(each)) ?? last;
  }

  /** @returns who hears of what is no progress of a call, and no end of a question */
  listeners({ method, params }: RpcNotification): Iterable<Member> {
    switch (method) {
      case 'notifications/tools/list_changed':
      case 'notifications/prompts/list_changed':
      case 'notifications/resources/list_changed':
        return this.#members;
      case 'notifications/resources/updated':
        return this.subscriptions.of(params?.['uri']);
      case 'notifications/message':
        return this.#logListeners(params?.['level']);
      default:
        // It may be about one caller, and nothing says which.
        return this.#forAll ? [] : this.#members;
    }
  }

  /**
   * Whose call a log message is about cannot be told while calls of several are under way. Where all users share the child
   * nobody hears it: it may be about a call of somebody else's that is over, even when there is one call alone.
   */
  #logListeners(level: unknown): Iterable<Member> {
    if (this.#forAll) return [];
    const busy = this.#busy();
    const all = busy.length > 0 ? busy : this.#members;
    const byClient = new Map<unknown, Member>();
    for (const each of all)
      if (each.wantsLog(level) && !byClient.has(each.client)) byClient.set(each.client, each);
    return byClient.values();
  }

  /** Those who did just now; forgets the others. */
  #whoGaveUp(): unknown[] {
    const before = this.#now() - UNNOTICED_MS;
    for (const [client, atMs] of this.#givenUp) if (atMs <= before) this.#givenUp.delete(client);
    return [...this.#givenUp.keys()];
  }

  #busy(): Member[] {
    return [...this.#members].filter(({ calls }) => calls > 0);
  }
}
