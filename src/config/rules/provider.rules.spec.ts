import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import {
  HTTPS_ENV,
  LOOPBACK_ENV,
  noticesOf,
  problemsOf,
} from '../../../test/support/config-env.js';
import { formatProblem } from '../config-problem.js';
import type { Env } from '../source/environment.js';

const PATH = '/etc/vestibule.yaml';
const said = (more: Env, base: Env = HTTPS_ENV): string[] =>
  problemsOf({ ...base, ...more }).map(formatProblem);
const saidOf = (yaml: string, more: Env = {}): string[] =>
  problemsOf({ ...HTTPS_ENV, ...more, CONFIG_FILE: PATH }, { files: { [PATH]: yaml } }).map(
    formatProblem,
  );
/** One provider of which the file says this and the environment the rest. */
const saidOfEntry = (lines: string): string[] => saidOf(`providers:\n  - id: staff\n${lines}`);

describe('a profile', () => {
  it.each([
    ['gogle', "did you mean 'google'?"],
    ['Google', "did you mean 'google'?"],
    ['auth0', 'write one of generic, google, authentiq, oneaccess, eudiw, authing.'],
  ])('%s is not known', (profile, remedy) => {
    expect(said({ OIDC_PROVIDER: profile })).toEqual([
      `OIDC_PROVIDER: must be one of generic, google, authentiq, oneaccess, eudiw, authing. Remedy: ${remedy}`,
    ]);
  });

  it('that is not known makes nothing missing: nobody can say what it needs', () => {
    const nothing = { OIDC_ISSUER: undefined, OIDC_CLIENT_SECRET: undefined };
    expect(said({ ...nothing, OIDC_PROVIDER: 'gogle' })).toHaveLength(1);
    expect(
      saidOf('providers: [{ id: a, profile: gogle }, { id: b, profile: x }]', {
        ...nothing,
        OIDC_CLIENT_ID: undefined,
      }),
    ).toEqual([
      expect.stringMatching(/^providers\[0\]\.profile: .* did you mean 'google'\?$/),
      expect.stringMatching(/^providers\[1\]\.profile: must be one of /),
    ]);
  });

  it('that is not known hides nothing else that is wrong', () => {
    const keys = problemsOf({ ...HTTPS_ENV, OIDC_PROVIDER: 'gogle', OIDC_TIMEOUT: 'long' });
    expect(keys.map(({ key }) => key)).toEqual(['OIDC_PROVIDER', 'OIDC_TIMEOUT']);
  });
});

describe('the issuer', () => {
  const onlyHttps =
    'must be https on this host. Remedy: use https (http is for localhost, 127.0.0.0/8 and [::1] only).';

  it.each(['http://login.example.org', 'http://10.0.0.1:4000', 'http://127.0.0.1.nip.io'])(
    'may not be %s',
    (issuer) => {
      expect(said({ OIDC_ISSUER: issuer })).toEqual([`OIDC_ISSUER: ${onlyHttps}`]);
    },
  );

  it.each(['http://localhost:4000', 'http://127.0.0.2', 'http://[::1]:4000/realms/a'])(
    'may be %s',
    (issuer) => {
      expect(said({ OIDC_ISSUER: issuer })).toEqual([]);
    },
  );

  it.each([
    ['login.example.org', 'must be an absolute URL with http or https'],
    ['https://login.example.org?realm=a', 'must have no query and no fragment'],
    ['https://u:p@login.example.org', 'must have no user name and no password'],
    [
      'https://login.example.org/.well-known/openid-configuration',
      'must be the issuer, not the address of its discovery document',
    ],
  ])('is not %s', (issuer, fault) => {
    expect(said({ OIDC_ISSUER: issuer })).toEqual([
      expect.stringContaining(`OIDC_ISSUER: ${fault}. Remedy: `),
    ]);
  });

  it('has other names only if they are named', () => {
    expect(said({ OIDC_TOKEN_ISSUERS: 'accounts.google.com' })).toEqual([]);
    expect(saidOfEntry('    tokenIssuers: []')).toEqual([
      'providers[0].tokenIssuers: is empty. Remedy: write at least one entry, or remove it.',
    ]);
  });
});

