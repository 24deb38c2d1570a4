import {
  allowInsecureRequests,
  AuthorizationResponseError,
  Configuration,
  customFetch,
  None,
  refreshTokenGrant,
} from 'openid-client';
import { errors } from 'jose';
import { JsonServer } from '../../test/support/json-server.js';
import { freePort } from '../../test/support/redis-host.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import {
  claimDetail,
  classifyTokenFailure,
  codeRefusal,
  errorName,
  toLoginError,
  type TokenFailure,
} from './provider-errors.js';
import { createProviderFetch } from './provider-fetch.js';

const providerFetch = createProviderFetch({});
let server: JsonServer;
beforeAll(async () => {
  server = await JsonServer.start();
});
afterAll(() => server.stop());

/** What openid-client throws when the token endpoint behaves as told. */
async function failure(tokenEndpoint = `${server.origin}/token`, timeout = 5): Promise<unknown> {
  const metadata = { issuer: server.origin, token_endpoint: tokenEndpoint };
  const configuration = new Configuration(metadata, 'app', undefined, None());
  allowInsecureRequests(configuration);
  configuration.timeout = timeout;
  configuration[customFetch] = (url, options) => providerFetch(url, options as RequestInit);
  return refreshTokenGrant(configuration, 'refresh').then(
    () => {
      throw new Error('the grant succeeded');
    },
    (error: unknown) => error,
  );
}

interface Answer {
  readonly status: number;
  readonly type?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function answer({ status, type = 'application/json', body = '', headers = {} }: Answer): void {
  server.answerWith(
    (_req, res) => void res.writeHead(status, { 'content-type': type, ...headers }).end(body),
  );
}

const oauthError = (error: string, status = 400): Answer => ({
  status,
  body: JSON.stringify({ error }),
});
const html = (status: number): Answer => ({ status, type: 'text/html', body: '<h1>sorry</h1>' });

describe('classifyTokenFailure', () => {
  it.each<[TokenFailure, string, Answer]>([
    ['invalid_grant', 'a dead grant (D-29)', oauthError('invalid_grant')],
    ['invalid_client', 'wrong credentials', oauthError('invalid_client')],
    ['invalid_client', 'wrong credentials as 401', oauthError('invalid_client', 401)],
    [
      'invalid_client',
      'wrong credentials with a challenge (D-28)',
      { ...oauthError('invalid_client', 401), headers: { 'www-authenticate': 'Basic realm="x"' } },
    ],
    ['invalid_client', 'a client that may not do this', oauthError('unauthorized_client')],
    ['refused', 'another OAuth error', oauthError('invalid_scope')],
    ['refused', 'an unknown OAuth error', oauthError('nonsense')],
    ['refused', 'a redirect (D-27)', { status: 302, headers: { location: '/elsewhere' } }],
    ['refused', 'a web page in the way (D-27)', html(403)],
    ['refused', 'a missing endpoint', html(404)],
    ['temporary', 'a provider that says so', oauthError('temporarily_unavailable')],
    ['temporary', 'too many requests', oauthError('slow_down', 429)],
    ['temporary', 'too many requests, as a page', html(429)],
    ['temporary', 'an internal error', oauthError('server_error', 500)],
    [
      'temporary',
      'an internal error that calls itself invalid_grant',
      oauthError('invalid_grant', 500),
    ],
    ['temporary', 'a bad gateway', html(502)],
    ['temporary', 'an unavailable service (D-27)', html(503)],
    ['unknown', 'an answer that breaks off (D-27)', { status: 200, body: '{"access_token":"a' }],
    ['unknown', 'an answer without a token', { status: 200, body: '{"token_type":"bearer"}' }],
  ])('%s: %s', async (expected, _what, given) => {
    answer(given);
    expect(classifyTokenFailure(await failure())).toBe(expected);
  });

  it('not_sent: nobody listens (D-26)', async () => {
    const error = await failure(`http://127.0.0.1:${await freePort()}/token`);
    expect(classifyTokenFailure(error)).toBe('not_sent');
    expect(errorName(error)).toContain('ECONNREFUSED');
  });

  it('unknown: the connection breaks after the request (D-26)', async () => {
    server.answerWith((req) => req.socket.destroy());
    expect(classifyTokenFailure(await failure())).toBe('unknown');
  });

  it('unknown: the answer does not come in time (D-24)', async () => {
    server.answerWith(() => undefined);
    expect(classifyTokenFailure(await failure(undefined, 0.05))).toBe('unknown');
  });

  it.each([
    ['ENOTFOUND', 'getaddrinfo'],
    ['EAI_AGAIN', 'getaddrinfo'],
    ['ETIMEDOUT', 'connect'],
    ['ECONNRESET', 'connect'],
    ['EHOSTUNREACH', 'connect'],
    // Several addresses were tried: an AggregateError names no call.
    ['ECONNREFUSED', undefined],
    ['EHOSTUNREACH', undefined],
    ['ENETUNREACH', undefined],
    ['UND_ERR_CONNECT_TIMEOUT', undefined],
    ['CERT_HAS_EXPIRED', undefined],
    ['SELF_SIGNED_CERT_IN_CHAIN', undefined],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', undefined],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', undefined],
    ['ERR_TLS_CERT_ALTNAME_INVALID', undefined],
  ])('not_sent: %s in %s (D-26)', (code, syscall) => {
    const cause = Object.assign(new Error('network'), { code, syscall });
    expect(classifyTokenFailure(new TypeError('fetch failed', { cause }))).toBe('not_sent');
  });

  it.each([
    ['ECONNRESET', 'read'],
    ['ETIMEDOUT', 'read'],
    ['EPIPE', 'write'],
    ['UND_ERR_SOCKET', undefined],
    ['UND_ERR_HEADERS_TIMEOUT', undefined],
  ])('unknown: %s in %s (D-26)', (code, syscall) => {
    const cause = Object.assign(new Error('network'), { code, syscall });
    expect(classifyTokenFailure(new TypeError('fetch failed', { cause }))).toBe('unknown');
  });

  it.each([[undefined], ['text'], [new Error('invalid_grant')], [{ error: 'invalid_grant' }]])(
    'decides nothing by the text of %p',
    (error) => {
      expect(classifyTokenFailure(error)).toBe('unknown');
    },
  );
});

