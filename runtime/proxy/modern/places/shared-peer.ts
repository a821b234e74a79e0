/** A child that sessions use, too, as the era without sessions sees it. */
import type { RpcId, RpcNotification, RpcRequest } from '../../messages/json-rpc.ts';
import { passesLevel, type LogLevel } from '../../messages/log-level.ts';
import type { Member } from '../../models/shared/members.ts';
import type { SharedServer } from '../../models/shared/shared-server.ts';
import type { Peer } from '../../peer/peer.ts';
import type { Members } from '../envelope/envelope.ts';
import { helloOf } from './open-peer.ts';
import { type ActiveCall, ANY_CLIENT, PooledPeer } from './pooled-peer.ts';

export class SharedPeer extends PooledPeer {
  readonly #server: SharedServer;
  readonly #calls = new Map<ActiveCall, CallMember>();
  /** Subscribes for all streams; what is for them they hear from the server's observer. */
  readonly #streams: Member = {
    ...{ client: this, calls: 0, level: undefined },
    wantsLog: () => false,
    asked: () => false,
    told: () => undefined,
  };
  #release: (() => void) | undefined;

  constructor(server: SharedServer, peer: Peer) {
    const said: Members = peer.initialized ?? {};
    super(peer, helloOf(false, said, said['serverInfo']), server.user, ANY_CLIENT);
    this.#server = server;
  }

  /** From now on the child may ask `call` something, and logs for it. @param clientId of its caller */
  enter(call: ActiveCall, clientId: string): void {
    const { forAll } = this.#server;
    const member = new CallMember(call, forAll ? call : clientId);
    this.#calls.set(call, member);
    this.#server.members.add(member);
  }

  /** @param givenUp the child has not answered it */
  leave(call: ActiveCall, givenUp = false): void {
    const member = this.#calls.get(call);
    this.#calls.delete(call);
    if (member === undefined) return;
    if (givenUp) this.#server.members.gaveUp(member);
    this.#server.leave(member);
  }

  /** The child is gone: who still waits does not wait for the next one. */
  gone(): void {
    for (const call of [...this.#calls.keys()]) this.leave(call);
    this.#server.members.subscriptions.leave(this.#streams);
  }

  override attach(): void {
    super.attach();
    this.#release ??= this.#server.hold();
  }

  override detach(): void {
    super.detach();
    if (this.listeners > 0) return;
    this.#release?.();
    this.#release = undefined;
  }

  override respond(id: RpcId, result: unknown): void {
    // Another child's questions have the same ids.
    if (this.#server.peer === this.peer) this.#server.respond(id, { result });
  }

  /**
   * Lets `call` hear of what the child logs from this level on. A child that all share logs for nobody: a message may be
   * about a call of somebody else's that is over.
   */
  async logFor(call: ActiveCall, level: LogLevel): Promise<void> {
    const member = this.#calls.get(call);
    if (this.#server.forAll || member === undefined || !('logging' in this.capabilities)) return;
    const wanted = this.#server.levelFor(member, level);
    if (wanted !== undefined) await this.ask('logging/setLevel', { level: wanted });
  }

  protected override async beginUpdates(uri: string): Promise<boolean> {
    const begun = await super.beginUpdates(uri);
    if (begun) this.#server.members.subscriptions.add(uri, this.#streams);
    return begun;
  }

  protected override endUpdates(uri: string): void {
    const { subscriptions } = this.#server.members;
    if (subscriptions.remove(uri, this.#streams)) super.endUpdates(uri);
  }
}

class CallMember implements Member {
  readonly client: unknown;
  readonly calls = 1;
  level: LogLevel | undefined;
  readonly #call: ActiveCall;

  constructor(call: ActiveCall, client: unknown) {
    this.#call = call;
    this.client = client;
  }

  /** "The server MUST NOT emit notifications/message for a request that does not include this field." */
  wantsLog(level: unknown): boolean {
    return this.level !== undefined && passesLevel(level, this.level);
  }

  asked(message: RpcRequest, line: Buffer): boolean {
    return this.#call.asked(message, line);
  }

  told(message: RpcNotification, line: Buffer): void {
    this.#call.told(message, line);
  }
}
