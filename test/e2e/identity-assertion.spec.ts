import 'reflect-metadata';
import { createPublicKey } from 'node:crypto';
import type { IncomingMessage, RequestListener } from 'node:http';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { SignJWT } from 'jose';
import type { IdentityGuardOptions } from 'vestibule/guard';
import { ordersApi } from '../../recipes/apis/express-api.js';
import { OrdersModule } from '../../recipes/apis/nest-api.js';
import { AssertionKeys } from '../../src/identity/assertion-keys.js';
import { BffHost, newSessionKeys } from '../support/bff-host.js';
import { jsonOf, type Hop } from '../support/http-exchange.js';
import { RESOURCE } from '../support/op-host.js';
import { sendRaw } from '../support/raw-socket.js';
import { hmacToken, readToken, unsignedToken, type TokenClaims } from '../support/signing-key.js';
import { CLIENT_ID, Stage } from '../support/stage.js';
import type { UserAgent } from '../support/user-agent.js';

const ROUTES = `routes:
  - name: orders
    prefix: /orders-api
    upstream: \${API}
    identity: both
  - name: billing
    prefix: /billing-api
    upstream: \${API}
    identity: assertion
`;

const guardOf = (bff: BffHost, more: Partial<IdentityGuardOptions> = {}): IdentityGuardOptions => ({
  issuer: bff.url(''),
  audience: 'orders',
  jwksUri: `${bff.internalOrigin}/.well-known/jwks.json`,
  ...more,
});

/** Puts an API in the place of the stage's and remembers the assertions that come to it. */
function serve(stage: Stage, api: RequestListener): string[] {
  const assertions: string[] = [];
  stage.api.listen((req: IncomingMessage, res) => {
    assertions.push(String(req.headers['x-auth-assertion']));
    api(req, res);
  });
  return assertions;
}

async function nestApi(options: IdentityGuardOptions): Promise<INestApplication> {
  const application = await NestFactory.create(OrdersModule.behind(options), { logger: false });
  return application.init();
}

describe.each(['Express', 'NestJS'])('an API on %s that asks who calls', (framework) => {
  let stage: Stage;
  let person: UserAgent;
  let nest: INestApplication | undefined;
  let assertions: string[];
  beforeAll(async () => {
    stage = await Stage.open({ file: ROUTES, env: { ASSERTION_CLAIMS: 'email,groups' } });
    if (framework === 'NestJS') nest = await nestApi(guardOf(stage.bff));
    const listener = nest?.getHttpAdapter().getInstance() as RequestListener | undefined;
    assertions = serve(stage, listener ?? ordersApi(guardOf(stage.bff)));
    person = await stage.member();
  });
  afterAll(async () => {
    await nest?.close();
    await stage.close();
  });

  /** The assertion that a route sends for the person. */
  async function assertionVia(prefix: string): Promise<string> {
    await stage.call(person, `${prefix}/orders`);
    return assertions.at(-1) ?? '';
  }
  /** Straight to the API, as whoever is on its network can. */
  const direct = (headers: Readonly<Record<string, string>>): Promise<Hop> =>
    stage.send(`${stage.api.url}/orders`, { headers });

  /** A lie under the product's own key. */
  async function forged(claims: TokenClaims, header: TokenClaims = {}): Promise<string> {
    const { assertion, session } = stage.bff.config;
    const { kid, algorithm, privateKey } = await new AssertionKeys(assertion, session).signing;
    return new SignJWT(claims)
      .setProtectedHeader({ alg: algorithm, kid, typ: 'identity+jwt', ...header })
      .sign(privateKey);
  }

  it('is told by a real login', async () => {
    const answer = await stage.call(person, '/orders-api/orders');
    expect([answer.status, jsonOf(answer)]).toEqual([
      200,
      {
        owner: { issuer: stage.op.issuer, subject: 'alice' },
        groups: expect.any(Array) as unknown,
      },
    ]);
  });

  it('takes the assertion from whoever brings it, and no lie beside it', async () => {
    const headers = { 'x-auth-assertion': await assertionVia('/orders-api') };
    const answer = await direct({ ...headers, 'x-auth-subject': 'admin' });
    expect(jsonOf(answer)).toMatchObject({ owner: { subject: 'alice' } });
  });

  it('is no API for one that was told to another (ATK-08, ATK-62, E-22)', async () => {
    expect((await stage.call(person, '/billing-api/orders')).status).toBe(401);
    const foreign = assertions.at(-1) ?? '';
    expect(readToken(foreign).claims['aud']).toBe('billing');
    expect((await direct({ 'x-auth-assertion': foreign })).status).toBe(401);
  });

  it.each<[string, TokenClaims, TokenClaims]>([
    ['an expired one', { iat: 1_000_000_000, exp: 1_000_000_120 }, {}],
    ['one of another issuer', { iss: 'http://localhost:1' }, {}],
    ['one of the provider', { iss: 'http://127.0.0.1:1' }, {}],
    ['one without a subject', { sub: undefined }, {}],
    ['one of another type', {}, { typ: 'at+jwt' }],
    ['one of no type', {}, { typ: undefined }],
  ])('answers 401 to %s (ATK-08)', async (_what, wrong, header) => {
    const { claims } = readToken(await assertionVia('/orders-api'));
    expect((await direct({ 'x-auth-assertion': await forged(claims) })).status).toBe(200);
    const answer = await direct({
      'x-auth-assertion': await forged({ ...claims, ...wrong }, header),
    });
    expect(answer.status).toBe(401);
    expect(answer.body).not.toMatch(/alg|aud|exp|iss|sub|typ(?!e)/);
  });

  it('answers 401 to what nobody signed, or anybody could (ATK-08)', async () => {
    const real = await assertionVia('/orders-api');
    const { claims, header } = readToken(real);
    const jwks = await stage.send(`${stage.bff.internalOrigin}/.well-known/jwks.json`);
    const [jwk] = (jsonOf(jwks) as { keys: [{ x: string }] }).keys;
    const pem = createPublicKey({ key: jwk, format: 'jwk' }).export({
      type: 'spki',
      format: 'pem',
    });
    const none = { ...header, alg: 'none' };
    const bare = Buffer.from(JSON.stringify(none)).toString('base64url');
    const [head = '', body = '', signature = ''] = real.split('.');
    for (const lie of [
      unsignedToken(claims),
      `${bare}.${body}.`,
      `${bare}.${body}.${signature}`,
      hmacToken(claims, String(pem), String(header['kid'])),
      hmacToken(claims, JSON.stringify(jwk), String(header['kid'])),
      hmacToken(claims, Buffer.from(jwk.x, 'base64url').toString('latin1'), String(header['kid'])),
      `${head}.${body}.`,
      `${head}.${Buffer.from(JSON.stringify({ ...claims, sub: 'admin' })).toString('base64url')}.${signature}`,
    ])
      expect((await direct({ 'x-auth-assertion': lie })).status).toBe(401);
  });

  it('answers 401 to the provider’s own tokens in its place (ATK-08)', async () => {
    const tokens = stage
      .secrets()
      .filter(({ kind }) => kind === 'access token' || kind === 'id token');
    expect(new Set(tokens.map(({ kind }) => kind)).size).toBe(2);
    for (const { value } of tokens)
      expect((await direct({ 'x-auth-assertion': value })).status).toBe(401);
    expect(readToken(tokens[0]?.value ?? '').claims['aud']).toBe(RESOURCE);
  });

  it.each<[string, Readonly<Record<string, string>>]>([
    ['nothing', {}],
    ['a name alone', { 'x-auth-subject': 'admin' }],
    ['all names', { 'x-auth-subject': 'admin', 'x-auth-issuer': 'x', 'x-auth-assertion': '' }],
    ['another name', { 'x-user': 'admin', x_auth_subject: 'admin' }],
  ])('answers 401 to %s (ATK-08, ATK-05)', async (_what, headers) => {
    expect((await direct(headers)).status).toBe(401);
  });

  it('answers 401 when the header comes twice, though both are true', async () => {
    const line = `X-Auth-Assertion: ${await assertionVia('/orders-api')}`;
    const send = (...lines: string[]) =>
      sendRaw(stage.api.port, ['GET /orders HTTP/1.1', 'Host: x', ...lines]);
    expect((await send(line)).status).toBe(200);
    expect((await send(line, line)).status).toBe(401);
    expect((await send(line, 'x-auth-assertion:')).status).toBe(401);
  });

  it('hears nothing of an assertion that a browser sends', async () => {
    const headers = { 'x-auth-assertion': await assertionVia('/orders-api'), 'x-csrf': '1' };
    const before = assertions.length;
    const stranger = await stage.send(stage.url('/orders-api/orders'), { headers });
    expect([stranger.status, assertions.length]).toEqual([401, before]);
  });
});

