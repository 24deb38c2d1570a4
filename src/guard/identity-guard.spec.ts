import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { jest } from '@jest/globals';
import { newAssertionSigner, type AssertionSigner } from '../../test/support/assertion-signer.js';
import { exchange, jsonOf } from '../../test/support/http-exchange.js';
import { JsonServer } from '../../test/support/json-server.js';
import { hmacToken, unsignedToken, type TokenClaims } from '../../test/support/signing-key.js';
import {
  createIdentityGuard,
  createIdentityVerifier,
  identityOf,
  type IdentityGuardOptions,
  type IdentityVerifier,
} from './identity-guard.js';

const ISSUER = 'https://app.example.com';
const MINUTE = 60_000;

let ours: AssertionSigner;
let next: AssertionSigner;
let keyServer: JsonServer;
let verify: IdentityVerifier;

const options = (more: Partial<IdentityGuardOptions> = {}): IdentityGuardOptions => ({
  issuer: ISSUER,
  audience: 'orders',
  jwksUri: `${keyServer.origin}/.well-known/jwks.json`,
  ...more,
});

function claims(more: TokenClaims = {}): TokenClaims {
  const iat = Math.floor(Date.now() / 1000);
  return {
    iss: ISSUER,
    aud: 'orders',
    sub: 'user-1',
    sid: 'handle',
    provider: 'generic',
    idp_iss: 'https://login.example.com',
    iat,
    exp: iat + 120,
    ...more,
  };
}

const publish = (...signers: AssertionSigner[]): void =>
  keyServer.answerJson({ keys: signers.map(({ publicJwk }) => publicJwk) });

const judge = (...assertions: string[]) =>
  verify({ rawHeaders: assertions.flatMap((value) => ['X-Auth-Assertion', value]) });

beforeAll(async () => {
  ours = await newAssertionSigner('a');
  next = await newAssertionSigner('b');
  keyServer = await JsonServer.start();
});
afterAll(() => keyServer.stop());
beforeEach(() => {
  publish(ours);
  keyServer.asked.length = 0;
  verify = createIdentityVerifier(options());
});
afterEach(() => jest.restoreAllMocks());