describe('endpoints', () => {
  const byHand = {
    OIDC_DISCOVERY: 'false',
    OIDC_AUTHORIZATION_ENDPOINT: '/authorize',
    OIDC_TOKEN_ENDPOINT: '/token',
    OIDC_JWKS_URI: '/keys',
  };

  it('must be written where nothing is fetched', () => {
    expect(said({ OIDC_DISCOVERY: 'false' })).toEqual(
      ['OIDC_AUTHORIZATION_ENDPOINT', 'OIDC_TOKEN_ENDPOINT', 'OIDC_JWKS_URI'].map(
        (name) =>
          `${name}: is missing, and with OIDC_DISCOVERY false nothing else tells it. Remedy: set it, or let the metadata be fetched.`,
      ),
    );
    expect(said(byHand)).toEqual([]);
  });

  it('need no keys for HS256, and userinfo where that says who it is', () => {
    const noKeys = { ...byHand, OIDC_JWKS_URI: undefined };
    expect(said({ ...noKeys, OIDC_ID_TOKEN_ALG: 'HS256' })).toEqual([]);
    expect(said({ ...noKeys, OIDC_IDENTITY: 'userinfo' })).toEqual([
      expect.stringContaining('OIDC_USERINFO_ENDPOINT: is missing'),
    ]);
    expect(said({ ...noKeys, OIDC_IDENTITY: 'access_token' })).toEqual([
      expect.stringContaining('OIDC_JWKS_URI: is missing'),
    ]);
  });

  it.each([
    ['http://login.example.org/token', 'must be https on this host'],
    ['//evil.example/token', "must be a URL, or a path that begins with one '/'"],
    ['/\\evil.example', "must be a URL, or a path that begins with one '/'"],
    ['token', 'must be an absolute URL'],
    ['/token#here', 'must have no fragment'],
    ['https://login.example.org/token#here', 'must have no fragment'],
    ['https://login.example.org/token?a=b c', 'must be of visible ASCII characters'],
  ])('are not %s', (endpoint, fault) => {
    expect(said({ OIDC_TOKEN_ENDPOINT: endpoint })).toEqual([
      expect.stringContaining(`OIDC_TOKEN_ENDPOINT: ${fault}`),
    ]);
  });

  it.each([
    ['https://sso.example.org/out?to={redirect}', 'has braces around something that is not known'],
    ['/out?to={post_logout_redirect_uri', 'has braces around something that is not known'],
    ['/{client_id}/out', 'has braces around something that is not known'],
    ['http://sso.example.org/out?c={client_id}', 'must be https on this host'],
  ])('for logging out are not %s', (template, fault) => {
    expect(said({ OIDC_LOGOUT_URL: template })).toEqual([
      expect.stringContaining(`OIDC_LOGOUT_URL: ${fault}`),
    ]);
  });
});

describe('the scope', () => {
  it('has openid wherever an ID token says who it is', () => {
    expect(said({ OIDC_SCOPE: 'profile email' })).toEqual([
      "OIDC_SCOPE: must contain 'openid', without which there is no ID token. Remedy: add it, or set OIDC_IDENTITY to userinfo for plain OAuth 2.0.",
    ]);
    expect(said({ OIDC_SCOPE: 'openid-x' })).toHaveLength(1);
    expect(said({ OIDC_SCOPE: 'profile', OIDC_IDENTITY: 'userinfo' })).toEqual([]);
    expect(said({ OIDC_SCOPE: 'profile', OIDC_IDENTITY: 'access_token' })).toEqual([]);
  });
});

describe('more parameters of the authorization request', () => {
  it.each([
    'client_id',
    'client_secret',
    'redirect_uri',
    'response_type',
    'response_mode',
    'scope',
    'state',
    'nonce',
    'code_challenge',
    'code_challenge_method',
    'request',
    'request_uri',
  ])('are not %s, which is ours', (name) => {
    expect(said({ OIDC_AUTHORIZATION_PARAMS: `access_type=offline,${name}=x` })).toEqual([
      expect.stringContaining(
        'OIDC_AUTHORIZATION_PARAMS: entry 2 must be name=value, and no parameter that Vestibule sets itself',
      ),
    ]);
  });

  it.each(['access_type', '=offline', 'access_type=', 'a b=c'])('are not %j', (entry) => {
    expect(said({ OIDC_AUTHORIZATION_PARAMS: entry })).toHaveLength(1);
  });

  it('have a max_age of digits', () => {
    expect(said({ OIDC_AUTHORIZATION_PARAMS: 'max_age=3600' })).toEqual([]);
    expect(said({ OIDC_AUTHORIZATION_PARAMS: 'max_age=1h' })).toEqual([
      'OIDC_AUTHORIZATION_PARAMS: has a max_age that is no number of seconds. Remedy: write digits, such as max_age=3600.',
    ]);
  });

  it('are there once each', () => {
    expect(said({ OIDC_AUTHORIZATION_PARAMS: 'prompt=login,prompt=consent' })).toEqual([
      'OIDC_AUTHORIZATION_PARAMS: entry 2 is there twice. Remedy: remove one.',
    ]);
  });
});

