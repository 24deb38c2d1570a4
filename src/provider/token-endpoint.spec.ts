import type { ServerResponse } from 'node:http';
import { FixedClock } from '../../test/support/fixed-clock.js';
import { JsonServer } from '../../test/support/json-server.js';
import { providerAt } from '../../test/support/provider-config.js';
import type { ProviderConfig } from '../config/provider-config.types.js';
import { classifyRefreshFailure, toLoginError } from './provider-errors.js';
import { createProviderFetch } from './provider-fetch.js';
import type { RawTokenAnswer } from './token-answer.js';
import { TokenEndpoint } from './token-endpoint.js';

interface Asked {
  readonly method: string | undefined;
  readonly contentType: string | undefined;
  readonly authorization: string | undefined;
  readonly body: string;
}

let server: JsonServer;
let asked: Asked[];

beforeAll(async () => {
  server = await JsonServer.start();
});
afterAll(() => server.stop());
beforeEach(() => {
  asked = [];
});

/** From now on the endpoint answers so. */
function answer(
  body: unknown,
  { status = 200, type = 'application/json' }: { status?: number; type?: string } = {},
): void {
  server.answerWith((req, res) => {
    let text = '';
    req.on('data', (chunk: Buffer) => (text += chunk.toString()));
    req.on('end', () => {
      const { 'content-type': contentType, authorization } = req.headers;
      asked.push({ method: req.method, contentType, authorization, body: text });
      res.writeHead(status, { 'content-type': type });
      res.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  });
}

function request(
  more: Partial<ProviderConfig> = {},
  issuer = server.origin,
): Promise<RawTokenAnswer> {
  const config = providerAt(issuer, { timeoutMs: 10_000, ...more });
  const endpoint = new TokenEndpoint(config, createProviderFetch({}), new FixedClock());
  return endpoint.request(
    { issuer, token_endpoint: `${server.origin}/token` },
    'authorization_code',
    { code: 'the code', redirect_uri: 'http://localhost/callback?a=b&c=ö' },
  );
}

/** The code of the error that a person would see. */
const failure = (more: Partial<ProviderConfig> = {}): Promise<unknown> =>
  request(more).then(
    () => 'no failure',
    (error: unknown) => toLoginError(error).code,
  );

const post = { ...providerAt('http://127.0.0.1:1').credentials, method: 'client_secret_post' };
const credentials = post as ProviderConfig['credentials'];
const asJson: Partial<ProviderConfig> = {
  credentials,
  tokenRequest: { format: 'json', state: false, accessTokenOptional: false },
};

describe('the request', () => {
  it('may go to a service on this machine, though the issuer has https', async () => {
    answer({ access_token: 'a', token_type: 'Bearer' });
    await expect(request({}, 'https://login.example')).resolves.toMatchObject({
      access_token: 'a',
    });
  });

  it('is a form (RFC 6749 §4.1.3)', async () => {
    answer({});
    await request();
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({ method: 'POST', authorization: expect.any(String) });
    expect(asked[0]?.contentType).toMatch(/^application\/x-www-form-urlencoded\b/);
    expect(Object.fromEntries(new URLSearchParams(asked[0]?.body))).toEqual({
      grant_type: 'authorization_code',
      code: 'the code',
      redirect_uri: 'http://localhost/callback?a=b&c=ö',
    });
  });

  it('is JSON with the same members, credentials included, where the service takes nothing else', async () => {
    answer({});
    await request(asJson);
    expect(asked[0]).toMatchObject({ method: 'POST', contentType: 'application/json' });
    expect(JSON.parse(asked[0]?.body ?? '')).toEqual({
      grant_type: 'authorization_code',
      code: 'the code',
      redirect_uri: 'http://localhost/callback?a=b&c=ö',
      client_id: 'app',
      client_secret: 'a-client-secret',
    });
  });
});

describe('an answer of status 200', () => {
  it.each<[string, object]>([
    ['everything', { access_token: 'a', token_type: 'Bearer', id_token: 'x', expires_in: '60' }],
    ['no access token', { id_token: 'x' }],
    ['an ID token that openid-client could not read', { access_token: 'a', id_token: 'x.y' }],
    ['a type that we cannot use', { access_token: 'a', token_type: 'mac' }],
    ['an error', { error: 'invalid_grant' }],
    ['nulls', { access_token: null, scope: null }],
    ['nothing', {}],
  ])('with %s comes back as it is: others judge it', async (_what, body) => {
    answer(body);
    await expect(request()).resolves.toEqual(body);
  });

  it.each(['application/json; charset=utf-8', 'APPLICATION/JSON', 'application/vnd.oauth+json'])(
    'may call itself %s',
    async (type) => {
      answer({ access_token: 'a' }, { type });
      await expect(request()).resolves.toEqual({ access_token: 'a' });
    },
  );

  it.each<[string, unknown, string]>([
    ['JSON as text/html', { access_token: 'a', token_type: 'Bearer' }, 'text/html'],
    ['JSON as text/plain', { access_token: 'a', token_type: 'Bearer' }, 'text/plain'],
    ['JSON as jsonp', { access_token: 'a', token_type: 'Bearer' }, 'application/jsonp'],
    ['JSON without a type', { access_token: 'a', token_type: 'Bearer' }, ''],
    ['a form', 'access_token=a&token_type=Bearer', 'application/x-www-form-urlencoded'],
    ['broken JSON', '{"access_token":', 'application/json'],
    ['a list', [{ access_token: 'a' }], 'application/json'],
    ['a text', '"access_token"', 'application/json'],
    ['null', 'null', 'application/json'],
    ['nothing', '', 'application/json'],
  ])('is refused when it is %s (F-14)', async (_what, body, type) => {
    answer(body, { type });
    await expect(failure()).resolves.toBe('login_rejected');
  });
});

describe('an answer of another status', () => {
  it.each(['application/json', 'text/html; charset=utf-8', 'text/plain', ''])(
    'is the OAuth error that it holds, also as %p',
    async (type) => {
      answer({ error: 'invalid_grant', error_description: 'x' }, { status: 400, type });
      await expect(request()).rejects.toMatchObject({ error: 'invalid_grant', status: 400 });
      answer({ error: 'invalid_client', description: 'x' }, { status: 401, type });
      await expect(failure()).resolves.toBe('provider_misconfigured');
    },
  );

  it.each<[number, unknown, string]>([
    [400, '<html>', 'login_rejected'],
    [400, { message: 'no error member' }, 'login_rejected'],
    [400, { error: { code: 1 } }, 'login_rejected'],
    [404, '<html>', 'login_rejected'],
    [429, '<html>', 'provider_unreachable'],
    [500, { error: 'invalid_grant' }, 'provider_unreachable'],
    [500, '<html>', 'provider_unreachable'],
    [503, '', 'provider_unreachable'],
    [201, { access_token: 'a', token_type: 'Bearer' }, 'login_rejected'],
    [302, '', 'login_rejected'],
  ])('%d with %j is %s', async (status, body, code) => {
    answer(body, { status, type: 'text/html' });
    await expect(failure()).resolves.toBe(code);
  });
});

it.each<[string, (res: ServerResponse) => void]>([
  ['comes never (D-24)', () => undefined],
  ['stops after its head (D-25)', (res) => res.flushHeaders()],
  [
    'drips (D-25)',
    (res) => {
      const timer = setInterval(() => res.write(' '), 5);
      res.once('close', () => clearInterval(timer));
    },
  ],
])(
  'an answer that %s ends when the time is over, and nobody knows what came of it',
  async (_how, answers) => {
    server.answerWith((_req, res) => {
      res.setHeader('content-type', 'application/json');
      answers(res);
    });
    const error: unknown = await request({ timeoutMs: 200 }).catch((failed: unknown) => failed);
    expect(toLoginError(error).code).toBe('provider_unreachable');
    expect(classifyRefreshFailure(error, ['invalid_grant'])).toBe('unknown');
  },
);
