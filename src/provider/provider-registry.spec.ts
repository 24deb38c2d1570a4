import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { CompactEncrypt } from 'jose';
import { FixedClock } from '../../test/support/fixed-clock.js';
import { providerAt } from '../../test/support/provider-config.js';
import { RecordedEvents } from '../../test/support/recorded-events.js';
import { unsignedToken } from '../../test/support/signing-key.js';
import { ProviderRegistry } from './provider-registry.js';

const A = 'https://a.example';
const B = 'https://b.example';
const C = 'https://c.example';
const first = generateKeyPairSync('rsa', { modulusLength: 2048 });
const second = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });
const registry = new ProviderRegistry(
  [
    providerAt(A, { id: 'one', clientId: 'app-1' }),
    providerAt(A, {
      id: 'two',
      clientId: 'app-2',
      decryptionKeys: [{ key: first.privateKey }],
    }),
    providerAt(B, {
      id: 'three',
      clientId: 'app-1',
      decryptionKeys: [{ key: second.privateKey }],
    }),
    providerAt(C, { id: 'four', clientId: 'app-1', tokenIssuers: [C, 'c.example'] }),
  ],
  new FixedClock(),
  new RecordedEvents(),
);

const chosen = async (claims: Record<string, unknown>): Promise<string | undefined> =>
  (await registry.issuing(unsignedToken(claims)))?.config.id;

describe('the provider that is to verify a token', () => {
  it('is the one that the token names', async () => {
    expect(await chosen({ iss: B, aud: 'app-1' })).toBe('three');
  });

  it('is, of several clients of one issuer, the one that the token is for', async () => {
    expect(await chosen({ iss: A, aud: 'app-1' })).toBe('one');
    expect(await chosen({ iss: A, aud: 'app-2' })).toBe('two');
    expect(await chosen({ iss: A, aud: ['x', 'app-2'] })).toBe('two');
  });

  it('is the one whose tokens call it otherwise than its metadata do', async () => {
    expect(await chosen({ iss: 'c.example', aud: 'app-1' })).toBe('four');
    expect(await chosen({ iss: C, aud: 'app-1' })).toBe('four');
  });

  it('is one of that issuer when the token is for nobody here: it refuses', async () => {
    expect(await chosen({ iss: A, aud: 'app-3' })).toBe('one');
  });

  it.each([[`${A}/`], ['https://A.example'], [''], [undefined], [7], [[A]]])(
    'is nobody when the token says %s',
    async (iss) => {
      expect(await chosen({ iss, aud: 'app-1' })).toBeUndefined();
    },
  );

  const encrypted = (claims: object, key: KeyObject, alg: string): Promise<string> =>
    new CompactEncrypt(Buffer.from(unsignedToken({ ...claims })))
      .setProtectedHeader({ alg, enc: 'A128GCM' })
      .encrypt(key);

  it('is found by what an encrypted token says inside', async () => {
    const forTwo = await encrypted({ iss: A, aud: 'app-2' }, first.publicKey, 'RSA-OAEP-256');
    expect((await registry.issuing(forTwo))?.config.id).toBe('two');
    const forThree = await encrypted({ iss: B, aud: 'app-1' }, second.publicKey, 'ECDH-ES');
    expect((await registry.issuing(forThree))?.config.id).toBe('three');
  });

  it('is nobody when no key opens an encrypted token', async () => {
    const foreign = await encrypted({ iss: A, aud: 'app-2' }, stranger.publicKey, 'RSA-OAEP');
    expect(await registry.issuing(foreign)).toBeUndefined();
    expect(await registry.issuing('a.b.c.d.e')).toBeUndefined();
  });

  it('is nobody for what is no token', async () => {
    expect(await registry.issuing('')).toBeUndefined();
    expect(await registry.issuing('a.b.c')).toBeUndefined();
  });
});

describe('a provider by id', () => {
  it('is found, or is not there', () => {
    expect(registry.find('two')?.config.clientId).toBe('app-2');
    expect(registry.find('five')).toBeUndefined();
    expect(registry.named('one').config.id).toBe('one');
    expect(() => registry.named('five')).toThrow(
      expect.objectContaining({ code: 'unknown_provider' }),
    );
  });
});
