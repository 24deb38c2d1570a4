import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { compactDecrypt, CompactEncrypt } from 'jose';
import type { ClientMetadata, Configuration, JWK } from 'oidc-provider';
import { newProviderKey, signWithSecret } from '../support/emulators/provider-key.js';
import { errorCodeOf } from '../support/html-page.js';
import { cookiesSet, jsonOf, type Hop } from '../support/http-exchange.js';
import { logoutClaims, sendLogout } from '../support/logout-tokens.js';
import {
  clientIdOf,
  newSecret,
  openWithClients,
  type ClientCase,
} from '../support/many-clients.js';
import { PATHS, type AnsweredCall } from '../support/op-host.js';
import { readToken, type SigningKey, type TokenClaims } from '../support/signing-key.js';
import type { Stage } from '../support/stage.js';

const LIFE_MS = 300_000;
const HEADER = { typ: 'JWT' };
/** Keys that the provider publishes and signs with, by algorithm; RS256 is the stage's own. */
const KEYS: Readonly<Record<string, SigningKey>> = {
  PS256: newProviderKey('PS256', 'pss'),
  ES256: newProviderKey('ES256', 'ec'),
  EdDSA: newProviderKey('EdDSA', 'ed'),
};
/** The same names and kinds, but of nobody that is published. */
const STRANGERS: Readonly<Record<string, SigningKey>> = {
  RS256: newProviderKey('RS256', 'key-1'),
  PS256: newProviderKey('PS256', 'pss'),
  ES256: newProviderKey('ES256', 'ec'),
  EdDSA: newProviderKey('EdDSA', 'ed'),
};
const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA', 'HS256'];
const macSecret = newSecret();

/** A token as the provider would sign it by another algorithm, with its own published key. */
function signAs(stage: Stage, alg: string, claims: TokenClaims): string {
  if (alg === 'HS256') return signWithSecret(alg, macSecret, claims);
  return (KEYS[alg] ?? stage.op.key).sign(claims, HEADER);
}

const CONFIGURATION: Partial<Configuration> = {
  enabledJWA: {
    idTokenSigningAlgValues: ['RS256', 'PS256', 'ES256', 'EdDSA', 'HS256'],
    idTokenEncryptionAlgValues: ['RSA-OAEP', 'RSA-OAEP-256', 'ECDH-ES', 'ECDH-ES+A128KW'],
    idTokenEncryptionEncValues: ['A256GCM', 'A128CBC-HS256'],
  },
  features: { encryption: { enabled: true } },
};

const answerOf = ({ answer }: AnsweredCall): Record<string, unknown> => jsonOf(answer);
const idTokens = (stage: Stage): string[] =>
  stage.op.callsOf(PATHS.token).map((call) => String(answerOf(call)['id_token']));

async function refresh(stage: Stage, person: Awaited<ReturnType<Stage['member']>>): Promise<Hop> {
  stage.clock.advance(LIFE_MS);
  return stage.call(person);
}

/** A login that must end without a session, and with revocation as the last call. */
async function expectRefused(stage: Stage, provider: string): Promise<void> {
  const person = stage.person();
  const page = await stage.logIn(person, { provider });
  expect([page.status, errorCodeOf(page.body)]).toEqual([400, 'login_rejected']);
  expect(cookiesSet(page)).toEqual([]);
  expect((await stage.session(person)).status).toBe(401);
  expect(stage.op.calls.at(-1)?.path).toBe(PATHS.revoke);
}

/** Logs out here, and follows to the provider with the hint and back. */
async function leave(stage: Stage, person: Awaited<ReturnType<Stage['member']>>): Promise<URL> {
  const location = String(
    jsonOf(await stage.call(person, '/logout', { method: 'POST' }))['location'],
  );
  await person.click(location);
  expect(person.page).toBe(stage.url('/'));
  return new URL(location);
}

