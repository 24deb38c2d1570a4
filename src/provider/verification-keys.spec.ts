import { generateKeyPairSync } from 'node:crypto';
import { jwtVerify } from 'jose';
import { newProviderKey } from '../../test/support/emulators/provider-key.js';
import { FixedClock } from '../../test/support/fixed-clock.js';
import { JsonServer } from '../../test/support/json-server.js';
import { providerConfig } from '../../test/support/provider-config.js';
import { RecordedEvents } from '../../test/support/recorded-events.js';
import {
  hmacToken,
  newSigningKey,
  publicKeys,
  type SigningKey,
} from '../../test/support/signing-key.js';
import type { ProviderConfig } from '../config/provider-config.types.js';
import { createProviderFetch } from './provider-fetch.js';
import { ProviderKeys } from './provider-keys.js';
import { verifyWithKeys } from './verification-keys.js';

const signer = newSigningKey('a');
const sameName = newSigningKey('a');
const others = [newSigningKey('b'), newSigningKey('c')] as const;
const nameless = ({ publicJwk: { kid: _kid, ...rest } }: SigningKey): object => rest;
let server: JsonServer;

beforeAll(async () => {
  server = await JsonServer.start();
});
afterAll(() => server.stop());
beforeEach(() => {
  server.asked.length = 0;
});

function verify(token: string, more: Partial<ProviderConfig> = {}): Promise<unknown> {
  const config = providerConfig(more);
  const log = new RecordedEvents();
  const keys = new ProviderKeys(config, createProviderFetch({}), new FixedClock(), log);
  const metadata = { issuer: server.origin, jwks_uri: `${server.origin}/jwks` };
  return verifyWithKeys(config, metadata, keys, async (resolve) => {
    const { payload } = await jwtVerify(token, resolve, { algorithms: [config.idTokenAlg] });
    return payload.sub;
  });
}

const publish = (...keys: object[]): void => server.answerJson({ keys });
const token = (header: Readonly<Record<string, unknown>> = {}, by = signer): string =>
  by.sign({ sub: 'user' }, header);
