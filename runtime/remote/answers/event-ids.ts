/**
 * Ids of events in a stream, by which a client has lost ones repeated (`Last-Event-ID`). A server may keep the events of
 * all its sessions together and repeat whatever it is asked for, so an id is worth something only to whom it was given:
 * it goes out with a mark that only this process can make, for this user and session.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** Of the mark, in bytes; with it 22 characters. */
const MARK_BYTES = 16;
/** The server's own id; longer ones are of no use in a header. */
const MAX_ID = 1024;

export interface EventIds {
  /** @returns the id as the client sees it; undefined for one that could not come back in a header */
  seal(id: string, scope: string): string | undefined;
  /** @returns the server's id, or undefined when this was never given to whoever that is */
  open(sealed: string, scope: string): string | undefined;
}

export function createEventIds(key: Buffer = randomBytes(32)): EventIds {
  const mark = (id: string, scope: string) =>
    createHmac('sha256', key)
      .update(JSON.stringify([scope, id]))
      .digest()
      .subarray(0, MARK_BYTES);
  return {
    seal: (id, scope) =>
      /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(id) && id.length <= MAX_ID
        ? `${mark(id, scope).toString('base64url')}.${id}`
        : undefined,
    open: (sealed, scope) => {
      const [, given = '', id = ''] = /^([\w-]{22})\.(.+)$/.exec(sealed) ?? [];
      const bytes = Buffer.from(given, 'base64url');
      return bytes.length === MARK_BYTES && timingSafeEqual(bytes, mark(id, scope)) ? id : undefined;
    },
  };
}
