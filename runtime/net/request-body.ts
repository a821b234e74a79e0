/** Bodies of requests, read within bounds: of one body, of one user's, and of all that are unfinished together. */
import type { IncomingMessage } from 'node:http';

/** How many bodies of the largest size may be unfinished at once. A client may leave one open for minutes. */
const LARGEST_BODIES = 8;
/** Of that, what one user may take: the others' calls shall come through meanwhile. */
const USER_SHARE = 0.5;
/** What a chunk costs besides its bytes: a body may come in a million chunks of one byte. */
const CHUNK_BYTES = 256;
/** A body that is refused is read to its end so that the client sees the answer, but not for ever. */
const MAX_DISCARDED_BYTES = 256 * 1024 * 1024;

/** Why a body is not read. */
export type BodyRefusal = 'too-long' | 'busy' | 'user-busy';

/** The memory that unfinished bodies of one service share. */
export class BodyBudget {
  readonly #maxBytes: number;
  #bytes = 0;
  readonly #byUser = new Map<string, number>();

  /** @param maxMessageBytes the largest body */
  constructor(maxMessageBytes: number) {
    this.#maxBytes = LARGEST_BODIES * maxMessageBytes;
  }

  /** @returns why the bytes were not given, or undefined when they were */
  take(user: string, bytes: number): 'busy' | 'user-busy' | undefined {
    if (this.#bytes + bytes > this.#maxBytes) return 'busy';
    const own = (this.#byUser.get(user) ?? 0) + bytes;
    if (own > this.#maxBytes * USER_SHARE) return 'user-busy';
    this.#bytes += bytes;
    this.#byUser.set(user, own);
    return undefined;
  }

  give(user: string, bytes: number): void {
    this.#bytes -= bytes;
    const left = (this.#byUser.get(user) ?? 0) - bytes;
    if (left > 0) this.#byUser.set(user, left);
    else this.#byUser.delete(user);
  }
}

export interface BodyOptions {
  maxBytes: number;
  budget: BodyBudget;
  /** Whose budget it is. */
  user: string;
}

/** @param done gets the body, or why it is refused as soon as that is known; not called when the client goes away first */
export function readBody(
  req: IncomingMessage,
  { maxBytes, budget, user }: BodyOptions,
  done: (body: Buffer | BodyRefusal) => void,
): void {
  let chunks: Buffer[] = [];
  let length = 0;
  let taken = 0;
  let refused = false;
  const release = (): void => {
    if (taken > 0) budget.give(user, taken);
    taken = 0;
    chunks = [];
  };
  const stop = (why: BodyRefusal): void => {
    refused = true;
    release();
    done(why);
  };
  if (Number(req.headers['content-length']) > maxBytes) stop('too-long');
  req.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (refused) {
      if (length > MAX_DISCARDED_BYTES) req.destroy();
      return;
    }
    if (length > maxBytes) return stop('too-long');
    const cost = chunk.length + CHUNK_BYTES;
    const why = budget.take(user, cost);
    if (why !== undefined) return stop(why);
    taken += cost;
    chunks.push(chunk);
  });
  req.on('end', () => {
    if (refused) return;
    const [first] = chunks;
    const body = first !== undefined && chunks.length === 1 ? first : Buffer.concat(chunks, length);
    release();
    done(body);
  });
  req.on('close', release);
  req.on('error', () => undefined);
}