describe('an identity guard', () => {
  it.each(['EdDSA', 'ES256'] as const)('knows whom Vestibule vouches for (%s)', async (alg) => {
    const signer = await newAssertionSigner('c', alg);
    publish(signer);
    const told = { auth_time: 7, acr: 'gold', amr: ['pwd'], email: 'a@example.com', groups: ['x'] };
    expect(await judge(await signer.sign(claims(told)))).toEqual({
      kind: 'known',
      identity: {
        subject: 'user-1',
        issuer: 'https://login.example.com',
        provider: 'generic',
        sessionId: 'handle',
        authTime: 7,
        acr: 'gold',
        amr: ['pwd'],
        claims: { email: 'a@example.com', groups: ['x'] },
      },
    });
  });

  const now = Math.floor(Date.now() / 1000);
  it.each<[string, TokenClaims]>([
    ['for another API', { aud: 'billing' }],
    ['for an API with a longer name', { aud: 'orders-admin' }],
    ['for nobody', { aud: undefined }],
    ['of another issuer', { iss: 'https://app.example.com.evil.example' }],
    ['of no issuer', { iss: undefined }],
    ['that has expired', { iat: now - 130, exp: now - 10 }],
    ['that never expires', { exp: undefined }],
    ['that is to live for a day', { iat: now - 3_600, exp: now + 80_000 }],
    ['of tomorrow', { iat: now + 80_000, exp: now + 80_100 }],
    ['that says not when it was made', { iat: undefined }],
    ['that is not good yet', { nbf: now + 60 }],
    ['without a subject', { sub: undefined }],
    ['with an empty subject', { sub: '' }],
    ['whose subject is a number', { sub: 7 }],
    ['without a session', { sid: undefined }],
    ['without a provider', { provider: undefined }],
    ['without the issuer of the subject', { idp_iss: undefined }],
  ])('refuses an assertion %s (ATK-08, ATK-62)', async (_what, more) => {
    expect(await judge(await ours.sign(claims(more)))).toEqual({ kind: 'refused' });
  });

  it.each<[string, Readonly<Record<string, unknown>>]>([
    ['an access token', { typ: 'at+jwt' }],
    ['an ID token', { typ: 'JWT' }],
    ['a token of no type', { typ: undefined }],
    ['a key that is not published', { kid: 'z' }],
  ])('refuses %s (ATK-08)', async (_what, header) => {
    expect(await judge(await ours.sign(claims(), header))).toEqual({ kind: 'refused' });
  });

  it('refuses what nobody signed, or signed with something public (ATK-08)', async () => {
    const publicKey = JSON.stringify(ours.publicJwk);
    const header = { typ: 'identity+jwt', kid: 'a' };
    const [, body = '', signature = ''] = (await ours.sign(claims())).split('.');
    const none = Buffer.from(JSON.stringify({ ...header, alg: 'none' })).toString('base64url');
    const lies = [
      unsignedToken(claims()),
      `${none}.${body}.`,
      `${none}.${body}.${signature}`,
      hmacToken(claims(), publicKey, 'a'),
      hmacToken(claims(), String(ours.publicJwk.x), 'a'),
      await (await newAssertionSigner('a')).sign(claims()),
      `${body}.${body}.${signature}`,
      '',
      'x',
      'a.b.c',
    ];
    for (const lie of lies) expect(await judge(lie)).toEqual({ kind: 'refused' });
  });

  it('refuses an algorithm that is not in its list, though the key is published', async () => {
    const rsa = await newAssertionSigner('r', 'RS256');
    publish(ours, rsa);
    expect(await judge(await rsa.sign(claims()))).toEqual({ kind: 'refused' });
    expect(await judge(await ours.sign(claims()))).toMatchObject({ kind: 'known' });
  });

  it('looks at its header only, which comes once (ATK-05)', async () => {
    const good = await ours.sign(claims());
    const refused = { kind: 'refused' };
    expect(await judge()).toEqual(refused);
    expect(await judge(good, good)).toEqual(refused);
    expect(await judge(good, '')).toEqual(refused);
    expect(await judge(`${good}, ${good}`)).toEqual(refused);
    for (const name of ['X_Auth_Assertion', 'X-Auth-Subject', 'Authorization', 'Assertion'])
      expect(await verify({ rawHeaders: [name, good] })).toEqual(refused);
    // A value that reads like the name is not the name.
    expect(await verify({ rawHeaders: ['x-a', 'X-Auth-Assertion', good, 'x-b'] })).toEqual(refused);
    expect(await verify({ rawHeaders: ['x-AUTH-assertion', good] })).toMatchObject({
      kind: 'known',
    });
  });

  it('forgives clocks that differ a little, as much as it is told', async () => {
    const sharp = createIdentityVerifier(options({ clockTolerance: 0 }));
    const at = Math.floor(Date.now() / 1000);
    for (const more of [{ exp: at - 2 }, { iat: at + 3 }]) {
      const rawHeaders = ['x-auth-assertion', await ours.sign(claims(more))];
      expect(await verify({ rawHeaders })).toMatchObject({ kind: 'known' });
      expect(await sharp({ rawHeaders })).toEqual({ kind: 'refused' });
    }
  });

  it.each<[string, Partial<IdentityGuardOptions>, string]>([
    ['no issuer', { issuer: '' }, 'needs an issuer'],
    ['no audience', { audience: '' }, 'and an audience'],
    ['no place for the keys', { jwksUri: '' }, 'Invalid URL'],
  ])('is not made with %s (ATK-66)', (_what, more, message) => {
    expect(() => createIdentityVerifier(options(more))).toThrow(message);
  });
});