const unverified = { code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' };

/** What may lie beside the right key under the same name, and must not be taken for it. */
function decoys(): readonly (readonly [string, object])[] {
  const ec = newProviderKey('ES256', 'a').publicJwk;
  const ed = newProviderKey('EdDSA', 'a').publicJwk;
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey;
  const { alg: _alg, ...anyAlg } = sameName.publicJwk;
  return [
    ['another RSA key', sameName.publicJwk],
    ['an RSA key for any algorithm', anyAlg],
    ['an RSA key for another algorithm', { ...sameName.publicJwk, alg: 'PS256' }],
    ['an RSA key for encryption', { ...sameName.publicJwk, use: 'enc', alg: 'RSA-OAEP' }],
    ['an RSA key that is too short', { ...short.export({ format: 'jwk' }), kid: 'a' }],
    ['an RSA key without its modulus', { kty: 'RSA', kid: 'a', alg: 'RS256', e: 'AQAB' }],
    ['a key of a curve', ec],
    ['an Edwards key', ed],
    ['a shared secret', { kty: 'oct', kid: 'a', k: 'c2VjcmV0' }],
    ['a key of a kind that nobody knows', { kty: 'XYZ', kid: 'a' }],
  ];
}

describe('a key set with decoys (C-20)', () => {
  const ALL = decoys();

  it.each(ALL)('is read past %s under the same kid, in either order', async (_what, decoy) => {
    for (const keys of [
      [decoy, signer.publicJwk],
      [signer.publicJwk, decoy],
    ]) {
      publish(...keys);
      await expect(verify(token())).resolves.toBe('user');
      expect(server.asked.splice(0)).toHaveLength(1);
    }
  });

  it('is read past all of them at once', async () => {
    const all = ALL.map(([, decoy]) => decoy);
    publish(...all, signer.publicJwk, ...all);
    await expect(verify(token())).resolves.toBe('user');
  });

  it.each(ALL)('does not verify by %s alone', async (_what, decoy) => {
    publish(decoy);
    await expect(verify(token())).rejects.toMatchObject({
      code: expect.stringMatching(/^ERR_JW(?:KS_NO_MATCHING_KEY|S_SIGNATURE_VERIFICATION_FAILED)$/),
    });
  });
});

describe('a token without kid', () => {
  it('is verified by the one key that fits (A-06)', async () => {
    publish(signer.publicJwk);
    await expect(verify(token({ kid: undefined }))).resolves.toBe('user');
  });

  it.each([0, 1, 2])(
    'is verified by the one of three that made it, at place %d (A-07)',
    async (at) => {
      const keys: SigningKey[] = [...others];
      keys.splice(at, 0, signer);
      publish(...publicKeys(keys).keys);
      await expect(verify(token({ kid: undefined }))).resolves.toBe('user');
    },
  );

  it('is verified by keys that have no name either', async () => {
    publish(...[...others, signer].map(nameless));
    await expect(verify(token({ kid: undefined }))).resolves.toBe('user');
  });

  it('is refused when none of several made it', async () => {
    publish(...publicKeys(others).keys);
    await expect(verify(token({ kid: undefined }))).rejects.toMatchObject(unverified);
    expect(server.asked).toHaveLength(1);
  });

  it('is not tried on with other keys because of a wrong claim', async () => {
    publish(...publicKeys([signer, ...others]).keys);
    const config = providerConfig();
    const keys = new ProviderKeys(
      config,
      createProviderFetch({}),
      new FixedClock(),
      new RecordedEvents(),
    );
    const metadata = { issuer: server.origin, jwks_uri: `${server.origin}/jwks` };
    let tries = 0;
    const verifying = verifyWithKeys(config, metadata, keys, async (resolve) => {
      const { payload } = await jwtVerify(token({ kid: undefined }), resolve);
      tries += 1;
      throw new Error(`nonce of ${payload.sub ?? ''}`);
    });
    await expect(verifying).rejects.toThrow('nonce of user');
    expect([tries, server.asked.length]).toEqual([1, 1]);
  });
});

describe('a MAC by the client secret (OIDC Core §10.1)', () => {
  const secret = 'a-client-secret-ö';
  const given: Partial<ProviderConfig> = {
    idTokenAlg: 'HS256',
    credentials: { ...providerConfig().credentials, secret },
  };

  it.each([[undefined], ['a'], ['no-such-key']])(
    'is verified without asking for keys, whatever kid it names (%s)',
    async (kid) => {
      await expect(verify(hmacToken({ sub: 'user' }, secret, kid), given)).resolves.toBe('user');
      expect(server.asked).toEqual([]);
    },
  );

  it.each<[string, () => string]>([
    ['another secret', () => 'another'],
    ['nothing', () => ''],
    ['the published key', () => JSON.stringify(signer.publicJwk)],
    [
      'the published key in PEM (RFC 8725 §2.1)',
      () => signer.publicKey.export({ format: 'pem', type: 'spki' }).toString(),
    ],
    ['the modulus', () => String(signer.publicJwk.n)],
  ])('is refused when it was made with %s (A-33)', async (_what, wrong) => {
    publish(signer.publicJwk);
    await expect(verify(hmacToken({ sub: 'user' }, wrong(), 'a'), given)).rejects.toMatchObject(
      unverified,
    );
    expect(server.asked).toEqual([]);
  });

  it('does not make a signature by a published key good', async () => {
    publish(signer.publicJwk);
    await expect(verify(token(), given)).rejects.toMatchObject({
      code: 'ERR_JOSE_ALG_NOT_ALLOWED',
    });
  });

  it('is no good where a signature is configured', async () => {
    publish(signer.publicJwk);
    await expect(
      verify(hmacToken({ sub: 'user' }, secret, 'a'), { credentials: given.credentials! }),
    ).rejects.toMatchObject({ code: 'ERR_JOSE_ALG_NOT_ALLOWED' });
  });

  it('is not verified by a shared secret that the provider publishes', async () => {
    const k = Buffer.from('published').toString('base64url');
    publish({ kty: 'oct', kid: 'a', alg: 'HS256', k });
    await expect(verify(hmacToken({ sub: 'user' }, 'published', 'a'), given)).rejects.toMatchObject(
      unverified,
    );
  });
});

it('says so when the provider names no place for its keys', async () => {
  const config = providerConfig();
  const keys = new ProviderKeys(
    config,
    createProviderFetch({}),
    new FixedClock(),
    new RecordedEvents(),
  );
  await expect(
    verifyWithKeys(config, { issuer: server.origin }, keys, () => Promise.resolve('verified')),
  ).rejects.toMatchObject({ code: 'provider_misconfigured' });
});
