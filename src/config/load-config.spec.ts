import {
  configOf,
  HTTPS_ENV,
  loadWith,
  LOOPBACK_ENV,
  noticesOf,
  problemsOf,
  testKey,
  type FakeFiles,
} from '../../test/support/config-env.js';
import type { Env } from './source/environment.js';

const keysOf = (env: Env, files?: FakeFiles): string[] =>
  problemsOf(env, files).map(({ key }) => key);

const TOLD = ['email', 'name', 'groups'].map((name) => ({ name, source: name }));

describe('the configuration of the simple case', () => {
  it('is complete with what is required alone (D-42, E-01)', () => {
    expect(configOf(LOOPBACK_ENV)).toEqual({
      server: {
        origin: 'http://localhost:3000',
        basePath: '',
        https: false,
        port: 3000,
        host: '127.0.0.1',
        internalPort: 3001,
        internalHost: '127.0.0.1',
        trustProxy: [],
        workers: 1,
        allowedOrigins: [],
        returnOrigins: [],
        shutdownDelayMs: 0,
        shutdownTimeoutMs: 10_000,
      },
      cookie: {
        name: 'vestibule-3000',
        loginName: 'vestibule-login-3000',
        sameSite: 'strict',
        secure: false,
        persistent: false,
      },
      csrf: { header: 'x-csrf', value: '1' },
      session: {
        keys: [{ kid: 'k1', secret: Buffer.alloc(32, 7) }],
        idleMs: 1_800_000,
        absoluteMs: 28_800_000,
        maxPerUser: 0,
      },
      store: { kind: 'memory' },
      providers: [
        {
          id: 'generic',
          label: 'generic',
          profile: 'generic',
          issuer: 'http://127.0.0.1:4000',
          tokenIssuers: ['http://127.0.0.1:4000'],
          metadata: {
            discoveryUrl: 'http://127.0.0.1:4000/.well-known/openid-configuration',
            byHand: {},
          },
          clientId: 'app',
          credentials: {
            method: 'client_secret_basic',
            secret: 'a-client-secret',
            basicEncoding: 'form',
            keys: [],
            assertionAudience: 'issuer',
          },
          tls: {},
          scope: 'openid profile email',
          authorizationParams: {},
          resources: [],
          responseMode: 'query',
          pkce: 'S256',
          tokenRequest: { format: 'form', state: false, accessTokenOptional: false },
          identityFrom: 'id_token',
          nonce: 'required',
          idTokenAlg: 'RS256',
          decryptionKeys: [],
          userinfo: true,
          claims: [
            'sub',
            'name',
            'preferred_username',
            'given_name',
            'family_name',
            'email',
            'email_verified',
            'picture',
            'locale',
          ].map((name) => ({ name, source: name })),
          allow: { domains: [], emails: [], groups: [], claims: [], groupsClaim: 'groups' },
          redirectUris: [],
          deadGrantErrors: ['invalid_grant'],
          refreshGraceMs: 0,
          timeoutMs: 10_000,
        },
      ],
      login: {
        parameters: ['prompt', 'login_hint', 'ui_locales', 'acr_values', 'max_age'],
        transactionMs: 600_000,
        stubMs: 3_600_000,
        transactionsPerBrowser: 12,
        browsers: 100_000,
        postLogoutUrl: '/',
        idTokenHint: true,
      },
      limits: {
        login: { quota: 1_200, windowMs: 60_000 },
        callback: { quota: 2_400, windowMs: 60_000 },
        backchannel: { quota: 300, windowMs: 60_000 },
        secrets: { quota: 10, windowMs: 60_000 },
      },
      tokens: { leewayMs: 30_000, aheadMs: 0, lockMs: 15_000, waitMs: 5000 },
      routes: [],
      policies: [
        {
          name: 'default',
          audience: 'default',
          identity: 'both',
          stepUp: { acr: [], scopes: [] },
          groups: [],
          groupsClaim: 'groups',
          csrf: true,
          origin: true,
          preflight: false,
          redirect: false,
          authorization: false,
        },
      ],
      services: [],
      claims: { headers: TOLD, assertion: TOLD },
      assertion: { lifetimeMs: 120_000, algorithm: 'EdDSA' },
      spa: { kind: 'none' },
      log: { level: 'info', audit: { kind: 'off' } },
    });
  });

  it('differs behind https where it must', () => {
    const { server, cookie, store } = configOf(HTTPS_ENV);
    expect(server).toMatchObject({ https: true, host: '0.0.0.0', shutdownDelayMs: 5000 });
    expect(cookie).toMatchObject({
      name: '__Host-vestibule',
      loginName: '__Host-vestibule-login',
      secure: true,
    });
    expect(store).toEqual({
      kind: 'redis',
      connection: { kind: 'standalone', url: 'redis://redis:6379' },
      prefix: 'vestibule:',
      commandTimeoutMs: 500,
    });
  });

  it('takes every variable', () => {
    const config = configOf(
      {
        ...HTTPS_ENV,
        PUBLIC_URL: 'https://app.example.com:8443/app/',
        BASE_PATH: '/app',
        PORT: '8000',
        HOST: '::',
        INTERNAL_PORT: '8001',
        INTERNAL_HOST: '0.0.0.0',
        OIDC_CLIENT_AUTH: 'client_secret_post',
        OIDC_SCOPE: 'openid  offline_access openid',
        OIDC_ID_TOKEN_ALG: 'EdDSA',
        OIDC_RESPONSE_MODE: 'form_post',
        OIDC_TIMEOUT: '3s',
        OIDC_USERINFO: 'false',
        OIDC_CLAIMS: 'sub,email',
        SESSION_IDLE: '10m',
        SESSION_ABSOLUTE: '3600',
        REDIS_URL: 'rediss://u:p@redis:6380/1',
        REDIS_PREFIX: 'shop:',
        REDIS_COMMAND_TIMEOUT: '1s',
        API_UPSTREAM: 'http://api:8080/',
        SPA_DIR: '/srv/spa',
        TRUST_PROXY: '10.0.0.0/8,loopback',
        ALLOWED_ORIGINS: 'https://spa.example.com',
        RETURN_ORIGINS: 'https://spa.example.com,https://other.example',
        POST_LOGOUT_URL: '/goodbye',
        LOGOUT_ID_TOKEN_HINT: 'false',
        LOG_LEVEL: 'debug',
        SHUTDOWN_DELAY: '1s',
        SHUTDOWN_TIMEOUT: '2s',
        COOKIE_NAME: 'shop',
        COOKIE_SAMESITE: 'none',
        COOKIE_PERSISTENT: 'true',
        CSRF_HEADER: 'X-Shop',
        CSRF_VALUE: 'yes',
        LOGIN_PARAMETERS: 'prompt,kc_idp_hint',
        TOKEN_LEEWAY: '1m',
      },
      { folders: ['/srv/spa'] },
    );
    expect(config).toMatchObject({
      server: {
        origin: 'https://app.example.com:8443',
        basePath: '/app',
        port: 8000,
        host: '::',
        internalPort: 8001,
        internalHost: '0.0.0.0',
        trustProxy: ['10.0.0.0/8', 'loopback'],
        allowedOrigins: ['https://spa.example.com'],
        returnOrigins: ['https://spa.example.com', 'https://other.example'],
        shutdownDelayMs: 1000,
        shutdownTimeoutMs: 2000,
      },
      cookie: {
        name: '__Host-shop',
        loginName: '__Host-shop-login',
        sameSite: 'none',
        persistent: true,
      },
      csrf: { header: 'x-shop', value: 'yes' },
      session: { idleMs: 600_000, absoluteMs: 3_600_000 },
      store: {
        connection: { kind: 'standalone', url: 'rediss://u:p@redis:6380/1' },
        prefix: 'shop:',
        commandTimeoutMs: 1000,
      },
      providers: [
        {
          credentials: { method: 'client_secret_post' },
          scope: 'openid offline_access',
          idTokenAlg: 'EdDSA',
          responseMode: 'form_post',
          timeoutMs: 3000,
          userinfo: false,
          claims: [
            { name: 'sub', source: 'sub' },
            { name: 'email', source: 'email' },
          ],
        },
      ],
      login: {
        parameters: ['prompt', 'kc_idp_hint'],
        postLogoutUrl: '/goodbye',
        idTokenHint: false,
      },
      tokens: { leewayMs: 60_000 },
      spa: { kind: 'folder', dir: '/srv/spa' },
      log: { level: 'debug' },
    });
    expect(config.routes).toEqual([
      {
        name: 'api',
        prefix: '/api',
        upstream: 'http://api:8080',
        methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
        token: 'required',
        csrf: 'header',
        documents: false,
        download: false,
        websocket: false,
        identity: 'none',
        stepUp: { acr: [], scopes: [] },
        timeoutMs: 30_000,
      },
    ]);
  });

  it('is frozen to the bottom', () => {
    const config = configOf({ ...LOOPBACK_ENV, API_UPSTREAM: 'http://api' });
    const parts = [config, config.server, config.routes, config.routes[0], config.session.keys];
    expect(parts.every((part) => Object.isFrozen(part))).toBe(true);
    expect(() => Object.assign(config.cookie, { name: 'x' })).toThrow(TypeError);
  });

  it('takes a blank variable as not set', () => {
    expect(configOf({ ...LOOPBACK_ENV, PORT: '', SPA_DIR: ' ', API_UPSTREAM: '' })).toEqual(
      configOf(LOOPBACK_ENV),
    );
  });

  it.each([
    ['http://localhost', 'vestibule-80'],
    ['http://localhost:8080', 'vestibule-8080'],
    ['https://localhost:8080', '__Host-vestibule'],
  ])('calls the cookie of %s %s (P-24)', (url, name) => {
    expect(configOf({ ...LOOPBACK_ENV, PUBLIC_URL: url }).cookie.name).toBe(name);
  });

  it('knows the provider by its profile', () => {
    const [provider] = configOf({ ...LOOPBACK_ENV, OIDC_PROVIDER: 'generic' }).providers;
    expect(provider).toMatchObject({ id: 'generic', profile: 'generic' });
  });

  it('has no client secret for a public client', () => {
    const env = { ...LOOPBACK_ENV, OIDC_CLIENT_AUTH: 'none', OIDC_CLIENT_SECRET: undefined };
    expect(configOf(env).providers[0]?.credentials).not.toHaveProperty('secret');
  });
});

