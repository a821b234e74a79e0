/**
 * The one `subscriptions/listen` that a child of 2026-07-28 gets for a client with a handshake: the lists whose changes the
 * child tells of, and the resources that the client has subscribed to. Each change opens another and ends the one before.
 */
import { isObject } from '../messages/json-rpc.ts';
import { subscriptionProblem } from '../models/shared/subscriptions.ts';
import type { Members } from '../modern/envelope/envelope.ts';

export interface ListeningOptions {
  nextId(): string;
  listen(id: string, notifications: Members): void;
  end(id: string): void;
}

export class Listening {
  readonly #options: ListeningOptions;
  readonly #resources = new Set<string>();
  #lists: Members = {};
  #id: string | undefined;

  constructor(options: ListeningOptions) {
    this.#options = options;
  }

  /** @param capabilities the server's */
  begin(capabilities: Members): void {
    const lists = ['tools', 'prompts', 'resources'].filter((name) => {
      const capability = capabilities[name];
      return isObject(capability) && capability['listChanged'] === true;
    });
    this.#lists = Object.fromEntries(lists.map((name) => [`${name}ListChanged`, true]));
    this.#listen();
  }

  /**
   * @param wanted whether the client wants to hear of the resource, or not any more
   * @returns why it cannot
   */
  change(uri: string, wanted: boolean): string | undefined {
    if (wanted === this.#resources.has(uri)) return undefined;
    const problem = wanted ? subscriptionProblem(uri, this.#resources.size) : undefined;
    if (problem !== undefined) return problem;
    if (wanted) this.#resources.add(uri);
    else this.#resources.delete(uri);
    this.#listen();
    return undefined;
  }

  #listen(): void {
    const before = this.#id;
    const resources = this.#resources.size === 0 ? {} : { resourceSubscriptions: [...this.#resources] };
    const notifications = { ...this.#lists, ...resources };
    this.#id = Object.keys(notifications).length === 0 ? undefined : this.#options.nextId();
    if (this.#id !== undefined) this.#options.listen(this.#id, notifications);
    // Afterwards, so that no change is missed; one in between is told twice.
    if (before !== undefined) this.#options.end(before);
  }
}
