import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { privateKeys, signatureAlgorithmsOf } from './private-keys.js';
import { readValue } from './value-type.js';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = (namedCurve: string): KeyObject => generateKeyPairSync('ec', { namedCurve }).privateKey;
const ed25519 = generateKeyPairSync('ed25519');

const pemOf = (key: KeyObject, type: 'pkcs1' | 'pkcs8' | 'sec1' = 'pkcs8'): string =>
  String(key.export({ type, format: 'pem' }));
const jwkOf = (key: KeyObject, more: object = {}): object => ({
  ...key.export({ format: 'jwk' }),
  ...more,
});

function keysIn(text: string): { kid?: string; alg?: string; algorithms: readonly string[] }[] {
  const judged = readValue(privateKeys, text);
  if (judged.kind === 'refused') throw new Error(judged.fault);
  return judged.value.map((one) => ({
    ...(one.kid !== undefined && { kid: one.kid }),
    ...(one.alg !== undefined && { alg: one.alg }),
    algorithms: signatureAlgorithmsOf(one),
  }));
}

describe('private keys', () => {
  it.each([
    ['RSA', pemOf(rsa.privateKey), 'RS256'],
    ['RSA in PKCS#1', pemOf(rsa.privateKey, 'pkcs1'), 'RS256'],
    ['P-256', pemOf(ec('prime256v1')), 'ES256'],
    ['P-256 in SEC1', pemOf(ec('prime256v1'), 'sec1'), 'ES256'],
    ['P-384', pemOf(ec('secp384r1')), 'ES384'],
    ['P-521', pemOf(ec('secp521r1')), 'ES512'],
    ['Ed25519', pemOf(ed25519.privateKey), 'EdDSA'],
  ])('are read from PEM: %s', (_kind, pem, algorithm) => {
    expect(keysIn(pem).map(({ algorithms }) => algorithms[0])).toEqual([algorithm]);
  });

  it('may agree on keys without signing', () => {
    const { privateKey } = generateKeyPairSync('x25519');
    expect(keysIn(pemOf(privateKey))).toEqual([{ algorithms: [] }]);
  });

  it('may be several, in the order of the file, whatever stands between them', () => {
    const text = `# new\n${pemOf(ed25519.privateKey)}\n# old\n${pemOf(ec('prime256v1'), 'sec1')}`;
    expect(keysIn(text).map(({ algorithms }) => algorithms[0])).toEqual(['EdDSA', 'ES256']);
  });

  it('are read from a JWK and a JWK Set, with what they say of themselves', () => {
    const one = jwkOf(rsa.privateKey, { kid: 'k1', alg: 'PS256', use: 'sig' });
    expect(keysIn(JSON.stringify(one))).toMatchObject([{ kid: 'k1', alg: 'PS256' }]);
    const set = { keys: [one, jwkOf(ed25519.privateKey)] };
    expect(keysIn(`\n${JSON.stringify(set, null, 2)}\n`)).toMatchObject([
      { kid: 'k1' },
      { algorithms: ['EdDSA'] },
    ]);
  });

  const broken = pemOf(rsa.privateKey).replace(/\n[^\n]{64}\n/, '\n');
  const withPassphrase = String(
    rsa.privateKey.export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: 'hunter2',
    }),
  );
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;

  it.each([
    ['a public key', String(rsa.publicKey.export({ type: 'spki', format: 'pem' })), 'no private'],
    ['a public JWK', JSON.stringify(jwkOf(rsa.publicKey)), 'no private'],
    ['a set with a public JWK', JSON.stringify({ keys: [jwkOf(rsa.publicKey)] }), 'no private'],
    ['an empty set', '{"keys":[]}', 'no private'],
    ['a secret as a JWK', '{"kty":"oct","k":"aHVudGVyMg"}', 'no private'],
    ['a JWK with parts missing', '{"kty":"EC","crv":"P-256","d":"AAAA"}', 'no private'],
    ['broken JSON', '{"kty":', 'no private'],
    ['a broken PEM', broken, 'no private'],
    ['a PEM cut off', pemOf(rsa.privateKey).slice(0, 400), 'no private'],
    ['something else', 'hunter2', 'no private'],
    ['a key behind a passphrase', withPassphrase, 'behind a passphrase'],
    ['a short key', pemOf(short), 'shorter than 2048 bits'],
    ['a short key behind a long one', pemOf(rsa.privateKey) + pemOf(short), 'shorter than 2048'],
    ['a curve that JOSE has not', pemOf(ec('secp224r1')), 'of a kind that is not taken'],
    [
      'a key for DSA',
      pemOf(generateKeyPairSync('dsa', { modulusLength: 2048, divisorLength: 256 }).privateKey),
      'of a kind that is not taken',
    ],
  ])('are not %s', (_what, text, fault) => {
    const judged = readValue(privateKeys, text);
    expect(judged).toMatchObject({ kind: 'refused', fault: expect.stringContaining(fault) });
    // No line of the key, nor any word of it, is told.
    const words = text.split(/[\s",:{}]+/).filter((word) => word.length > 6);
    expect(words.filter((word) => JSON.stringify(judged).includes(word))).toEqual([]);
  });

  it('are secret', () => {
    expect(privateKeys.secret).toBe(true);
  });
});