describe('signed ID tokens', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openWithClients(
      ALGORITHMS.map((alg): ClientCase => {
        return {
          id: alg.toLowerCase(),
          entry: {
            idTokenAlg: alg,
            clientSecret: alg === 'HS256' ? macSecret : newSecret(),
          },
          registered: { id_token_signed_response_alg: alg } as Partial<ClientMetadata>,
        };
      }),
      { op: { keys: Object.values(KEYS), configuration: CONFIGURATION } },
    );
  });
  beforeEach(() => {
    stage.clock.offset = 0;
    stage.op.behave();
  });
  afterAll(() => stage.close());

  it.each(ALGORITHMS)(
    '%s: login, session, refresh and logout with the hint (A-08)',
    async (alg) => {
      const person = await stage.member({ provider: alg.toLowerCase() });
      expect((await refresh(stage, person)).status).toBe(200);
      for (const token of idTokens(stage).slice(-2))
        expect(readToken(token).header['alg']).toBe(alg);
      const hint = (await leave(stage, person)).searchParams.get('id_token_hint');
      expect(hint).toBe(idTokens(stage).at(-1));
      expect((await stage.startLogin(person, { provider: alg.toLowerCase() })).url).toContain(
        '/interaction/',
      );
    },
  );

  const pairs = ALGORITHMS.flatMap((wanted) =>
    ALGORITHMS.filter((other) => other !== wanted).map((other) => [wanted, other] as const),
  );

  it.each(pairs)(
    'where %s is configured, %s by a key that the provider publishes is refused (C-19, F-07, D-04, P-47)',
    async (wanted, other) => {
      stage.op.forgeIdToken(({ claims }) => signAs(stage, other, claims));
      await expectRefused(stage, wanted.toLowerCase());
    },
  );

  it.each(Object.keys(STRANGERS))(
    '%s by a key that only has the name of a published one is refused (A-32)',
    async (alg) => {
      stage.op.forgeIdToken(({ claims }) => STRANGERS[alg]!.sign(claims, HEADER));
      await expectRefused(stage, alg.toLowerCase());
    },
  );

  it.each<[string, () => string]>([
    ['another secret', newSecret],
    ['the published RSA key', () => pem(stage.op.key.publicKey)],
    ['the published curve key', () => pem(KEYS['ES256']!.publicKey)],
    ['the client id', () => clientIdOf('hs256')],
    ['nothing', () => ''],
  ])('HS256 under %s is refused (A-33)', async (_what, secret) => {
    stage.op.forgeIdToken(({ claims }) => signWithSecret('HS256', secret(), claims));
    await expectRefused(stage, 'hs256');
  });

  it('HS256 for several audiences is refused: another would have to know our secret', async () => {
    stage.op.forgeIdToken(({ claims }) =>
      signAs(stage, 'HS256', {
        ...claims,
        aud: [clientIdOf('hs256'), 'other'],
        azp: clientIdOf('hs256'),
      }),
    );
    await expectRefused(stage, 'hs256');
  });

  it('HS256 asks nobody for keys', async () => {
    const before = stage.op.callsOf(PATHS.keys).length;
    await stage.member({ provider: 'hs256' });
    stage.op.forgeIdToken(({ claims }) => signWithSecret('HS256', newSecret(), claims));
    await expectRefused(stage, 'hs256');
    expect(stage.op.callsOf(PATHS.keys)).toHaveLength(before);
  });

  it.each(ALGORITHMS)('%s: a refresh with another algorithm ends the session', async (alg) => {
    const person = await stage.member({ provider: alg.toLowerCase() });
    const other = alg === 'RS256' ? 'ES256' : 'RS256';
    stage.op.forgeIdToken(({ claims }) => signAs(stage, other, claims));
    expect((await refresh(stage, person)).status).toBe(401);
    expect((await stage.session(person)).status).toBe(401);
  });

  it.each(ALGORITHMS)(
    '%s: a logout token of this algorithm ends the session, of another none (F-29)',
    async (alg) => {
      const person = await stage.member({ provider: alg.toLowerCase() });
      const claims = logoutClaims(stage, { sub: 'alice', aud: clientIdOf(alg.toLowerCase()) });
      for (const other of ALGORITHMS.filter((one) => one !== alg)) {
        const refused = await sendLogout(stage, signAs(stage, other, claims));
        expect([refused.status, jsonOf(refused)['code']]).toEqual([400, 'logout_token_rejected']);
      }
      expect((await stage.session(person)).status).toBe(200);
      expect((await sendLogout(stage, signAs(stage, alg, claims))).status).toBe(200);
      expect((await stage.session(person)).status).toBe(401);
    },
  );
});

