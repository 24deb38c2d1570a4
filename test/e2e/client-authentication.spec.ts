import { generateKeyPairSync, X509Certificate, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ClientMetadata, Configuration, JWK } from 'oidc-provider';
import { makeCertificates, type Certificates } from '../support/certificates.js';
import { errorCodeOf } from '../support/html-page.js';
import { cookiesSet, jsonOf } from '../support/http-exchange.js';
import {
  clientIdOf,
  newSecret,
  openWithClients,
  type ClientCase,
} from '../support/many-clients.js';
import { PATHS, type AnsweredCall } from '../support/op-host.js';
import { readToken } from '../support/signing-key.js';
import type { Stage } from '../support/stage.js';

const LIFE_MS = 300_000;
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

interface ClientKey {
  /** Our half, as the configuration takes it. */
  readonly privateJwk: JWK;
  /** The half that the provider knows. */
  readonly publicJwk: JWK;
  readonly pem: string;
}

function clientKey(kid: string, { privateKey, publicKey }: KeyPair): ClientKey {
  return {
    privateJwk: { ...privateKey.export({ format: 'jwk' }), kid },
    publicJwk: { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig' },
    pem: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
  };
}
type KeyPair = { readonly privateKey: KeyObject; readonly publicKey: KeyObject };

const rsa = clientKey('rsa-1', generateKeyPairSync('rsa', { modulusLength: 2048 }));
const nextRsa = clientKey('rsa-2', generateKeyPairSync('rsa', { modulusLength: 2048 }));
const ec = clientKey('ec-1', generateKeyPairSync('ec', { namedCurve: 'P-256' }));
const ed = clientKey('ed-1', generateKeyPairSync('ed25519'));
const unknown = clientKey('rsa-1', generateKeyPairSync('rsa', { modulusLength: 2048 }));

const registeredFor = (method: string, ...keys: ClientKey[]): Partial<ClientMetadata> =>
  ({
    token_endpoint_auth_method: method,
    ...(keys.length > 0 && { jwks: { keys: keys.map(({ publicJwk }) => publicJwk) } }),
  }) as Partial<ClientMetadata>;

const byKey = (...keys: ClientKey[]) => ({
  clientAuth: 'private_key_jwt',
  clientKey: JSON.stringify({ keys: keys.map(({ privateJwk }) => privateJwk) }),
});

const bodyOf = (call: AnsweredCall): URLSearchParams => new URLSearchParams(call.body);

/** The one way in which a call may prove who it is from. */
interface Proof {
  readonly header?: string;
  readonly secret?: string;
  readonly assertion?: ReturnType<typeof readToken>;
}

function proofOf(call: AnsweredCall): Proof {
  const body = bodyOf(call);
  const [header, secret, assertion] = [
    call.headers.authorization,
    body.get('client_secret'),
    body.get('client_assertion'),
  ];
  if (assertion !== null) expect(body.get('client_assertion_type')).toBe(ASSERTION_TYPE);
  return {
    ...(header !== undefined && { header }),
    ...(secret !== null && { secret }),
    ...(assertion !== null && { assertion: readToken(assertion) }),
  };
}

interface Method extends ClientCase {
  /** What every call to the token and the revocation endpoint must carry, and nothing besides. */
  readonly proves: (proof: Proof, stage: Stage) => void;
}

const signed =
  (header: object, audience: (stage: Stage) => string = (stage) => stage.op.issuer) =>
  (id: string) =>
  ({ assertion, ...others }: Proof, stage: Stage): void => {
    expect(others).toEqual({});
    expect(assertion?.header).toEqual(header);
    const { iat, exp, jti, ...claims } = assertion?.claims ?? {};
    expect(claims).toEqual({ iss: clientIdOf(id), sub: clientIdOf(id), aud: audience(stage) });
    expect(Number(exp) - Number(iat)).toBe(60);
    expect(String(jti)).toMatch(/^[\w-]{22,}$/);
  };

const basicSecret = newSecret();
const postSecret = newSecret();
const macSecret = newSecret();
const tokenEndpoint = (stage: Stage): string => `${stage.op.issuer}${PATHS.token}`;

const METHODS: readonly Method[] = [
  {
    id: 'basic',
    entry: { clientSecret: basicSecret },
    registered: registeredFor('client_secret_basic'),
    proves: ({ header = '', ...others }) => {
      expect(others).toEqual({});
      const pair = Buffer.from(header.replace(/^Basic /, ''), 'base64').toString('utf8');
      const parts = pair.split(':').map((part) => new URLSearchParams(`v=${part}`).get('v'));
      expect(parts).toEqual([clientIdOf('basic'), basicSecret]);
    },
  },
  {
    id: 'post',
    entry: { clientAuth: 'client_secret_post', clientSecret: postSecret },
    registered: registeredFor('client_secret_post'),
    proves: (proof) => expect(proof).toEqual({ secret: postSecret }),
  },
  {
    id: 'secret-jwt',
    entry: { clientAuth: 'client_secret_jwt', clientSecret: macSecret },
    registered: registeredFor('client_secret_jwt'),
    proves: signed({ alg: 'HS256' })('secret-jwt'),
  },
  {
    id: 'key-rsa',
    entry: byKey(rsa),
    registered: registeredFor('private_key_jwt', rsa),
    proves: signed({ alg: 'RS256', kid: 'rsa-1' })('key-rsa'),
  },
  {
    id: 'key-pss',
    entry: { ...byKey(rsa), assertionAlg: 'PS256', assertionAudience: 'token_endpoint' },
    registered: registeredFor('private_key_jwt', rsa),
    proves: signed({ alg: 'PS256', kid: 'rsa-1' }, tokenEndpoint)('key-pss'),
  },
  {
    id: 'key-ec',
    entry: { clientAuth: 'private_key_jwt', clientKey: ec.pem, clientKeyId: 'ec-1' },
    registered: registeredFor('private_key_jwt', ec),
    proves: signed({ alg: 'ES256', kid: 'ec-1' })('key-ec'),
  },
  {
    id: 'key-ed',
    entry: { clientAuth: 'private_key_jwt', clientKey: ed.pem },
    registered: registeredFor('private_key_jwt', ed),
    proves: signed({ alg: 'EdDSA' })('key-ed'),
  },
  {
    id: 'none',
    entry: { clientAuth: 'none' },
    registered: registeredFor('none'),
    proves: (proof) => expect(proof).toEqual({}),
  },
];

/** A whole visit: login, session, API, refresh, logout here and at the provider. */
async function visit(stage: Stage, id: string): Promise<AnsweredCall[]> {
  const first = stage.op.calls.length;
  const person = await stage.member({ provider: id });
  expect(await stage.view(person)).toMatchObject({ provider: id, user: { sub: 'alice' } });
  expect((await stage.call(person)).status).toBe(200);
  stage.clock.advance(LIFE_MS);
  expect((await stage.call(person)).status).toBe(200);
  const [, answer] = await Promise.all([
    stage.op.next(PATHS.revoke),
    stage.call(person, '/logout', { method: 'POST' }),
  ]);
  await person.click(String(jsonOf(answer)['location']));
  expect(person.page).toBe(stage.url('/'));
  expect((await stage.session(person)).status).toBe(401);
  return stage.op.calls
    .slice(first)
    .filter(({ path }) => path === PATHS.token || path === PATHS.revoke);
}

function expectProven(calls: readonly AnsweredCall[], id: string): void {
  expect(calls.map((call) => [call.path, bodyOf(call).get('grant_type')])).toEqual([
    [PATHS.token, 'authorization_code'],
    [PATHS.token, 'refresh_token'],
    [PATHS.revoke, null],
  ]);
  for (const call of calls) {
    expect(call.answer.status).toBe(200);
    expect(call.query.size).toBe(0);
    const named = bodyOf(call).get('client_id');
    expect([clientIdOf(id), null]).toContain(named);
  }
}

describe('client authentication at a real provider', () => {
  const rotation: readonly ClientCase[] = [
    {
      id: 'rotate',
      entry: byKey(rsa, nextRsa),
      registered: registeredFor('private_key_jwt', rsa, nextRsa),
    },
    { id: 'rotated', sameAs: 'rotate', entry: byKey(nextRsa, rsa) },
  ];
  /** What we do, and what the provider expects of us. */
  const wrong: readonly (ClientCase & { readonly does: string })[] = [
    {
      id: 'wrong-secret',
      does: 'another secret',
      entry: { clientSecret: newSecret() },
      registered: { client_secret: newSecret() },
    },
    {
      id: 'wrong-basic',
      does: 'client_secret_basic for private_key_jwt',
      entry: { clientSecret: newSecret() },
      registered: { ...registeredFor('private_key_jwt', rsa), client_secret: undefined },
    },
    {
      id: 'wrong-post',
      does: 'client_secret_post for client_secret_jwt',
      entry: { clientAuth: 'client_secret_post', clientSecret: newSecret() },
      registered: registeredFor('client_secret_jwt'),
    },
    {
      id: 'wrong-mac',
      does: 'client_secret_jwt for client_secret_basic',
      entry: { clientAuth: 'client_secret_jwt', clientSecret: newSecret() },
      registered: registeredFor('client_secret_basic'),
    },
    {
      id: 'wrong-key',
      does: 'a key that the provider does not know',
      entry: byKey(unknown),
      registered: registeredFor('private_key_jwt', rsa),
    },
    {
      id: 'wrong-alg',
      does: 'another algorithm than is registered',
      entry: byKey(rsa),
      registered: {
        ...registeredFor('private_key_jwt', rsa),
        token_endpoint_auth_signing_alg: 'ES256',
      },
    },
    {
      id: 'wrong-none',
      does: 'none for client_secret_basic',
      entry: { clientAuth: 'none' },
      registered: { ...registeredFor('client_secret_basic'), client_secret: newSecret() },
    },
  ];

  let stage: Stage;
  beforeAll(async () => {
    stage = await openWithClients([...METHODS, ...rotation, ...wrong]);
  });
  beforeEach(() => {
    stage.clock.offset = 0;
  });
  afterAll(() => stage.close());

  it.each(METHODS.map(({ id, proves }) => ({ id, proves })))(
    '$id: login, session, refresh and logout, each call proven in this way and no other (A-14, A-41, C-21)',
    async ({ id, proves }) => {
      const calls = await visit(stage, id);
      expectProven(calls, id);
      const proofs = calls.map(proofOf);
      for (const proof of proofs) proves(proof, stage);
      const ids = proofs.flatMap(({ assertion }) => assertion?.claims['jti'] ?? []);
      expect(new Set(ids).size).toBe(ids.length);
    },
  );

  it('none: the code is bound by PKCE alone, which is always sent', async () => {
    const [call] = await visit(stage, 'none');
    expect(bodyOf(call!).get('code_verifier')).toMatch(/^[\w-]{43}$/);
    expect(bodyOf(call!).get('client_id')).toBe(clientIdOf('none'));
  });

  it('private_key_jwt: the first of two keys signs, and putting the other in front rotates', async () => {
    const kids: unknown[] = [];
    for (const id of ['rotate', 'rotated']) {
      const calls = await visit(stage, id);
      kids.push(...calls.map((call) => proofOf(call).assertion?.header['kid']));
    }
    expect(kids).toEqual(['rsa-1', 'rsa-1', 'rsa-1', 'rsa-2', 'rsa-2', 'rsa-2']);
  });

  it.each(wrong.map(({ id, does }) => ({ id, does })))(
    '$does: a page for the operator, no session, no cookie',
    async ({ id }) => {
      const person = stage.person();
      const before = stage.op.calls.length;
      const failed = stage.bff.logged('request.failed').length;
      const page = await stage.logIn(person, { provider: id });
      expect([page.status, errorCodeOf(page.body)]).toEqual([502, 'provider_misconfigured']);
      expect(cookiesSet(page)).toEqual([]);
      expect(await person.cookieNames(stage.url('/'))).toEqual([stage.bff.loginCookieName]);
      const calls = stage.op.calls.slice(before).map(({ path }) => path);
      expect(calls.filter((path) => path === PATHS.token)).toHaveLength(1);
      expect(calls.at(-1)).toBe(PATHS.token);
      const told = stage.bff.logged('request.failed').slice(failed);
      expect(told).toEqual([expect.objectContaining({ code: 'provider_misconfigured' })]);
    },
  );
});

describe('tls_client_auth over https', () => {
  let stage: Stage;
  let certificates: readonly Certificates[];

  const cases = (client: Certificates, stranger: Certificates, ca: string): ClientCase[] => {
    const by = ({ certFile, keyFile }: Certificates) => ({
      clientAuth: 'tls_client_auth',
      clientCert: readFileSync(certFile, 'utf8'),
      clientKey: readFileSync(keyFile, 'utf8'),
      ca,
    });
    const registered: Partial<ClientMetadata> = {
      token_endpoint_auth_method: 'tls_client_auth',
      tls_client_auth_san_dns: 'client.example',
    };
    return [
      { id: 'mutual', entry: by(client), registered },
      { id: 'stranger', entry: by(stranger), registered },
      {
        id: 'renamed',
        entry: by(client),
        registered: { ...registered, tls_client_auth_san_dns: 'other.example' },
      },
      { id: 'plain', entry: { clientAuth: 'none', ca }, registered },
    ];
  };

  /** As a terminator in front says it (RFC 8705 §6.4 leaves the way to the deployment). */
  const configuration: Partial<Configuration> = {
    clientAuthMethods: ['tls_client_auth', 'none'],
    features: {
      mTLS: {
        enabled: true,
        tlsClientAuth: true,
        getCertificate: (ctx) => ctx.get('x-client-certificate') || undefined,
        certificateAuthorized: (ctx) => ctx.get('x-client-verified') === 'true',
        certificateSubjectMatches: (ctx, property, expected) => {
          const der = Buffer.from(ctx.get('x-client-certificate'), 'base64');
          return (
            property === 'tls_client_auth_san_dns' &&
            new X509Certificate(der).checkHost(expected) !== undefined
          );
        },
      },
    },
  };

  beforeAll(async () => {
    const [server, client, stranger] = await Promise.all([
      makeCertificates(),
      makeCertificates('DNS:client.example'),
      makeCertificates('DNS:client.example'),
    ]);
    certificates = [server, client, stranger];
    stage = await openWithClients(cases(client, stranger, server.ca), {
      op: {
        accessTokens: 'opaque',
        configuration,
        tls: {
          cert: readFileSync(server.certFile, 'utf8'),
          key: readFileSync(server.keyFile, 'utf8'),
          clientCa: client.ca,
        },
      },
    });
  });
  beforeEach(() => {
    stage.clock.offset = 0;
  });
  afterAll(async () => {
    await stage.close();
    await Promise.all(certificates.map((one) => one.remove()));
  });

  it('login, session, refresh and logout, each call by the alias with our certificate (A-40)', async () => {
    const calls = await visit(stage, 'mutual');
    expectProven(calls, 'mutual');
    expect(new URL(stage.op.issuer).protocol).toBe('https:');
    const [userinfo] = stage.op.callsOf(PATHS.userinfo);
    for (const call of [...calls, userinfo!]) {
      expect(call.certified).toBe(true);
      expect(call.headers.host).not.toBe(new URL(stage.op.issuer).host);
      expect(bodyOf(call).has('client_secret')).toBe(false);
    }
    for (const call of calls) expect(bodyOf(call).get('client_id')).toBe(clientIdOf('mutual'));
  });

  it('shows the certificate to nobody who does not ask for one', () => {
    const others = stage.op.calls.filter(
      ({ headers }) => `https://${headers.host}` === stage.op.issuer,
    );
    expect(others.map(({ path }) => path)).toContain(PATHS.discovery);
    for (const call of others) expect(call.certified).toBeUndefined();
  });

  it.each([
    ['stranger', 'a certificate of an authority that the provider does not trust', false],
    ['renamed', 'a certificate of another name than is registered', true],
    ['plain', 'no certificate', undefined],
  ])('%s: %s makes no session', async (id, _what, certified) => {
    const person = stage.person();
    const page = await stage.logIn(person, { provider: id });
    expect([page.status, errorCodeOf(page.body)]).toEqual([502, 'provider_misconfigured']);
    expect(cookiesSet(page)).toEqual([]);
    expect((await stage.session(person)).status).toBe(401);
    const call = stage.op.callsOf(PATHS.token).at(-1);
    expect([call?.answer.status, call?.certified]).toEqual([401, certified]);
  });

  it('talks to no provider whose own certificate nobody vouches for (R-49)', async () => {
    const [server] = certificates;
    const other = certificates[1]!;
    const [entry] = cases(other, other, other.ca);
    await using alone = await openWithClients([entry!], {
      op: {
        configuration,
        accessTokens: 'opaque',
        tls: {
          cert: readFileSync(server!.certFile, 'utf8'),
          key: readFileSync(server!.keyFile, 'utf8'),
          clientCa: other.ca,
        },
      },
    });
    await alone.bff.untilLogged('provider.discovery_failed');
    const page = await alone.startLogin(alone.person());
    expect([page.status, errorCodeOf(page.body)]).toEqual([503, 'provider_unreachable']);
    expect(alone.op.calls).toEqual([]);
    expect(alone.bff.logged('provider.discovery_failed')[0]?.['cause']).toMatch(
      /UNABLE_TO_VERIFY|SELF_SIGNED/,
    );
  });
});