describe('toLoginError', () => {
  it.each<[string, string, Answer]>([
    ['login_rejected', 'a dead code', oauthError('invalid_grant')],
    ['login_rejected', 'another OAuth error', oauthError('invalid_request')],
    ['login_rejected', 'an answer without a token', { status: 200, body: '{}' }],
    ['provider_misconfigured', 'wrong credentials', oauthError('invalid_client', 401)],
    ['provider_unreachable', 'a broken provider', html(502)],
  ])('is %s for %s', async (code, _what, given) => {
    answer(given);
    const error = await failure();
    expect(toLoginError(error)).toMatchObject({ code, cause: error });
  });

  it('is provider_unreachable when the answer does not come', async () => {
    server.answerWith(() => undefined);
    expect(toLoginError(await failure(undefined, 0.05)).code).toBe('provider_unreachable');
  });

  it.each([
    [new errors.JWSSignatureVerificationFailed()],
    [new errors.JOSEAlgNotAllowed()],
    [new errors.JWTClaimValidationFailed('iss', {}, 'iss', 'check_failed')],
    [new errors.JWTExpired('exp', {}, 'exp', 'check_failed')],
    [new errors.JWKSNoMatchingKey()],
    [new errors.JWTInvalid()],
  ])('is login_rejected for an ID token that fails: %p', (error) => {
    expect(toLoginError(error)).toMatchObject({ code: 'login_rejected', cause: error });
  });

  it('is login_denied for an error answer of the authorization endpoint', () => {
    const error = new AuthorizationResponseError('denied', {
      cause: new URLSearchParams('error=access_denied'),
    });
    expect(toLoginError(error).code).toBe('login_denied');
  });

  it('leaves our own errors as they are', () => {
    const error = new VestibuleError('login_rejected', { detail: 'id token: nonce' });
    expect(toLoginError(error)).toBe(error);
  });
});

describe('codeRefusal', () => {
  it.each<[Answer, unknown]>([
    [oauthError('invalid_grant'), 'invalid_grant'],
    [oauthError('invalid_scope'), 'invalid_scope'],
    [oauthError('invalid_grant', 401), 'invalid_grant'],
    [oauthError('invalid_client', 401), undefined],
    [oauthError('unauthorized_client'), undefined],
    [oauthError('invalid_request'), undefined],
    [oauthError('invalid_grant', 500), undefined],
    [html(400), undefined],
  ])('of %j is %s: what is not the fault of the code is ours', async (given, refusal) => {
    answer(given);
    expect(codeRefusal(toLoginError(await failure()))).toBe(refusal);
  });

  it('is nothing of what we refuse ourselves', () => {
    expect(codeRefusal(new VestibuleError('login_rejected', { detail: 'nonce' }))).toBeUndefined();
    expect(codeRefusal(new Error('invalid_grant'))).toBeUndefined();
  });
});

describe('errorName', () => {
  it('tells class and code, never the message', async () => {
    answer(oauthError('invalid_grant'));
    expect(errorName(await failure())).toMatch(/^ResponseBodyError/);
    expect(errorName(new Error('hunter2'))).toBe('Error');
    expect(errorName('hunter2')).toBe('unknown');
  });
});

describe('what the operator is told of a refused token', () => {
  const failed = (claim: string, reason: string): Error =>
    new errors.JWTClaimValidationFailed('a message', {}, claim, reason);

  it.each<[Error, string | undefined]>([
    [new errors.JWTExpired('a message', {}, 'exp', 'check_failed'), 'token: exp (clock?)'],
    [failed('nbf', 'check_failed'), 'token: nbf (clock?)'],
    [failed('iat', 'check_failed'), 'token: iat (clock?)'],
    [failed('exp', 'invalid'), 'token: exp'],
    [failed('exp', 'missing'), 'token: exp'],
    [failed('iss', 'check_failed'), 'token: iss'],
    [failed('aud', 'missing'), 'token: aud'],
    [new errors.JWSSignatureVerificationFailed(), undefined],
    [new Error('a message'), undefined],
  ])(
    'is the claim, and to look at the clock where it is one of the times (R-22)',
    (error, detail) => {
      expect(claimDetail(error).detail).toBe(detail);
      if (error instanceof errors.JOSEError)
        expect(toLoginError(error)).toMatchObject({ code: 'login_rejected' });
      expect(toLoginError(error).detail).toBe(detail);
    },
  );
});
