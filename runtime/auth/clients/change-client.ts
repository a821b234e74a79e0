/** Changes a registration: what was decided on holds only for the record that was read, so that two changes at once both count. */
import type { ClientRecord, Store } from '../../store/store.ts';
import { TemporarilyUnavailableError } from '../errors.ts';

/** Each failed one means that another change went through meanwhile. */
const MAX_ATTEMPTS = 10;

/**
 * @param read the client as it was read
 * @param decide what becomes of the current record; the same one: nothing is to change. Called again where somebody else
 *   was faster
 * @returns the record as it is stored now; undefined where the client was deleted or has ended meanwhile, which is not undone
 * @throws what `decide` throws, TemporarilyUnavailableError, StoreUnavailableError
 */
export async function changeClient(
  store: Store,
  read: ClientRecord,
  decide: (current: ClientRecord) => ClientRecord,
): Promise<ClientRecord | undefined> {
  let current: ClientRecord | undefined = read;
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    if (current === undefined) return undefined;
    const next = decide(current);
    if (next === current || (await store.swapClient(current, next))) return next;
    current = await store.getClient(read.id);
  }
  throw new TemporarilyUnavailableError(
    'a registration is being changed without end',
    'The registration is being changed by somebody else. Try again in a second.',
    1,
  );
}