describe('redirect URIs of applications', () => {
  it.each([
    ['http://app.example.com/signed-in', 'entry 1 must be https on this host'],
    ['myapp://signed-in', 'entry 1 must be an absolute URL with http or https'],
    ['https://app.example.com/*', 'entry 1 must be an absolute URL'],
    ['https://app.example.com/a#b', 'entry 1 must have no fragment'],
    ['/signed-in', 'entry 1 must be an absolute URL'],
  ])('are not %s', (uri, fault) => {
    expect(said({ OIDC_REDIRECT_URIS: uri })).toEqual([
      expect.stringContaining(`OIDC_REDIRECT_URIS: ${fault}`),
    ]);
  });

  it('may have a query, and http on this machine', () => {
    const uris = 'https://app.example.com/in?tenant=a,http://localhost:5173/in';
    expect(said({ OIDC_REDIRECT_URIS: uris })).toEqual([]);
  });
});

// ATK-66
describe('who may log in', () => {
  it.each([
    ['allow:', 'providers[0].allow: is empty'],
    ['allow: {}', 'providers[0].allow: is empty'],
    ['allow: []', 'providers[0].allow: must be a mapping'],
    ['allow: corp.com', 'providers[0].allow: must be a mapping'],
    ['allow: true', 'providers[0].allow: must be a mapping'],
    ['allow: [corp.com]', 'providers[0].allow: must be a mapping'],
    ['allow: { domains: }', 'providers[0].allow.domains: is empty'],
    ['allow: { domains: , groups: [staff] }', 'providers[0].allow.domains: is empty'],
    ['allow: { domains: [] }', 'providers[0].allow.domains: is empty'],
    ['allow: { domains: "" }', 'providers[0].allow.domains: is empty'],
    ['allow: { domains: " , " }', 'providers[0].allow.domains: is empty'],
    ['allow: { groups: [""] }', 'providers[0].allow.groups: is empty'],
    ['allow: { domains: {} }', 'providers[0].allow.domains: must be a list of domains'],
    ['allow: { domains: 5 }', 'providers[0].allow.domains: must be a list of domains'],
    ['allow: { groups: [1] }', 'providers[0].allow.groups: must be a list of groups'],
    ['allow: { groups: [[staff]] }', 'providers[0].allow.groups: must be a list of groups'],
    ['allow: { domians: [corp.com] }', 'providers[0].allow.domians: is not a setting'],
    ['allow: { Domains: [corp.com] }', 'providers[0].allow.Domains: is not a setting'],
    ['alow: { domains: [corp.com] }', 'providers[0].alow: is not a setting'],
    ['allow.domains: [corp.com]', 'providers[0].allow.domains: is not a setting'],
    ['domains: [corp.com]', 'providers[0].domains: is not a setting'],
    ['allow: { domains: "${NOBODY_SET}" }', 'refers to NOBODY_SET, which is not set'],
    ['allow: "${NOBODY_SET}"', 'refers to NOBODY_SET, which is not set'],
    ['allow: { groupsClaim: roles }', 'providers[0].allow.groupsClaim: is set without'],
    ['allow: { domainClaim: hd }', 'providers[0].allow.domainClaim: is set without'],
  ])('is no guess: %s (ATK-66)', (line, fault) => {
    const problems = saidOfEntry(`    ${line}`);
    expect(problems).toEqual([expect.stringContaining(fault)]);
    expect(problems[0]).toMatch(/\. Remedy: .{8,}[.?]$/);
  });

  it('is asked back when it is misspelt (ATK-66)', () => {
    expect(saidOfEntry('    allow: { domians: [corp.com] }')[0]).toContain(
      "did you mean 'domains'?",
    );
  });

  it.each(['OIDC_ALLOW_DOMAINS', 'OIDC_ALLOW_EMAILS', 'OIDC_ALLOW_GROUPS', 'OIDC_ALLOW_CLAIMS'])(
    'is no blank variable: %s (ATK-66)',
    (name) => {
      const fault = `${name}: is empty. Remedy: say who may log in, or unset it.`;
      expect(said({ [name]: '' })).toEqual([fault]);
      expect(said({ [name]: ' ' })).toEqual([fault]);
      expect(said({ [name]: ',' })).toEqual([
        `${name}: is empty. Remedy: write at least one entry, or remove it.`,
      ]);
      const two = 'providers: [{ id: a }, { id: b }]';
      expect(saidOf(two, { [name]: '' })).toContainEqual(
        expect.stringContaining(`${name}: is ambiguous`),
      );
    },
  );

  it.each([
    ['OIDC_ALLOWED_DOMAINS', "did you mean 'OIDC_ALLOW_DOMAINS'?"],
    ['OIDC_ALOW_GROUPS', "did you mean 'OIDC_ALLOW_GROUPS'?"],
    ['OIDC_ALLOW_MEMBERSHIPS', 'the rules are OIDC_ALLOW_DOMAINS, OIDC_ALLOW_EMAILS'],
  ])('is no misspelt variable: %s (ATK-66)', (name, remedy) => {
    expect(said({ [name]: 'corp.com' })).toEqual([
      expect.stringContaining(`${name}: is not a setting. Remedy: ${remedy}`),
    ]);
  });

  it.each([
    ['OIDC_ALLOW_DOMAINS', '@corp.com'],
    ['OIDC_ALLOW_DOMAINS', '*.corp.com'],
    ['OIDC_ALLOW_DOMAINS', '.corp.com'],
    ['OIDC_ALLOW_DOMAINS', 'corp.com.'],
    ['OIDC_ALLOW_DOMAINS', 'Corp.com'],
    ['OIDC_ALLOW_DOMAINS', 'corp'],
    ['OIDC_ALLOW_DOMAINS', 'https://corp.com'],
    ['OIDC_ALLOW_DOMAINS', 'corp.com evil.com'],
    ['OIDC_ALLOW_EMAILS', 'alice'],
    ['OIDC_ALLOW_EMAILS', 'Alice@corp.com'],
    ['OIDC_ALLOW_EMAILS', 'a@b@corp.com'],
    ['OIDC_ALLOW_EMAILS', '*@corp.com'],
    ['OIDC_ALLOW_CLAIMS', 'level'],
    ['OIDC_ALLOW_CLAIMS', '=gold'],
    ['OIDC_ALLOW_CLAIMS', 'level='],
  ])(
    'is refused where it could never hold, or would be read otherwise: %s %s (ATK-66)',
    (name, value) => {
      expect(said({ [name]: value })).toEqual([
        expect.stringMatching(new RegExp(`^${name}: entry 1 must be `)),
      ]);
    },
  );
});

