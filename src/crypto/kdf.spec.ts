import { createDecipheriv, createHmac, createSecretKey, hkdfSync, randomBytes } from 'node:crypto';
import { expand, expandKey, sha256 } from './kdf.js';
import { seal } from './sealed-box.js';

describe('expanding a key', () => {
  const input = Buffer.from('0b'.repeat(22), 'hex');
  const salt = Buffer.from('000102030405060708090a0b0c', 'hex');
  /** HKDF-Extract (RFC 5869 §2.2), which our keys do not need. */
  const prk = createHmac('sha256', salt).update(input).digest();

  it('is HKDF-Expand: with an extracted key it equals the HKDF of Node', () => {
    const expected = Buffer.from(hkdfSync('sha256', input, salt, '7:purpose', 32));
    expect(expand(prk, 'purpose')).toEqual(expected);
    expect(expand(createSecretKey(prk), 'purpose')).toEqual(expected);
  });

  it('keeps the parts of the info apart (ATK-40)', () => {
    const infos = [['ab', 'c'], ['a', 'bc'], ['abc'], ['abc', ''], ['', 'abc'], ['1:a'], ['a'], []];
    const keys = infos.map((info) => expand(prk, ...info).toString('hex'));
    expect(new Set(keys).size).toBe(infos.length);
  });

  it('gives other keys for other secrets', () => {
    expect(expand(randomBytes(32), 'purpose')).not.toEqual(expand(randomBytes(32), 'purpose'));
  });

  it('gives the same bytes as a key that ciphers take', () => {
    const bytes = expand(prk, 'purpose');
    expect(expandKey(prk, 'purpose').export()).toEqual(bytes);
    const box = seal('k', expandKey(prk, 'purpose'), 'place', 'text');
    const decipher = createDecipheriv('aes-256-gcm', bytes, box.subarray(2, 14));
    decipher.setAAD(Buffer.from('place')).setAuthTag(box.subarray(-16));
    const opened = Buffer.concat([decipher.update(box.subarray(14, -16)), decipher.final()]);
    expect(opened.toString()).toBe('text');
  });
});

describe('a SHA-256', () => {
  it('is 43 characters of base64url (FIPS 180-4, "abc")', () => {
    expect(sha256('abc')).toBe('ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0');
  });
});
