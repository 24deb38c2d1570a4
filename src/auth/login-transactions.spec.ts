import { loginConfig, newTransaction } from '../../test/support/login-fixtures.js';
import { sessionConfig, sessionWorld } from '../../test/support/session-fixtures.js';
import type { SessionConfig } from '../config/config.types.js';
import { randomToken } from '../crypto/random.js';
import { LoginTransactions } from './login-transactions.js';

let world: ReturnType<typeof sessionWorld>;
let transactions: LoginTransactions;
const browser = randomToken();

beforeEach(() => {
  world = sessionWorld();
  transactions = overKeys();
});
afterEach(() => world.close());

const overKeys = (keys: SessionConfig['keys'] = sessionConfig.keys) =>
  new LoginTransactions(world.store, world.clock, loginConfig, { ...sessionConfig, keys });
const fresh = (more = {}) => newTransaction({ createdAt: world.clock.now(), ...more });

describe('a login transaction', () => {
  it('is taken once; whoever comes second gets what is needed to go on', async () => {
    const transaction = fresh();
    await transactions.begin(browser, transaction);
    const both = await Promise.all([
      transactions.take(browser, transaction.state),
      transactions.take(browser, transaction.state),
    ]);
    expect(both).toEqual([
      { kind: 'taken', transaction },
      { kind: 'consumed', stub: { returnTo: '/orders', healed: false } },
    ]);
  });

  it('cannot be found, nor burnt, by another browser', async () => {
    const transaction = fresh();
    await transactions.begin(browser, transaction);
    const stranger = randomToken();
    await expect(transactions.take(stranger, transaction.state)).resolves.toEqual({
      kind: 'unknown',
    });
    await expect(transactions.peek(stranger, transaction.state)).resolves.toBeUndefined();
    await expect(transactions.take(browser, transaction.state)).resolves.toMatchObject({
      kind: 'taken',
    });
  });

  it('is not named by another state', async () => {
    await transactions.begin(browser, fresh());
    await expect(transactions.take(browser, randomToken())).resolves.toEqual({ kind: 'unknown' });
  });

  it('may be looked at without being taken', async () => {
    const transaction = fresh();
    await transactions.begin(browser, transaction);
    await expect(transactions.peek(browser, transaction.state)).resolves.toEqual(transaction);
    await transactions.take(browser, transaction.state);
    await expect(transactions.peek(browser, transaction.state)).resolves.toBeUndefined();
  });

  it('is stale after ten minutes, and unknown after an hour (J-25)', async () => {
    const [first, second] = [fresh({ healed: true }), fresh()];
    await transactions.begin(browser, first);
    await transactions.begin(browser, second);
    world.pass(loginConfig.transactionMs - 1);
    await expect(transactions.peek(browser, first.state)).resolves.toEqual(first);
    world.pass(1);
    await expect(transactions.peek(browser, first.state)).resolves.toBeUndefined();
    await expect(transactions.take(browser, first.state)).resolves.toEqual({
      kind: 'consumed',
      stub: { returnTo: '/orders', healed: true },
    });
    world.pass(loginConfig.stubMs);
    await expect(transactions.take(browser, second.state)).resolves.toEqual({ kind: 'unknown' });
  });

  it('gives way when its browser has too many, the oldest first (J-37)', async () => {
    const all = Array.from({ length: 4 }, (_none, at) =>
      fresh({ createdAt: world.clock.now() + at }),
    );
    for (const one of all) await transactions.begin(browser, one);
    const kinds = await Promise.all(
      all.map(async (one) => (await transactions.take(browser, one.state)).kind),
    );
    expect(kinds).toEqual(['unknown', 'taken', 'taken', 'taken']);
  });

  it('does not make another browser lose its own', async () => {
    const mine = fresh();
    await transactions.begin(browser, mine);
    for (let at = 0; at < 10; at += 1) await transactions.begin(randomToken(), fresh());
    await expect(transactions.peek(browser, mine.state)).resolves.toEqual(mine);
  });

  it('survives a rotation of the server keys, until the old one is taken out', async () => {
    const [oldKey] = sessionConfig.keys;
    const newKey = { kid: 'k2', secret: Buffer.alloc(32, 2) };
    const transaction = fresh();
    await transactions.begin(browser, transaction);
    const rotated = overKeys(oldKey === undefined ? [] : [newKey, oldKey]);
    await expect(rotated.peek(browser, transaction.state)).resolves.toEqual(transaction);
    await expect(overKeys([newKey]).take(browser, transaction.state)).resolves.toEqual({
      kind: 'unknown',
    });
  });

  it('lies sealed in the store: neither its secrets nor the browser can be read there (H-04)', async () => {
    const written: unknown[] = [];
    const spied = new Proxy(world.store, {
      get: (target, name): unknown =>
        name === 'putTransaction'
          ? async (...args: unknown[]) => void written.push(args)
          : Reflect.get(target, name),
    });
    const transaction = fresh();
    await new LoginTransactions(spied, world.clock, loginConfig, sessionConfig).begin(
      browser,
      transaction,
    );
    const text = JSON.stringify(written, (_key, value: unknown) =>
      typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer'
        ? Buffer.from((value as unknown as { data: number[] }).data).toString('latin1')
        : value,
    );
    const { state, nonce, codeVerifier, returnTo } = transaction;
    for (const secret of [browser, state, nonce, codeVerifier, returnTo])
      expect(text).not.toContain(secret);
  });
});
