import { createSecretKey, randomBytes } from 'node:crypto';
import { KeyRing, type ServerKey } from './key-ring.js';
import { open, openWith, seal, sealWith } from './sealed-box.js';

const serverKey = (kid: string): ServerKey => ({ kid, secret: randomBytes(32) });
const INFO = ['session', 'context'];
const AAD = 'key:identity:1';

describe('a sealed box', () => {
  const [fresh, old] = [serverKey('k2'), serverKey('k1')];
  const ring = new KeyRing([fresh, old]);

  it.each([
    ['text', 'grüße 🗝'],
    ['bytes', randomBytes(3_000)],
    ['nothing', ''],
  ])('gives back what was put in (%s)', (_what, content) => {
    const box = sealWith(ring, INFO, AAD, content);
    expect(openWith(ring, INFO, AAD, box)).toEqual(Buffer.from(content));
  });

  it('never looks the same and shows nothing of its content', () => {
    const boxes = [1, 2].map(() => sealWith(ring, INFO, AAD, 'a secret to be kept'));
    expect(boxes[0]).not.toEqual(boxes[1]);
    expect(boxes[0]!.includes('secret')).toBe(false);
  });

  it('does not open when any one bit is flipped', () => {
    const box = sealWith(ring, INFO, AAD, 'some content');
    for (let bit = 0; bit < box.length * 8; bit += 1) {
      const forged = Buffer.from(box);
      forged[bit >> 3]! ^= 1 << (bit & 7);
      expect(openWith(ring, INFO, AAD, forged)).toBeUndefined();
    }
    expect(openWith(ring, INFO, AAD, box)?.toString()).toBe('some content');
  });

  it('does not open when it is cut or lengthened', () => {
    const box = sealWith(ring, INFO, AAD, 'some content');
    for (let length = 0; length < box.length; length += 1) {
      expect(openWith(ring, INFO, AAD, box.subarray(0, length))).toBeUndefined();
    }
    expect(openWith(ring, INFO, AAD, Buffer.concat([box, Buffer.of(0)]))).toBeUndefined();
  });

  it('does not open for garbage of any length', () => {
    for (let length = 0; length < 100; length += 1) {
      expect(openWith(ring, INFO, AAD, randomBytes(length))).toBeUndefined();
    }
  });

  it('does not open at another place, for another purpose or in another context', () => {
    const box = sealWith(ring, INFO, AAD, 'content');
    expect(openWith(ring, INFO, 'other:identity:1', box)).toBeUndefined();
    expect(openWith(ring, INFO, 'key:tokens:1', box)).toBeUndefined();
    expect(openWith(ring, INFO, '', box)).toBeUndefined();
    expect(openWith(ring, ['session', 'other'], AAD, box)).toBeUndefined();
    expect(openWith(ring, ['session'], AAD, box)).toBeUndefined();
  });

  it('opens after a rotation as long as its key is in the ring', () => {
    const box = sealWith(new KeyRing([old]), INFO, AAD, 'content');
    expect(openWith(ring, INFO, AAD, box)?.toString()).toBe('content');
    expect(openWith(new KeyRing([fresh]), INFO, AAD, box)).toBeUndefined();
  });

  it('is sealed by the first key of the ring', () => {
    const box = sealWith(ring, INFO, AAD, 'content');
    expect(openWith(new KeyRing([fresh]), INFO, AAD, box)?.toString()).toBe('content');
    expect(openWith(new KeyRing([old]), INFO, AAD, box)).toBeUndefined();
  });

  it('does not open with another key of the same kid', () => {
    const box = sealWith(ring, INFO, AAD, 'content');
    expect(openWith(new KeyRing([serverKey('k2')]), INFO, AAD, box)).toBeUndefined();
  });

  it('asks for the key of exactly the kid that sealed it', () => {
    const key = createSecretKey(randomBytes(32));
    const box = seal('a-kid_32', key, AAD, 'content');
    const asked: string[] = [];
    const opened = open(
      (kid) => {
        asked.push(kid);
        return key;
      },
      AAD,
      box,
    );
    expect(opened?.toString()).toBe('content');
    expect(asked).toEqual(['a-kid_32']);
  });
});
