import { createHash } from 'node:crypto';
import { KeyRing } from '../crypto/key-ring.js';
import { bytesKeptFor } from '../../test/support/kept-memory.js';
import { isToken, randomToken } from '../crypto/random.js';
import { SessionCredentials, storeKeyOf } from './session-credential.js';

const secret = (byte: number): Buffer => Buffer.alloc(32, byte);
const ring = new KeyRing([
  { kid: 'new', secret: secret(1) },
  { kid: 'old', secret: secret(2) },
]);
const id = randomToken();
const credential = new SessionCredentials(ring).of(id);
const bytesOf = (...of: Parameters<typeof credential.key>) => credential.key(...of)?.export();

describe('a session credential', () => {
  it('is the same object until it is forgotten, or until ten thousand newer ones were asked for', () => {
    const all = new SessionCredentials(ring);
    const one = all.of(id);
    expect(all.of(id)).toBe(one);
    all.forget(one.storeKey);
    const second = all.of(id);
    expect(second).not.toBe(one);
    for (let at = 0; at < 10_000; at += 1) all.of(randomToken());
    all.forget(one.storeKey);
    expect(all.of(id)).not.toBe(second);
    // Whatever gave way is remembered by nothing: else each login would leave something for good.
    expect(Reflect.get(all, 'ids')).toHaveProperty('size', 10_000);
  });

  it('that is kept keeps no bytes alive beside it', async () => {
    const all = new SessionCredentials(ring);
    const kept = await bytesKeptFor(500, () => {
      const one = all.of(randomToken());
      return [one, one.key('tokens', 'new'), one.token('logout')];
    });
    expect(kept).toBeLessThan(1_024);
  });

  it('is the same wherever the same id is known', () => {
    const elsewhere = new SessionCredentials(new KeyRing([{ kid: 'new', secret: secret(1) }])).of(
      id,
    );
    expect(elsewhere.handle).toBe(credential.handle);
    expect(elsewhere.storeKey).toBe(credential.storeKey);
    expect(elsewhere.token('logout')).toBe(credential.token('logout'));
    expect(elsewhere.key('tokens', 'new')?.export()).toEqual(bytesOf('tokens', 'new'));
  });

  it('has a public handle that is not the id, and a place that follows from the handle (ATK-51)', () => {
    expect(isToken(credential.handle)).toBe(true);
    expect(credential.handle).not.toBe(id);
    expect(credential.storeKey).toBe(
      createHash('sha256').update(credential.handle).digest('base64url'),
    );
    expect(storeKeyOf(credential.handle)).toBe(credential.storeKey);
  });

  it('gives nothing of one session for another', () => {
    const other = new SessionCredentials(ring).of(randomToken());
    expect(other.handle).not.toBe(credential.handle);
    expect(other.storeKey).not.toBe(credential.storeKey);
    expect(other.token('logout')).not.toBe(credential.token('logout'));
    expect(other.key('tokens', 'new')?.export()).not.toEqual(bytesOf('tokens', 'new'));
  });

  it('has a key for each purpose and each server key', () => {
    const keys = [
      bytesOf('identity', 'new'),
      bytesOf('tokens', 'new'),
      bytesOf('identity', 'old'),
      bytesOf('tokens', 'old'),
    ].map((key) => key?.toString('hex'));
    expect(new Set(keys).size).toBe(4);
    expect(keys).not.toContain(undefined);
    expect(credential.key('tokens', 'gone')).toBeUndefined();
  });

  it('needs the id and the server key for a record: neither the handle nor another ring will do', () => {
    const byHandle = new SessionCredentials(ring).of(credential.handle);
    const otherRing = new SessionCredentials(new KeyRing([{ kid: 'new', secret: secret(9) }])).of(
      id,
    );
    expect(byHandle.key('tokens', 'new')?.export()).not.toEqual(bytesOf('tokens', 'new'));
    expect(otherRing.key('tokens', 'new')?.export()).not.toEqual(bytesOf('tokens', 'new'));
  });

  it('has tokens of one purpose each, which are neither handle nor id', () => {
    const values = [credential.token('logout'), credential.token('other'), credential.handle, id];
    expect(new Set(values).size).toBe(4);
  });
});
