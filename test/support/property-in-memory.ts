import { MemoryStore } from '../../src/store/memory/memory.store.js';
import { FixedClock } from './fixed-clock.js';
import { Interleaver } from './interleaver.js';
import { indexFirst, planted, type Plant } from './planted-stores.js';
import { SessionModel, type ModelOptions, type Scenario } from './session-model.js';

/** One scenario on three replicas over a store in memory, which may have a bug. */
export async function runInMemory(
  scenario: Scenario,
  plant: Plant = indexFirst,
  more: Pick<ModelOptions, 'endsBeforeItMarks' | 'only'> = {},
): Promise<void> {
  const clock = new FixedClock();
  const raw = new MemoryStore(clock);
  const interleaver = new Interleaver(scenario.choices);
  const store = planted(raw, plant(raw, interleaver));
  const { maxPerUser } = scenario;
  const stores = [store, store, store];
  try {
    await SessionModel.run(scenario, { stores, raw, clock, interleaver, maxPerUser, ...more });
  } finally {
    await raw.close();
  }
}
