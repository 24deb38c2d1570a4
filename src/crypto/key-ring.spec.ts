import { randomBytes } from 'node:crypto';
import { KeyRing, type ServerKey } from './key-ring.js';

const serverKey = (kid: string): ServerKey => ({ kid, secret: randomBytes(32) });

describe('a ring of server keys', () => {
  const [fresh, old] = [serverKey('fresh'), serverKey('old')];
  const ring = new KeyRing([fresh, old]);

  it('needs at least one key', () => {
    expect(() => new KeyRing([])).toThrow(RangeError);
  });

  it('seals with the first and knows them all', () => {
    expect(ring.sealingKid).toBe('fresh');
    expect(ring.kids).toEqual(['fresh', 'old']);
  });

  it('derives the same key for the same purpose and context, whatever the order of the ring', () => {
    const turned = new KeyRing([old, fresh]);
    expect(turned.derive('old', 'session', 'id')?.export()).toEqual(
      ring.derive('old', 'session', 'id')?.export(),
    );
  });

  it('derives other keys for other purposes, contexts and kids', () => {
    const keys = [
      ring.derive('fresh', 'session', 'a'),
      ring.derive('fresh', 'session', 'b'),
      ring.derive('fresh', 'device', 'a'),
      ring.derive('old', 'session', 'a'),
    ].map((key) => key?.export().toString('hex'));
    expect(new Set(keys).size).toBe(4);
  });

  it('derives nothing for a kid that is not in it', () => {
    expect(ring.derive('gone', 'session')).toBeUndefined();
    expect(ring.derive('', 'session')).toBeUndefined();
  });

  it('derives text secrets, that of the sealing key first', () => {
    const secrets = ring.deriveSecrets('cookie');
    expect(secrets).toHaveLength(2);
    expect(secrets[0]).toBe(new KeyRing([fresh]).deriveSecrets('cookie')[0]);
    expect(secrets[1]).toBe(new KeyRing([old]).deriveSecrets('cookie')[0]);
    expect(ring.deriveSecrets('other')).not.toEqual(secrets);
  });

  it('shows none of its secrets in what it derives', () => {
    const derived = ring.deriveSecrets('cookie').map((text) => Buffer.from(text, 'base64url'));
    for (const { secret } of [fresh, old]) {
      for (const one of derived) expect(one.equals(secret)).toBe(false);
    }
  });
});
