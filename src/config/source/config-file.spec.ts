import {
  configOf,
  HTTPS_ENV,
  LOOPBACK_ENV,
  noticesOf,
  problemsOf,
  testKey,
} from '../../../test/support/config-env.js';
import type { ConfigProblem } from '../config-problem.js';
import type { VestibuleConfig } from '../config.types.js';
import type { Env } from './environment.js';

const PATH = '/etc/vestibule.yaml';
const FULL = `
server:
  publicUrl: https://app.example.com
  port: 8000
  trustProxy: [10.0.0.0/8]
  shutdownDelay: 2
cookie: { sameSite: lax, persistent: true }
csrf:
session:
  keys:
    - \${KEY_NEW}
    - ${testKey('old', 1)}
  idle: 10m
store:
  redisUrl: redis://\${REDIS_HOST}:6379
providers:
  - id: staff
    issuer: https://staff.example.org
    clientId: app
    clientSecret: \${STAFF_SECRET}
  - id: guests
    profile: generic
    issuer: https://guests.example.org
    clientId: "1234"
    clientAuth: none
    claims: [sub]
routes:
  - { name: files, prefix: /files, upstream: "http://files:9000", methods: [GET], token: optional, timeout: 2m }
login:
  transaction: 5m
  transactionsPerBrowser: 3
log:
  level: warn
`;
const FULL_ENV: Env = {
  CONFIG_FILE: PATH,
  KEY_NEW: testKey('new', 2),
  REDIS_HOST: 'redis',
  STAFF_SECRET: 's3cret',
};

const load = (yaml: string, env: Env): VestibuleConfig =>
  configOf({ ...env, CONFIG_FILE: PATH }, { files: { [PATH]: yaml } });
const faults = (yaml: string, env: Env = LOOPBACK_ENV): readonly ConfigProblem[] =>
  problemsOf({ ...env, CONFIG_FILE: PATH }, { files: { [PATH]: yaml } });
const faultyKeys = (yaml: string, env?: Env): string[] => faults(yaml, env).map(({ key }) => key);

describe('the configuration file', () => {
  it('says everything that the environment can say, and more', () => {
    expect(load(FULL, FULL_ENV)).toMatchObject({
      server: {
        origin: 'https://app.example.com',
        port: 8000,
        trustProxy: ['10.0.0.0/8'],
        shutdownDelayMs: 2000,
      },
      cookie: { sameSite: 'lax', persistent: true },
      csrf: { header: 'x-csrf' },
      session: { keys: [{ kid: 'new' }, { kid: 'old' }], idleMs: 600_000 },
      store: { connection: { url: 'redis://redis:6379' } },
      providers: [
        { id: 'staff', credentials: { method: 'client_secret_basic', secret: 's3cret' } },
        { id: 'guests', clientId: '1234', credentials: { method: 'none' } },
      ],
      routes: [
        {
          name: 'files',
          prefix: '/files',
          upstream: 'http://files:9000',
          methods: ['GET'],
          token: 'optional',
          timeoutMs: 120_000,
        },
      ],
      login: { transactionMs: 300_000, transactionsPerBrowser: 3 },
      log: { level: 'warn' },
    });
  });

  it('gives way to the environment', () => {
    const config = load('server: { port: 8000 }\nlog: { level: warn }', {
      ...LOOPBACK_ENV,
      PORT: '9000',
    });
    expect(config).toMatchObject({ server: { port: 9000 }, log: { level: 'warn' } });
  });

  it('lets the environment complete the only provider', () => {
    const config = load('providers: [{ id: staff, clientId: other, scope: openid }]', LOOPBACK_ENV);
    expect(config.providers).toMatchObject([
      { id: 'staff', clientId: 'app', scope: 'openid', issuer: 'http://127.0.0.1:4000' },
    ]);
  });

  it('may be empty', () => {
    expect(load('', LOOPBACK_ENV)).toEqual(configOf(LOOPBACK_ENV));
  });

  it('gets the route api from the environment, beside its own', () => {
    const yaml = 'routes: [{ name: files, prefix: /files, upstream: "http://files" }]';
    const { routes } = load(yaml, { ...LOOPBACK_ENV, API_UPSTREAM: 'http://api' });
    expect(routes).toMatchObject([
      { name: 'files', upstream: 'http://files' },
      { name: 'api', prefix: '/api', upstream: 'http://api' },
    ]);
  });

  it('has its own route api changed by the environment', () => {
    const yaml = 'routes: [{ name: api, prefix: /v1, upstream: "http://old", timeout: 5s }]';
    const { routes } = load(yaml, { ...LOOPBACK_ENV, API_UPSTREAM: 'http://new' });
    expect(routes).toMatchObject([{ prefix: '/v1', upstream: 'http://new', timeoutMs: 5000 }]);
  });
});

