import { Notices } from '../notices.ts';
import type { Notice } from '../store.ts';
import { NOTICES } from './keys.ts';

/** What is needed of ioredis's connection, or of its Cluster. */
export interface SubscriberConnection {
  on(event: string, listener: (...args: string[]) => void): unknown;
  subscribe(channel: string): Promise<unknown>;
  disconnect(): void;
}

export interface Subscriber {
  subscribe(listener: (notice: Notice) => void): () => void;
  close(): void;
}

/**
 * Listens to what other processes (and this one) publish, on a connection of its own, since one that is subscribed can
 * do nothing else. It is opened with the first listener. Nothing is kept for a subscriber that is away, so whenever the
 * connection is back everything counts as changed.
 *
 * @param connect opens a connection that connects again by itself
 */
export function createSubscriber(connect: () => SubscriberConnection): Subscriber {
  const notices = new Notices();
  let connection: ReturnType<typeof connect> | undefined;

  const open = (): void => {
    connection = connect();
    // The connection of the commands tells the log of the same outage.
    connection.on('error', () => undefined);
    connection.on('message', (_channel: string, message: string) => {
      const notice = parseNotice(message);
      if (notice !== undefined) notices.tell(notice);
    });
    // A Cluster looks for another node to listen to by itself when one goes.
    connection.on('-node', () => notices.tell({ kind: 'all' }));
    connection.on('ready', () => {
      // One that fails is tried again with the next connection.
      connection?.subscribe(NOTICES).then(
        () => notices.tell({ kind: 'all' }),
        () => undefined,
      );
    });
  };

  return {
    subscribe: (listener) => {
      if (connection === undefined) open();
      return notices.subscribe(listener);
    },
    close: () => connection?.disconnect(),
  };
}

/** What is published under our name by something else is no notice. */
function parseNotice(message: string): Notice | undefined {
  try {
    const { kind, id } = JSON.parse(message) as { kind?: unknown; id?: unknown };
    if (kind === 'keys') return { kind };
    const isNamed = kind === 'grant' || kind === 'client' || kind === 'user';
    return isNamed && typeof id === 'string' ? { kind, id } : undefined;
  } catch {
    return undefined;
  }
}
