import { endOfTurn } from './end-of-turn.js';

describe('the end of a turn', () => {
  it('comes once for all that wait for it, after what was read in the turn', async () => {
    const order: string[] = [];
    const [one, other] = [endOfTurn(), endOfTurn()];
    expect(other).toBe(one);
    process.nextTick(() => order.push('read'));
    void one.then(() => order.push('end'));
    await other;
    expect(order).toEqual(['read', 'end']);
  });

  it('is another one for the next turn', async () => {
    const first = endOfTurn();
    await first;
    expect(endOfTurn()).not.toBe(first);
  });
});