describe('the keys of a guard', () => {
  const sign = (signer: AssertionSigner) => signer.sign(claims()).then(judge);

  it('are fetched at the first call, once for fifty at a time, and kept for five minutes', async () => {
    const passed = jest.spyOn(performance, 'now').mockReturnValue(MINUTE);
    const verdicts = await Promise.all(Array.from({ length: 50 }, () => sign(ours)));
    expect(new Set(verdicts.map(({ kind }) => kind))).toEqual(new Set(['known']));
    passed.mockReturnValue(6 * MINUTE - 1);
    await sign(ours);
    expect(keyServer.asked).toEqual(['GET /.well-known/jwks.json']);
    passed.mockReturnValue(6 * MINUTE);
    await sign(ours);
    expect(keyServer.asked).toHaveLength(2);
  });

  it('are fetched again for a name that is new, but not for every made-up one', async () => {
    verify = createIdentityVerifier(options({ cooldown: 0 }));
    await sign(ours);
    publish(next, ours);
    expect(await sign(next)).toMatchObject({ kind: 'known' });
    expect(await sign(ours)).toMatchObject({ kind: 'known' });
    expect(keyServer.asked).toHaveLength(2);

    verify = createIdentityVerifier(options());
    keyServer.asked.length = 0;
    for (const kid of ['x', 'y', 'z'])
      expect(await judge(await ours.sign(claims(), { kid }))).toEqual({ kind: 'refused' });
    expect(keyServer.asked).toHaveLength(1);
  });

  it('are no longer believed five minutes after they are not published any more', async () => {
    const passed = jest.spyOn(performance, 'now').mockReturnValue(MINUTE);
    await sign(ours);
    publish(next);
    passed.mockReturnValue(6 * MINUTE);
    expect(await sign(ours)).toEqual({ kind: 'refused' });
  });

  it('go on while Vestibule is away, and it is not asked at every call', async () => {
    const passed = jest.spyOn(performance, 'now').mockReturnValue(MINUTE);
    await sign(ours);
    keyServer.answerJson({}, 503);
    passed.mockReturnValue(60 * MINUTE);
    expect(await sign(ours)).toMatchObject({ kind: 'known' });
    expect(await sign(ours)).toMatchObject({ kind: 'known' });
    expect(keyServer.asked).toHaveLength(2);
    passed.mockReturnValue(60 * MINUTE + 10_000);
    publish(next);
    expect(await sign(ours)).toEqual({ kind: 'refused' });
  });

  it('are asked for once while Vestibule fails, whatever strangers name', async () => {
    await sign(ours);
    keyServer.answerJson({}, 503);
    const passed = jest.spyOn(performance, 'now').mockReturnValue(60 * MINUTE);
    // jose goes by this one.
    const date = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 60 * MINUTE);
    const judged = new Set<string>();
    for (let at = 0; at < 20; at += 1)
      judged.add((await judge(await ours.sign(claims(), { kid: `unknown-${at}` }))).kind);
    expect(judged).not.toContain('known');
    expect(keyServer.asked.length).toBeLessThanOrEqual(2);
    date.mockRestore();
    passed.mockReturnValue(61 * MINUTE);
    publish(ours);
    expect(await sign(ours)).toMatchObject({ kind: 'known' });
  });

  it.each<[string, () => void]>([
    ['answers 503', () => keyServer.answerJson({}, 503)],
    ['hangs up', () => keyServer.answerWith((req) => void req.socket.destroy())],
    ['answers something else', () => keyServer.answerJson({ hello: 'world' })],
    [
      'leads elsewhere',
      () => keyServer.answerWith((_req, res) => void res.writeHead(302, { location: '/' }).end()),
    ],
  ])(
    'are missing while Vestibule %s: nobody is let in, and the next call asks again',
    async (_how, fail) => {
      fail();
      expect(await sign(ours)).toEqual({ kind: 'unavailable' });
      publish(ours);
      expect(await sign(ours)).toMatchObject({ kind: 'known' });
    },
  );
});

describe('the middleware', () => {
  let server: Server;
  let url: string;
  beforeAll(async () => {
    const guard = createIdentityGuard(options());
    server = createServer((req, res) => {
      void guard(req, res, () => res.end(JSON.stringify(identityOf(req))));
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  afterAll(() => server.close());

  it('answers 503 while it has no keys, and 401 to strangers, without a reason', async () => {
    const forged = await (await newAssertionSigner('a')).sign(claims());
    const send = (value: string) => exchange(url, { headers: { 'x-auth-assertion': value } });
    keyServer.answerJson({}, 500);
    const away = await send(forged);
    publish(ours);
    const stranger = await send(forged);
    expect([away.status, jsonOf(away)]).toEqual([
      503,
      { type: 'about:blank', title: 'Service Unavailable', status: 503 },
    ]);
    expect([stranger.status, jsonOf(stranger)]).toEqual([
      401,
      { type: 'about:blank', title: 'Unauthorized', status: 401 },
    ]);
    expect(stranger.headers).toMatchObject({
      'content-type': 'application/problem+json; charset=utf-8',
      'cache-control': 'no-store',
    });
  });

  it('leaves who calls at the request', async () => {
    const headers = { 'x-auth-assertion': await ours.sign(claims()), 'x-auth-subject': 'admin' };
    const answer = await exchange(url, { headers });
    expect([answer.status, jsonOf(answer)['subject']]).toEqual([200, 'user-1']);
  });

  it('must have been there: a handler without it knows nobody', () => {
    expect(() => identityOf({ headers: { 'x-auth-subject': 'admin' } })).toThrow(TypeError);
  });
});
