import { bytesKeptFor } from '../../test/support/kept-memory.js';
import { tokenSet } from '../../test/support/session-fixtures.js';
import { KeyRing } from '../crypto/key-ring.js';
import { open } from '../crypto/sealed-box.js';
import { randomToken } from '../crypto/random.js';
import type { SessionRecord } from '../domain/session.js';
import { HEAD } from '../store/store.port.js';
import { headBytes, RecordCodec } from './record-codec.js';
import { SessionCredentials } from './session-credential.js';

const first = { kid: 'k1', secret: Buffer.alloc(32, 1) };
const second = { kid: 'k2', secret: Buffer.alloc(32, 2) };
const ring = new KeyRing([first]);
const codec = new RecordCodec(ring);
const credentials = new SessionCredentials(ring);
const mine = credentials.of(randomToken());
const other = credentials.of(randomToken());

const record: SessionRecord = {
  identity: {
    provider: 'p',
    issuer: 'https://i.example',
    subject: 'user-1',
    claims: { name: 'Ö' },
  },
  createdAt: 1,
  absoluteDeadline: 2,
  limitedBy: 'absolute',
};
const identity = { counter: 7n, idleDeadline: 1_800_000_000_000, accessExpiry: 0, record };
const tokens = { counter: 9n, tokens: tokenSet() };

describe('the codec', () => {
  it('gives back what it was given (D-23)', () => {
    expect(codec.decodeIdentity(mine, codec.encodeIdentity(mine, identity))).toEqual(identity);
    expect(codec.decodeTokens(mine, codec.encodeTokens(mine, tokens))).toEqual(tokens);
  });

  it('shows counter and instants, and nothing else, to whoever reads the store', () => {
    const bytes = codec.encodeIdentity(mine, identity);
    expect(bytes.readBigUInt64BE(HEAD.counterAt)).toBe(7n);
    expect(bytes.readBigUInt64BE(HEAD.idleDeadlineAt)).toBe(1_800_000_000_000n);
    expect(bytes.toString('latin1')).not.toContain('user-1');
    expect(codec.encodeTokens(mine, tokens).toString('latin1')).not.toMatch(
      /the-(?:access|refresh|id)-token/,
    );
  });

  it('keeps no bytes alive beside those of the records that it remembers', async () => {
    const kept = await bytesKeptFor(300, () => {
      const one = credentials.of(randomToken());
      return [codec.decodeTokens(one, codec.encodeTokens(one, tokens))];
    });
    expect(kept).toBeLessThan(2_048);
  });

  it('never seals the same way twice', () => {
    expect(codec.encodeTokens(mine, tokens)).not.toEqual(codec.encodeTokens(mine, tokens));
  });

  it('believes the head of the store: counter and instants move without the seal', () => {
    const bytes = codec.encodeIdentity(mine, identity);
    headBytes(55).copy(bytes, HEAD.idleDeadlineAt);
    headBytes(66).copy(bytes, HEAD.accessExpiryAt);
    expect(codec.decodeIdentity(mine, bytes)).toEqual({
      ...identity,
      idleDeadline: 55,
      accessExpiry: 66,
    });
  });
});

describe('what does not open', () => {
  it('a record of another session', () => {
    expect(codec.decodeIdentity(other, codec.encodeIdentity(mine, identity))).toBeUndefined();
    expect(codec.decodeTokens(other, codec.encodeTokens(mine, tokens))).toBeUndefined();
  });

  it('one record in the place of the other', () => {
    const sealedTokens = codec.encodeTokens(mine, tokens).subarray(HEAD.tokensBytes);
    const head = codec.encodeIdentity(mine, identity).subarray(0, HEAD.identityBytes);
    expect(codec.decodeIdentity(mine, Buffer.concat([head, sealedTokens]))).toBeUndefined();
    expect(codec.decodeIdentity(mine, codec.encodeTokens(mine, tokens))).toBeUndefined();
    expect(codec.decodeTokens(mine, codec.encodeIdentity(mine, identity))).toBeUndefined();
  });

  it('under its own key in another place: the place is part of the seal', () => {
    const sealed = codec.encodeTokens(mine, tokens).subarray(HEAD.tokensBytes);
    const opened = (place: string) => open((kid) => mine.key('tokens', kid), place, sealed);
    expect(opened(`1:tokens:${mine.storeKey}`)).toBeDefined();
    expect(opened(`1:tokens:${other.storeKey}`)).toBeUndefined();
    expect(opened(`1:identity:${mine.storeKey}`)).toBeUndefined();
  });

  it('a record of another version (J-23)', () => {
    const [a, b] = [codec.encodeIdentity(mine, identity), codec.encodeTokens(mine, tokens)];
    a[0] = 2;
    b[0] = 0;
    expect(codec.decodeIdentity(mine, a)).toBeUndefined();
    expect(codec.decodeTokens(mine, b)).toBeUndefined();
  });

  it('a sealed part with any byte flipped', () => {
    const bytes = codec.encodeTokens(mine, tokens);
    for (let at = HEAD.tokensBytes; at < bytes.length; at += 1) {
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ 1;
      expect(codec.decodeTokens(mine, flipped)).toBeUndefined();
    }
  });

  it('a record that is cut anywhere', () => {
    const bytes = codec.encodeIdentity(mine, identity);
    for (let length = 0; length < bytes.length; length += 1) {
      expect(codec.decodeIdentity(mine, bytes.subarray(0, length))).toBeUndefined();
    }
  });

  it('a record whose server key left the ring, but one whose key is no longer the first', () => {
    const id = randomToken();
    const reader = (...keys: (typeof first)[]) => {
      const keyRing = new KeyRing(keys);
      return {
        codec: new RecordCodec(keyRing),
        credential: new SessionCredentials(keyRing).of(id),
      };
    };
    const before = reader(first);
    const bytes = before.codec.encodeIdentity(before.credential, identity);
    const rotated = reader(second, first);
    expect(rotated.codec.decodeIdentity(rotated.credential, bytes)).toEqual(identity);
    const removed = reader(second);
    expect(removed.codec.decodeIdentity(removed.credential, bytes)).toBeUndefined();
  });
});