describe('when the server keys are rotated', () => {
  it('old and new assertions are good as long as both keys are there, and nobody is logged out', async () => {
    const [old, next] = [
      newSessionKeys().replace('k1', 'old'),
      newSessionKeys().replace('k1', 'new'),
    ];
    await using stage = await Stage.open({ file: ROUTES, redis: true, env: { SESSION_KEYS: old } });
    const options = guardOf(stage.bff, { cooldown: 0 });
    const assertions = serve(stage, ordersApi(options));
    const person = await stage.member();
    const call = async (): Promise<number> =>
      (await stage.call(person, '/orders-api/orders')).status;
    const direct = async (assertion = ''): Promise<number> => {
      const headers = { 'x-auth-assertion': assertion };
      return (await stage.send(`${stage.api.url}/orders`, { headers })).status;
    };
    expect(await call()).toBe(200);
    const before = assertions.at(-1);
    const internalPort = new URL(options.jwksUri).port;
    await stage.bff.stop();
    const rotated = await BffHost.start({
      port: stage.bff.port,
      file: ROUTES.replaceAll('${API}', stage.api.url),
      env: {
        INTERNAL_PORT: internalPort,
        SESSION_KEYS: `${next},${old}`,
        REDIS_URL: stage.redis.url,
        OIDC_ISSUER: stage.op.issuer,
        OIDC_CLIENT_ID: CLIENT_ID,
        OIDC_CLIENT_SECRET: stage.clientSecret,
      },
    });
    try {
      expect(await call()).toBe(200);
      const after = assertions.at(-1);
      const kids = [before, after].map((jwt) => readToken(jwt ?? '').header['kid']);
      expect(new Set(kids).size).toBe(2);
      expect([await direct(before), await direct(after)]).toEqual([200, 200]);
      await rotated.stop();
      // The keys that are known go on while Vestibule is away; an API that starts now knows none, and lets nobody in.
      expect([await direct(before), await direct(after)]).toEqual([200, 200]);
      serve(stage, ordersApi(options));
      expect(await direct(after)).toBe(503);
    } finally {
      await rotated.stop();
    }
  });
});