describe('what is wrong', () => {
  it('is told all at once, with a fault and a remedy each', () => {
    const problems = problemsOf({});
    expect(problems.map(({ key }) => key)).toEqual([
      'PUBLIC_URL',
      'SESSION_KEYS',
      'OIDC_ISSUER',
      'OIDC_CLIENT_ID',
      'OIDC_CLIENT_SECRET',
    ]);
    expect(problems.every(({ fault, remedy }) => fault !== '' && remedy !== '')).toBe(true);
    expect(problems[1]?.remedy).toContain('vestibule keys generate');
  });

  it.each<[string, Env]>([
    ['BASE_PATH', { BASE_PATH: 'app' }],
    ['PUBLIC_URL', { PUBLIC_URL: 'http://localhost:3000/app' }],
    ['PUBLIC_URL', { PUBLIC_URL: 'http://localhost:3000/app', BASE_PATH: '/other' }],
    ['PORT', { PORT: '70000' }],
    ['HOST', { HOST: 'a b' }],
    ['INTERNAL_PORT', { INTERNAL_PORT: '3000' }],
    ['INTERNAL_PORT', { INTERNAL_PORT: '3000', HOST: '0.0.0.0' }],
    ['INTERNAL_PORT', { INTERNAL_PORT: '3000', HOST: '10.0.0.1', INTERNAL_HOST: '::' }],
    ['OIDC_PROVIDER', { OIDC_PROVIDER: 'auth0' }],
    ['OIDC_ISSUER', { OIDC_ISSUER: 'http://login.example.org' }],
    ['OIDC_CLIENT_ID', { OIDC_CLIENT_ID: 'a\nb' }],
    ['OIDC_CLIENT_SECRET', { OIDC_CLIENT_SECRET: undefined }],
    [
      'OIDC_CLIENT_SECRET',
      { OIDC_CLIENT_SECRET: undefined, OIDC_CLIENT_AUTH: 'client_secret_post' },
    ],
    ['OIDC_CLIENT_SECRET', { OIDC_CLIENT_AUTH: 'none' }],
    ['OIDC_SCOPE', { OIDC_SCOPE: 'profile email' }],
    ['OIDC_SCOPE', { OIDC_SCOPE: 'openid "x"' }],
    ['OIDC_ID_TOKEN_ALG', { OIDC_ID_TOKEN_ALG: 'none' }],
    ['OIDC_RESPONSE_MODE', { OIDC_RESPONSE_MODE: 'fragment' }],
    ['OIDC_RESPONSE_MODE', { OIDC_RESPONSE_MODE: 'form_post' }],
    ['SESSION_IDLE', { SESSION_IDLE: '9h' }],
    ['SESSION_IDLE', { SESSION_IDLE: 'long' }],
    ['SESSION_ABSOLUTE', { SESSION_ABSOLUTE: '401d' }],
    ['REDIS_URL', { REDIS_URL: 'http://redis' }],
    ['REDIS_PREFIX', { REDIS_PREFIX: '{a}' }],
    ['API_UPSTREAM', { API_UPSTREAM: 'api:8080' }],
    ['SPA_DIR', { SPA_DIR: '/nowhere' }],
    ['TRUST_PROXY', { TRUST_PROXY: 'yes' }],
    ['ALLOWED_ORIGINS', { ALLOWED_ORIGINS: 'http://localhost:5173/' }],
    ['RETURN_ORIGINS', { RETURN_ORIGINS: '*' }],
    ['POST_LOGOUT_URL', { POST_LOGOUT_URL: '//evil.example' }],
    ['LOG_LEVEL', { LOG_LEVEL: 'loud' }],
    ['AUDIT_LOG', { AUDIT_LOG: 'on' }],
    ['AUDIT_LOG', { AUDIT_LOG: 'audit.jsonl' }],
    ['AUDIT_LOG', { AUDIT_LOG: '/var/log/a\nb' }],
    ['SHUTDOWN_DELAY', { SHUTDOWN_DELAY: '11m' }],
    ['COOKIE_NAME', { COOKIE_NAME: 'a b' }],
    ['COOKIE_NAME', { COOKIE_NAME: '__Host-a' }],
    ['COOKIE_NAME', { COOKIE_NAME: '__host-a' }],
    ['COOKIE_NAME', { COOKIE_NAME: '__Secure-a' }],
    ['COOKIE_NAME', { COOKIE_NAME: 'a;b' }],
    ['COOKIE_SAMESITE', { COOKIE_SAMESITE: 'off' }],
    ['COOKIE_SAMESITE', { COOKIE_SAMESITE: 'none' }],
    ['COOKIE_PERSISTENT', { COOKIE_PERSISTENT: '1' }],
    ['CSRF_HEADER', { CSRF_HEADER: 'Accept' }],
    ['CSRF_HEADER', { CSRF_HEADER: 'Sec-Anything' }],
    ['CSRF_HEADER', { CSRF_HEADER: 'a:b' }],
    ['CSRF_VALUE', { CSRF_VALUE: 'a b' }],
    ['LOGIN_PARAMETERS', { LOGIN_PARAMETERS: 'prompt,redirect_uri' }],
    ['CONFIG_FILE', { CONFIG_FILE: '/nowhere.yaml' }],
  ])('is found in %s (%j), and nothing else is', (key, env) => {
    expect(keysOf({ ...LOOPBACK_ENV, ...env })).toEqual([key]);
  });

  it('lets two listeners share a port on different addresses', () => {
    const env = { ...LOOPBACK_ENV, HOST: '10.0.0.1', INTERNAL_PORT: '3000' };
    expect(keysOf(env)).toEqual([]);
  });

  it('says to use query where form_post cannot work', () => {
    const [problem] = problemsOf({ ...LOOPBACK_ENV, OIDC_RESPONSE_MODE: 'form_post' });
    expect(problem?.remedy).toContain('use query');
  });

  it('refuses memory sessions for anything but this machine', () => {
    const [problem, ...others] = problemsOf({ ...HTTPS_ENV, REDIS_URL: undefined });
    expect(problem).toMatchObject({ key: 'REDIS_URL', fault: 'is missing' });
    expect(others).toEqual([]);
  });

  it('does not call a variable missing that is wrong', () => {
    expect(problemsOf({ ...HTTPS_ENV, REDIS_URL: 'http://x' })).toHaveLength(1);
    expect(problemsOf({ ...HTTPS_ENV, OIDC_CLIENT_SECRET: 'a\nb' })).toHaveLength(1);
  });

  it('shows no value, wherever a secret was put', () => {
    const hunter: Record<string, string> = {};
    for (const { key } of problemsOf({})) hunter[key] = 'hunter2\nhunter2';
    for (const name of [
      'PORT',
      'LOG_LEVEL',
      'AUDIT_LOG',
      'TRUST_PROXY',
      'REDIS_URL',
      'CSRF_HEADER',
      'SPA_DIR',
      'ALLOWED_ORIGINS',
      'SESSION_IDLE',
      'POST_LOGOUT_URL',
      'COOKIE_NAME',
      'API_UPSTREAM',
      'LOGIN_PARAMETERS',
      'CONFIG_FILE',
    ])
      hunter[name] = 'hunter2 \u0001';
    const problems = problemsOf(hunter);
    expect(problems.length).toBeGreaterThan(10);
    expect(JSON.stringify(problems)).not.toContain('hunter2');
  });
});