describe('references to variables', () => {
  it('are problems where the variable is missing, and nothing else is said of the value', () => {
    const { STAFF_SECRET: _, ...env } = FULL_ENV;
    expect(faults(FULL, env)).toEqual([
      {
        key: 'providers[0].clientSecret',
        fault: 'refers to STAFF_SECRET, which is not set',
        remedy: 'set STAFF_SECRET or STAFF_SECRET_FILE',
      },
    ]);
  });

  it('are problems within a list as well', () => {
    const { KEY_NEW: _, ...env } = FULL_ENV;
    expect(faultyKeys(FULL, env)).toEqual(['session.keys[0]']);
  });

  it('are answered by a file that NAME_FILE names', () => {
    const { STAFF_SECRET: _, ...env } = FULL_ENV;
    const config = configOf(
      { ...env, STAFF_SECRET_FILE: '/run/secrets/staff' },
      { files: { [PATH]: FULL, '/run/secrets/staff': 'from-a-file\n' } },
    );
    expect(config.providers[0]?.credentials.secret).toBe('from-a-file');
  });

  it('stay as they are behind a second dollar sign, and are not looked for in what is put in', () => {
    const yaml = 'csrf: { value: "$${A}" }\nproviders: [{ clientId: "${B}-$C-$" }]';
    const env = { ...LOOPBACK_ENV, OIDC_CLIENT_ID: undefined, B: '${A}' };
    expect(load(yaml, env)).toMatchObject({
      csrf: { value: '${A}' },
      providers: [{ clientId: '${A}-$C-$' }],
    });
  });

  it('may give numbers and flags', () => {
    const yaml = 'server: { port: "${P}" }\ncookie: { persistent: "${F}" }';
    const config = load(yaml, { ...LOOPBACK_ENV, P: '8000', F: 'true' });
    expect(config).toMatchObject({ server: { port: 8000 }, cookie: { persistent: true } });
  });

  it('make no notice of the variables that they use', () => {
    const yaml = 'providers: [{ clientId: "${OIDC_CLIENT_IDS}" }]';
    const env = { ...HTTPS_ENV, OIDC_CLIENT_IDS: 'x', CONFIG_FILE: PATH };
    expect(noticesOf(env, { files: { [PATH]: yaml } })).toEqual([]);
  });
});

