/** Of one session: what it subscribes to is kept for as long as it lives. */
export const MAX_SUBSCRIPTIONS = 256;
const MAX_URI_CHARACTERS = 8_192;

/**
 * @param count of resources that the session is subscribed to already
 * @returns why it cannot be subscribed to this one as well
 */
export function subscriptionProblem(uri: string, count: number): string | undefined {
  if (uri.length > MAX_URI_CHARACTERS)
    return `A URI to subscribe to has at most ${MAX_URI_CHARACTERS} characters.`;
  if (count < MAX_SUBSCRIPTIONS) return undefined;
  return `A session is subscribed to at most ${MAX_SUBSCRIPTIONS} resources; unsubscribe from one.`;
}

/** Who of several subscribed to which resource, so that the server has one subscription to each (MCP 2025-11-25, Resources). */
export class Subscriptions<Subscriber> {
  readonly #byUri = new Map<string, Set<Subscriber>>();

  get uris(): Iterable<string> {
    return this.#byUri.keys();
  }

  add(uri: string, subscriber: Subscriber): void {
    const subscribers = this.#byUri.get(uri) ?? new Set();
    this.#byUri.set(uri, subscribers.add(subscriber));
  }

  /** @returns whether it was there, and nobody else is */
  remove(uri: string, subscriber: Subscriber): boolean {
    const subscribers = this.#byUri.get(uri);
    if (subscribers?.delete(subscriber) !== true || subscribers.size > 0) return false;
    return this.#byUri.delete(uri);
  }

  /** @returns how many resources the subscriber is subscribed to, but for this one */
  countBeside(uri: string, subscriber: Subscriber): number {
    let count = 0;
    for (const [each, subscribers] of this.#byUri)
      if (each !== uri && subscribers.has(subscriber)) count += 1;
    return count;
  }

  /** Whether somebody else than this one is subscribed. */
  hasOthers(uri: string, subscriber: Subscriber): boolean {
    const subscribers = this.#byUri.get(uri);
    return subscribers !== undefined && subscribers.size > (subscribers.has(subscriber) ? 1 : 0);
  }

  /** Removes all of one subscriber's. @returns the resources that nobody is subscribed to any more */
  leave(subscriber: Subscriber): string[] {
    return [...this.#byUri.keys()].filter((uri) => this.remove(uri, subscriber));
  }

  /** @param uri of what was updated, which "might be a sub-resource of the one that the client actually subscribed to" */
  of(uri: unknown): Set<Subscriber> {
    const found = new Set<Subscriber>();
    if (typeof uri !== 'string') return found;
    for (const [each, subscribers] of this.#byUri) {
      if (uri === each || uri.startsWith(each.endsWith('/') ? each : `${each}/`))
        for (const subscriber of subscribers) found.add(subscriber);
    }
    return found;
  }
}