describe('a key for decryption', () => {
  const pemOf = (key: KeyObject): string => String(key.export({ type: 'pkcs8', format: 'pem' }));
  const ec = pemOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
  const x25519 = pemOf(generateKeyPairSync('x25519').privateKey);
  const ed25519 = pemOf(generateKeyPairSync('ed25519').privateKey);

  it('is one that something can be encrypted to', () => {
    expect(said({ OIDC_DECRYPTION_KEY: `${ec}${x25519}` })).toEqual([]);
    expect(said({ OIDC_DECRYPTION_KEY: `${ec}${ed25519}` })).toEqual([
      'OIDC_DECRYPTION_KEY: holds a key that can only sign. Remedy: make an RSA, EC or X25519 key for it.',
    ]);
  });
});

describe('what binds a code to its login', () => {
  it('is told of when it is nothing but the state', () => {
    const notices = noticesOf({ ...HTTPS_ENV, OIDC_PKCE: 'none', OIDC_NONCE: 'optional' });
    expect(notices).toEqual([expect.stringContaining('nothing but the state binds a code')]);
    expect(noticesOf({ ...HTTPS_ENV, OIDC_PKCE: 'none', OIDC_IDENTITY: 'userinfo' })).toEqual(
      notices,
    );
    expect(noticesOf({ ...HTTPS_ENV, OIDC_PKCE: 'none' })).toEqual([]);
    expect(noticesOf({ ...HTTPS_ENV, OIDC_NONCE: 'optional' })).toEqual([]);
  });
});

describe('form_post', () => {
  it('needs https, loopback included', () => {
    expect(said({ OIDC_RESPONSE_MODE: 'form_post' })).toEqual([]);
    expect(said({ OIDC_RESPONSE_MODE: 'form_post' }, LOOPBACK_ENV)).toEqual([
      expect.stringMatching(
        /^OIDC_RESPONSE_MODE: is form_post, .* Remedy: use query, or an https /,
      ),
    ]);
  });
});
