import { createSecretKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { CompactEncrypt } from 'jose';
import type { PrivateJwk } from '../config/provider-config.types.js';
import { decryptToken, isEncrypted } from './encrypted-token.js';

const SIGNED = 'header.claims.signature';
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const otherRsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const x25519 = generateKeyPairSync('x25519');

function encrypt(key: KeyObject, header: { alg: string; enc?: string }): Promise<string> {
  return new CompactEncrypt(Buffer.from(SIGNED))
    .setProtectedHeader({ enc: 'A256GCM', ...header })
    .encrypt(key);
}

const keysOf = (...pairs: { privateKey: KeyObject }[]): PrivateJwk[] =>
  pairs.map(({ privateKey: key }) => ({ key }));
const notOpened = { code: 'login_rejected', detail: 'id token: no key decrypts it' };

describe('an encrypted token', () => {
  it.each([
    ['a.b.c.d.e', true],
    ['a..c.d.e', true],
    ['a.b.c', false],
    ['a.b.c.d', false],
    ['a.b.c.d.e.f', false],
    ['', false],
  ])('is told from a signed one by its parts: %p is %p', (token, encrypted) => {
    expect(isEncrypted(token)).toBe(encrypted);
  });

  it.each([
    ['RSA-OAEP', rsa],
    ['RSA-OAEP-256', rsa],
    ['RSA-OAEP-384', rsa],
    ['RSA-OAEP-512', rsa],
    ['ECDH-ES', ec],
    ['ECDH-ES+A128KW', ec],
    ['ECDH-ES+A192KW', ec],
    ['ECDH-ES+A256KW', ec],
    ['ECDH-ES', x25519],
  ])('is opened when its key was wrapped by %s', async (alg, pair) => {
    const token = await encrypt(pair.publicKey, { alg });
    await expect(decryptToken(token, keysOf(pair))).resolves.toBe(SIGNED);
  });

  it.each(['A128GCM', 'A192GCM', 'A256GCM', 'A128CBC-HS256', 'A192CBC-HS384', 'A256CBC-HS512'])(
    'is opened when its content is %s',
    async (enc) => {
      const token = await encrypt(rsa.publicKey, { alg: 'RSA-OAEP-256', enc });
      await expect(decryptToken(token, keysOf(rsa))).resolves.toBe(SIGNED);
    },
  );

  it('is opened by whichever of our keys fits: an old one is still good behind a new one', async () => {
    const token = await encrypt(rsa.publicKey, { alg: 'RSA-OAEP-256' });
    await expect(decryptToken(token, keysOf(ec, otherRsa, rsa))).resolves.toBe(SIGNED);
  });

  it('is refused when no key of ours fits', async () => {
    const token = await encrypt(rsa.publicKey, { alg: 'RSA-OAEP-256' });
    await expect(decryptToken(token, keysOf(otherRsa, ec))).rejects.toMatchObject(notOpened);
    await expect(decryptToken(token, [])).rejects.toMatchObject(notOpened);
  });

  it('says nothing of why it is refused (RFC 7516 §11.5)', async () => {
    const token = await encrypt(rsa.publicKey, { alg: 'RSA-OAEP-256' });
    const [header, key, iv, content, tag = ''] = token.split('.');
    const bent = [
      [header, key, iv, content, `${tag.startsWith('A') ? 'B' : 'A'}${tag.slice(1)}`],
      [header, 'AAAA', iv, content, tag],
      ['e30', key, iv, content, tag],
      ['!', '!', '!', '!', '!'],
    ].map((parts) => parts.join('.'));
    const failures = await Promise.all(
      bent.map((one) => decryptToken(one, keysOf(rsa)).catch((error: unknown) => error)),
    );
    for (const failure of failures) {
      expect(failure).toMatchObject(notOpened);
      expect(failure).not.toHaveProperty('cause');
    }
  });

  it('is refused when it is keyed by a shared secret, whatever key that is', async () => {
    const shared = createSecretKey(Buffer.alloc(32, 1));
    const direct = await encrypt(shared, { alg: 'dir' });
    const wrapped = await encrypt(shared, { alg: 'A256KW' });
    for (const token of [direct, wrapped]) {
      await expect(decryptToken(token, [{ key: shared }])).rejects.toMatchObject(notOpened);
      await expect(decryptToken(token, keysOf(rsa))).rejects.toMatchObject(notOpened);
    }
  });

  it('is refused when it says RSA1_5 (RFC 8725 §3.2)', async () => {
    const token = await encrypt(rsa.publicKey, { alg: 'RSA-OAEP' });
    const header = Buffer.from(JSON.stringify({ alg: 'RSA1_5', enc: 'A256GCM' }));
    const relabelled = [header.toString('base64url'), ...token.split('.').slice(1)].join('.');
    await expect(decryptToken(relabelled, keysOf(rsa))).rejects.toMatchObject(notOpened);
  });
});
