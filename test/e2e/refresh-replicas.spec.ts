import { RefreshRounds, SOUND } from '../support/refresh-rounds.js';

const ROUNDS = 5;

describe('two hundred calls at the same time on three replicas, with a token that has run out', () => {
  it('cost one refresh, and all are answered; the family of tokens lives on (ATK-70, P-30, P-33, R-29)', async () => {
    const rounds = await RefreshRounds.open();
    for (let count = 0; count < ROUNDS; count += 1) expect(await rounds.round()).toEqual(SOUND);
    await rounds.close();
  });

  it('would not all be answered without the lock: the test sees what it is to see', async () => {
    const rounds = await RefreshRounds.open({ locks: false });
    expect(await rounds.round()).not.toEqual(SOUND);
    await rounds.close();
  });
});