describe('encrypted ID tokens', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });

  const encrypting = (key: KeyObject, alg: string, enc: string): Partial<ClientMetadata> =>
    ({
      id_token_signed_response_alg: 'RS256',
      id_token_encrypted_response_alg: alg,
      id_token_encrypted_response_enc: enc,
      jwks: { keys: [{ ...createPublicKey(key).export({ format: 'jwk' }), use: 'enc', kid: alg }] },
    }) as Partial<ClientMetadata>;
  const decrypting = (...keys: KeyObject[]) => ({
    clientSecret: newSecret(),
    decryptionKey: JSON.stringify({
      keys: keys.map((key) => key.export({ format: 'jwk' }) as JWK),
    }),
  });

  const CASES = [
    { id: 'rsa', alg: 'RSA-OAEP-256', enc: 'A256GCM', key: rsa.privateKey },
    { id: 'ec', alg: 'ECDH-ES+A128KW', enc: 'A128CBC-HS256', key: ec.privateKey },
  ] as const;

  let stage: Stage;
  beforeAll(async () => {
    const [first, second] = CASES;
    stage = await openWithClients(
      [
        {
          id: first.id,
          entry: decrypting(rsa.privateKey),
          registered: encrypting(rsa.privateKey, first.alg, first.enc),
        },
        // An old key behind a new one still opens what is encrypted to it.
        {
          id: second.id,
          entry: decrypting(rsa.privateKey, ec.privateKey),
          registered: encrypting(ec.privateKey, second.alg, second.enc),
        },
        { id: 'signed', entry: { clientSecret: newSecret() } },
      ],
      // Opaque access tokens: the scan for secrets would take their claims for those of the hint.
      { op: { accessTokens: 'opaque', configuration: CONFIGURATION } },
    );
  });
  beforeEach(() => {
    stage.clock.offset = 0;
    stage.op.behave();
  });
  afterAll(() => stage.close());

  const open = async (token: string, key: KeyObject): Promise<string> =>
    Buffer.from((await compactDecrypt(token, key)).plaintext).toString('utf8');
  const seal = (signed: string, key: KeyObject = rsa.publicKey): Promise<string> =>
    new CompactEncrypt(Buffer.from(signed))
      .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM' })
      .encrypt(key);
  /** What comes instead of the encrypted token, made of what is inside it. */
  const forge = (make: (signed: string) => string | Promise<string>): void =>
    stage.op.rewriteJson(PATHS.token, async ({ id_token: idToken, ...body }) => ({
      ...body,
      id_token: await make(await open(String(idToken), rsa.privateKey)),
    }));

  it.each(CASES)(
    '$alg with $enc over RS256: login, session, refresh and logout with the hint',
    async ({ id, alg, enc, key }) => {
      const person = await stage.member({ provider: id });
      expect(await stage.view(person)).toMatchObject({ user: { sub: 'alice' } });
      expect((await refresh(stage, person)).status).toBe(200);
      const tokens = idTokens(stage).slice(-2);
      for (const token of tokens) {
        expect(token.split('.')).toHaveLength(5);
        const [header = ''] = token.split('.');
        expect(JSON.parse(Buffer.from(header, 'base64url').toString('utf8'))).toMatchObject({
          alg,
          enc,
        });
      }
      // The provider can read its own token, not what it encrypted to us (OIDC Core §3.1.2.1).
      const hint = (await leave(stage, person)).searchParams.get('id_token_hint');
      expect(hint).toBe(await open(tokens[1] ?? '', key));
      expect((await stage.startLogin(person, { provider: id })).url).toContain('/interaction/');
    },
  );

  it('one that is not encrypted is refused where a key is configured (F-01)', async () => {
    forge((signed) => signed);
    await expectRefused(stage, 'rsa');
    expect(stage.bff.logged('request.refused').at(-1)).toMatchObject({
      detail: 'id token: not encrypted',
    });
  });

  it('an encrypted one is refused where no key is configured', async () => {
    stage.op.forgeIdToken(({ token }) => seal(token));
    await expectRefused(stage, 'signed');
  });

  it.each<[string, (signed: string) => string | Promise<string>]>([
    ['encrypted to another key', (signed) => seal(signed, stranger.publicKey)],
    ['encrypted, and signed by nobody', (signed) => seal(unsign(signed))],
    [
      'encrypted, and signed by a stranger',
      (signed) => seal(STRANGERS['RS256']!.sign(readToken(signed).claims)),
    ],
    [
      'encrypted, and signed with another algorithm',
      (signed) => seal(signWithSecret('HS256', macSecret, readToken(signed).claims)),
    ],
    ['encrypted twice', async (signed) => seal(await seal(signed))],
    ['encrypted, and claims only', (signed) => seal(JSON.stringify(readToken(signed).claims))],
    ['of five parts that are nothing', () => 'a.b.c.d.e'],
    [
      'encrypted for another login',
      (signed) => seal(stage.op.key.sign({ ...readToken(signed).claims, nonce: 'x'.repeat(43) })),
    ],
  ])('one that is %s is refused', async (_what, make) => {
    forge(make);
    await expectRefused(stage, 'rsa');
  });

  it('a changed one is refused', async () => {
    stage.op.rewriteJson(PATHS.token, (body) => {
      const parts = String(body['id_token']).split('.');
      const content = parts[3] ?? '';
      parts[3] = `${content.startsWith('A') ? 'B' : 'A'}${content.slice(1)}`;
      return { ...body, id_token: parts.join('.') };
    });
    await expectRefused(stage, 'rsa');
  });

  it('a refresh with one that is not encrypted ends the session', async () => {
    const person = await stage.member({ provider: 'rsa' });
    forge((signed) => signed);
    expect((await refresh(stage, person)).status).toBe(401);
    expect((await stage.session(person)).status).toBe(401);
  });

  describe('and logout tokens', () => {
    const token = (more: TokenClaims = {}): string =>
      stage.op.key.sign(logoutClaims(stage, { sub: 'alice', aud: clientIdOf('rsa'), ...more }), {
        typ: 'logout+jwt',
      });

    it('are encrypted like them, and end the session (F-28)', async () => {
      const person = await stage.member({ provider: 'rsa' });
      expect((await sendLogout(stage, await seal(token()))).status).toBe(200);
      expect((await stage.session(person)).status).toBe(401);
    });

    it('of the provider itself arrive, when a person logs out there', async () => {
      const backchannel = {
        backchannel_logout_uri: stage.url('/backchannel-logout'),
        backchannel_logout_session_required: true,
      };
      stage.op.register({
        clientId: clientIdOf('ec'),
        clientSecret: stage.bff.config.providers[1]!.credentials.secret!,
        publicUrl: stage.bff.url(''),
        more: {
          redirect_uris: [stage.url('/callback/ec')],
          ...encrypting(ec.privateKey, CASES[1].alg, CASES[1].enc),
          ...backchannel,
        },
      });
      const person = await stage.member({ provider: 'ec' });
      const page = await person.visit(`${stage.op.issuer}${PATHS.endSession}`);
      await person.submit({ logout: 'yes' }, page);
      expect(await stage.view(person)).toMatchObject({ reason: 'backchannel' });
    });

    it.each<[string, () => string | Promise<string>]>([
      ['for another key', () => seal(token(), stranger.publicKey)],
      ['of a stranger', () => seal(STRANGERS['RS256']!.sign(logoutClaims(stage)))],
      ['for another client', () => seal(token({ aud: 'another' }))],
    ])('end nothing: one %s', async (_what, make) => {
      const person = await stage.member({ provider: 'rsa' });
      const refused = await sendLogout(stage, await make());
      expect([refused.status, jsonOf(refused)['code']]).toEqual([400, 'logout_token_rejected']);
      expect((await stage.session(person)).status).toBe(200);
    });
  });
});

function pem(key: KeyObject): string {
  return key.export({ format: 'pem', type: 'spki' }).toString();
}

function unsign(signed: string): string {
  const [, claims = ''] = signed.split('.');
  return `${Buffer.from('{"alg":"none"}').toString('base64url')}.${claims}.`;
}