describe('origins that may call', () => {
  it.each([
    ['https://app.example.com', 'https://spa.example.com', true],
    ['https://app.example.com', 'https://example.com:8443', true],
    ['https://app.example.com', 'http://spa.example.com', false],
    ['https://app.example.com', 'https://example.org', false],
    ['https://a.example.co.uk', 'https://b.example.co.uk', true],
    ['https://a.co.uk', 'https://b.co.uk', false],
    ['https://one.github.io', 'https://two.github.io', false],
    ['https://intranet', 'https://intranet:8443', true],
    ['https://intranet', 'https://other', false],
    ['https://10.0.0.1', 'https://10.0.0.2', false],
    ['http://localhost:3000', 'http://localhost:5173', true],
    ['http://localhost:3000', 'http://127.0.0.1:5173', false],
  ])('%s and %s are of one site: %p', (url, origin, same) => {
    const env = { ...HTTPS_ENV, PUBLIC_URL: url, ALLOWED_ORIGINS: origin };
    expect(keysOf(env)).toEqual(same ? [] : ['ALLOWED_ORIGINS']);
  });
});

describe('secrets from files', () => {
  const env: Env = {
    ...LOOPBACK_ENV,
    OIDC_CLIENT_SECRET: undefined,
    OIDC_CLIENT_SECRET_FILE: '/run/secrets/oidc',
  };

  it.each([
    ['s3cret\n', 's3cret'],
    ['s3cret\r\n', 's3cret'],
    ['s3cret', 's3cret'],
    [' s3cret ', ' s3cret '],
  ])('reads %j as %j', (content, secret) => {
    const config = configOf(env, { files: { '/run/secrets/oidc': content } });
    expect(config.providers[0]?.credentials.secret).toBe(secret);
  });

  it('cuts one line break only', () => {
    const files = { '/run/secrets/oidc': 's3cret\n\n' };
    expect(keysOf(env, { files })).toEqual(['OIDC_CLIENT_SECRET_FILE']);
  });

  it('reads keys and the address of Redis the same way', () => {
    const config = configOf(
      {
        ...LOOPBACK_ENV,
        SESSION_KEYS: undefined,
        SESSION_KEYS_FILE: '/keys',
        REDIS_URL_FILE: '/redis',
      },
      { files: { '/keys': `${testKey('k9')}\n`, '/redis': 'redis://redis\n' } },
    );
    expect(config.session.keys[0]?.kid).toBe('k9');
    expect(config.store).toMatchObject({
      kind: 'redis',
      connection: { kind: 'standalone', url: 'redis://redis' },
    });
  });

  it('refuses a variable and a file for the same secret', () => {
    const both = { ...env, OIDC_CLIENT_SECRET: 'x' };
    const files = { '/run/secrets/oidc': 's3cret' };
    expect(problemsOf(both, { files })).toEqual([
      {
        key: 'OIDC_CLIENT_SECRET_FILE',
        fault: 'is set, and so is OIDC_CLIENT_SECRET',
        remedy: 'set one of the two',
      },
    ]);
  });

  it('says once that a file cannot be read, and why', () => {
    expect(problemsOf(env)).toEqual([
      {
        key: 'OIDC_CLIENT_SECRET_FILE',
        fault: 'names a file that cannot be read (ENOENT)',
        remedy: 'check the path and who may read it',
      },
    ]);
  });

  it('refuses an empty file', () => {
    expect(keysOf(env, { files: { '/run/secrets/oidc': '\n' } })).toEqual([
      'OIDC_CLIENT_SECRET_FILE',
    ]);
  });
});

