import { MemoryStore } from '../../src/store/memory/memory.store.js';
import { FixedClock } from '../support/fixed-clock.js';
import { describeStoreContract } from './store.contract.js';

describeStoreContract('the memory driver', async () => {
  const clock = new FixedClock(Date.now());
  const store = new MemoryStore(clock);
  return {
    store,
    advance: async (ms) => clock.advance(ms),
    prune: async () => store.sweep(),
    close: () => store.close(),
  };
});
