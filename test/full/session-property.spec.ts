import * as fc from 'fast-check';
import { runInMemory } from '../support/property-in-memory.js';
import { scenario } from '../support/session-model.js';

const RUNS = 3_000;
const MOST_MS = 300_000;

describe('sessions on three replicas', () => {
  it(
    'keep their promises in any of thousands of orders of events (R-52)',
    async () => {
      await fc.assert(
        fc.asyncProperty(scenario, (wanted) => runInMemory(wanted)),
        { numRuns: RUNS },
      );
    },
    MOST_MS,
  );
});