describe('what is wrong in the file', () => {
  it.each([
    ['an unknown section', 'sever: {}', 'sever', "did you mean 'server'?"],
    ['an unknown setting', 'server: { prot: 1 }', 'server.prot', "did you mean 'port'?"],
    [
      'another spelling',
      'server: { publicURL: x }',
      'server.publicURL',
      "did you mean 'publicUrl'?",
    ],
    [
      'an unknown setting of an entry',
      'providers: [{ client_id: x }]',
      'providers[0].client_id',
      "did you mean 'clientId'?",
    ],
    [
      'a setting like none of ours',
      'log: { wibble: 1 }',
      'log.wibble',
      'this section has level, audit',
    ],
    [
      'a name that objects inherit',
      'log: { toString: x }',
      'log.toString',
      'this section has level, audit',
    ],
  ])('names %s', (_, yaml, key, remedy) => {
    expect(faults(yaml)).toEqual([{ key, fault: 'is not a setting', remedy }]);
  });

  it.each([
    ['server: 5', 'server'],
    ['server: [1]', 'server'],
    ['- a', 'CONFIG_FILE'],
    ['just text', 'CONFIG_FILE'],
    ['providers: {}', 'providers'],
    ['routes: [5]', 'routes[0]'],
    ['server: { port: [] }', 'server.port'],
    ['server: { port: {} }', 'server.port'],
    ['csrf: { value: 1 }', 'csrf.value'],
  ])('refuses the shape %j', (yaml, key) => {
    expect(faultyKeys(yaml)).toContain(key);
  });

  it('points to the line of broken YAML without quoting it, and calls nothing missing', () => {
    const problems = faults('session:\n  keys: "hunter2\n', {});
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ key: 'CONFIG_FILE' });
    expect(problems[0]?.fault).toMatch(/not valid YAML \(line \d+: [A-Z_]+\)$/);
    expect(JSON.stringify(problems)).not.toContain('hunter2');
  });

  it.each([
    'log: { level: info, level: warn }',
    'log: { level: *nowhere }',
    'log: &itself { level: *itself }',
    'providers: &itself [*itself]',
    'a: !!js/function x',
    'a: 1\n---\nb: 2',
  ])('takes %j for broken', (yaml) => {
    expect(faultyKeys(yaml)).toEqual(['CONFIG_FILE']);
  });

  it('refuses variables that could mean any of several providers', () => {
    const problems = faults(FULL, { ...FULL_ENV, OIDC_ISSUER: 'https://x.example' });
    expect(problems.map(({ key }) => key)).toEqual(['OIDC_ISSUER']);
  });

  it('lets several providers refer to such a variable', () => {
    const yaml = FULL.replace('STAFF_SECRET', 'OIDC_CLIENT_SECRET');
    const config = load(yaml, { ...FULL_ENV, OIDC_CLIENT_SECRET: 'x' });
    expect(config.providers[0]?.credentials.secret).toBe('x');
  });

  it('refuses two providers of one id', () => {
    expect(faultyKeys(FULL.replace('id: guests', 'id: staff'), FULL_ENV)).toEqual([
      'providers[1].id',
    ]);
  });

  it('names entry and setting of what is missing', () => {
    const yaml = `${FULL}\n`.replace('    issuer: https://guests.example.org\n', '');
    expect(faultyKeys(yaml, FULL_ENV)).toEqual(['providers[1].issuer']);
  });
});

describe('routes', () => {
  const routes = (...prefixes: string[]): string =>
    `routes:\n${prefixes
      .map((prefix, at) => `  - { name: r${at}, prefix: "${prefix}", upstream: "http://a" }`)
      .join('\n')}`;

  it.each([
    [['/api', '/files']],
    [['/api', '/api2']],
    [['/login-help']],
    [['/a/b', '/a/c']],
    [['/my/session']],
  ])('may stand at %j', (prefixes) => {
    expect(faultyKeys(routes(...prefixes))).toEqual([]);
  });

  it.each([
    '/login',
    '/login/x',
    '/LOGIN',
    '/callback',
    '/session',
    '/sessions',
    '/logout',
    '/backchannel-logout',
    '/frontchannel-logout/x',
  ])('may not stand in our way at %s', (prefix) => {
    expect(faultyKeys(routes(prefix))).toEqual(['routes[0].prefix']);
  });

  it.each([
    ['/api', '/api'],
    ['/api', '/API'],
  ])('may not stand at %s and %s both', (first, second) => {
    expect(faultyKeys(routes(first, second))).toEqual(['routes[1].prefix']);
  });

  it('may lie within one another: the longest that fits counts', () => {
    expect(faultyKeys(routes('/api', '/api/v2'))).toEqual([]);
    expect(faultyKeys(routes('/api/v2', '/api'))).toEqual([]);
  });

  it('have different names', () => {
    const yaml = routes('/a', '/b').replace('r1', 'r0');
    expect(faultyKeys(yaml)).toEqual(['routes[1].name']);
  });

  it.each(['TRACE', 'CONNECT', 'get'])('let no %s through', (method) => {
    const yaml = `routes: [{ name: a, prefix: /a, upstream: "http://a", methods: [${method}] }]`;
    expect(faultyKeys(yaml)).toEqual(['routes[0].methods']);
  });
});
