import { RefreshRounds, SOUND } from '../support/refresh-rounds.js';

const ROUNDS = 50;

describe('two hundred calls at the same time on three replicas, fifty times over', () => {
  it('cost one refresh each time, and all ten thousand are answered (ATK-70, R-29)', async () => {
    const rounds = await RefreshRounds.open();
    for (let count = 0; count < ROUNDS; count += 1) expect(await rounds.round()).toEqual(SOUND);
    await rounds.close();
  }, 600_000);
});