describe('notices', () => {
  it('say loudly that sessions in memory die with the process', () => {
    expect(noticesOf(LOOPBACK_ENV)).toEqual([expect.stringContaining('IN MEMORY')]);
    expect(noticesOf(HTTPS_ENV)).toEqual([]);
  });

  it.each(['0.0.0.0/0', '::/0', '10.0.0.1,::/0'])(
    'say that %s trusts everyone (ATK-02)',
    (TRUST_PROXY) => {
      expect(noticesOf({ ...HTTPS_ENV, TRUST_PROXY })).toEqual([
        expect.stringContaining('trusts every address'),
      ]);
    },
  );

  describe('of a route whose token is got by the refresh token', () => {
    const route = (more: string): string =>
      `routes: [{name: orders, prefix: /orders, upstream: 'http://orders:80', ${more}}]\n`;
    const noticesWith = (yaml: string, env: Env = {}): readonly string[] =>
      noticesOf({ ...HTTPS_ENV, ...env, CONFIG_FILE: '/v.yaml' }, { files: { '/v.yaml': yaml } });

    it('tell which provider is not asked for its API at login', () => {
      const yaml = route("resource: 'https://orders.example'");
      const told = [expect.stringMatching(/^OIDC_RESOURCES does not name routes\[0\]\.resource/)];
      expect(noticesWith(yaml)).toEqual(told);
      expect(noticesWith(yaml, { OIDC_RESOURCES: 'https://orders.example/' })).toEqual(told);
      expect(noticesWith(yaml, { OIDC_RESOURCES: 'urn:own,https://orders.example' })).toEqual([]);
    });

    it.each([
      ['in exchange', "resource: 'https://orders.example', tokenVia: exchange"],
      ['for an audience', 'audience: orders'],
      ['for no API of its own', 'identity: headers'],
      ['for nobody', "resource: 'https://orders.example', token: none"],
    ])('say nothing of one that is got %s', (_how, more) => {
      expect(noticesWith(route(more))).toEqual([]);
    });
  });

  it('ask about a variable that is nearly one of ours', () => {
    expect(noticesOf({ ...HTTPS_ENV, SESSION_IDEL: '5m' })).toEqual([
      'The variable SESSION_IDEL means nothing here; did you mean SESSION_IDLE?',
    ]);
  });

  it.each([
    'SESSION_MANAGER',
    'OIDC_SOMETHING_ELSE',
    'REDIS_SERVICE_HOST',
    'REDIS_PORT_6379_TCP',
    'PATH',
    'PROT',
  ])('leave %s alone', (name) => {
    expect(noticesOf({ ...HTTPS_ENV, [name]: 'x' })).toEqual([]);
  });
});

it('reads nothing but what it is given', () => {
  const before = JSON.stringify(HTTPS_ENV);
  expect(loadWith(Object.freeze({ ...HTTPS_ENV })).kind).toBe('ok');
  expect(JSON.stringify(HTTPS_ENV)).toBe(before);
});
