import { Cluster } from 'ioredis';
import type { RedisClient } from './client.ts';
import type { AtEndOfTurn } from './turn.ts';

/**
 * Commands that are sent in one turn of the event loop leave in one write: each write costs more processor time than the
 * command that is in it.
 *
 * @returns a function to call before a command is sent
 */
export function createWriteTogether(client: RedisClient, atEndOfTurn: AtEndOfTurn): () => void {
  let corked = false;
  return () => {
    if (corked) return;
    corked = true;
    const nodes = client instanceof Cluster ? client.nodes('master') : [client];
    // A connection that ends meanwhile takes what was not written with it, and ioredis tells each command so.
    const streams = nodes.filter(({ status }) => status === 'ready').map(({ stream }) => stream);
    for (const stream of streams) stream.cork();
    atEndOfTurn(() => {
      corked = false;
      for (const stream of streams) stream.uncork();
    });
  };
}
