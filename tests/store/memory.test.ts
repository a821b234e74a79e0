import { createMemoryStore } from '../../runtime/store/memory.ts';
import { describeStoreContract } from './contract.ts';

const isDurable = false;

describeStoreContract(
  'memory',
  (clock) => {
    const store = createMemoryStore({ now: clock.now });
    return Promise.resolve({ store, cleanup: () => store.close() });
  },
  isDurable,
);
