import { configOf, HTTPS_ENV, LOOPBACK_ENV, problemsOf } from '../../../test/support/config-env.js';
import type { Env } from '../source/environment.js';

const SECRET = 's'.repeat(32);

function file(text: string, env: Env = LOOPBACK_ENV) {
  return [{ ...env, CONFIG_FILE: '/v.yaml' }, { files: { '/v.yaml': text } }] as const;
}

/** The keys that are complained about. */
const keys = (text: string, env?: Env): string[] =>
  problemsOf(...file(text, env)).map(({ key }) => key);

const service = (lines: string): string =>
  `services:\n  - ${lines.trim().replaceAll('\n', '\n    ')}`;

describe('a service', () => {
  it('keeps the hash of its secret and nothing else of it', () => {
    const plain = configOf(...file(service(`id: orders\nscopes: [introspect]\nsecret: ${SECRET}`)));
    const [one] = plain.services;
    expect(one?.secretHash).toHaveLength(32);
    expect(JSON.stringify(plain)).not.toContain(SECRET);
    const hash = one?.secretHash?.toString('base64url') ?? '';
    const hashed = configOf(
      ...file(service(`id: orders\nscopes: [introspect]\nsecret: sha256:${hash}`)),
    );
    expect(hashed.services[0]?.secretHash).toEqual(one?.secretHash);
  });

  it.each([
    ['a secret that is short', 'secret: short', 'services[0].secret'],
    ['a hash that is none', 'secret: sha256:abc', 'services[0].secret'],
    ['no secret', '', 'services[0].secret'],
    [
      'codes without a redirect URI',
      `secret: ${SECRET}\nscopes: [code]`,
      'services[0].redirectUris',
    ],
    [
      'a plain shape with two redirect URIs',
      `secret: ${SECRET}\nscopes: [code]\ncodeShape: plain\nredirectUris: [http://localhost/a, http://localhost/b]`,
      'services[0].codeShape',
    ],
    ['an unknown provider', `secret: ${SECRET}\nprovider: nobody`, 'services[0].provider'],
    ['no secret and more than codes', 'auth: none', 'services[0].auth'],
    [
      'a secret in a form where there is none',
      `secret: ${SECRET}\nauth: client_secret_post\nscopes: [sessions]`,
      'services[0].auth',
    ],
  ])('refuses the start with %s', (_what, lines, key) => {
    const scopes = lines.includes('scopes:') ? '' : 'scopes: [introspect]\n';
    expect(keys(service(`id: orders\n${scopes}${lines}`))).toEqual([key]);
  });

  it('comes without a secret only where the listener is on this machine', () => {
    const lines =
      'id: app\nauth: none\nscopes: [code]\ncodeShape: plain\nredirectUris: [https://x.example/cb]';
    expect(keys(service(lines), HTTPS_ENV)).toEqual([]);
    expect(keys(service(lines), { ...HTTPS_ENV, INTERNAL_HOST: '0.0.0.0' })).toEqual([
      'services[0].auth',
    ]);
  });

  it('has an id and redirect URIs of its own', () => {
    const one = `- id: a\n    secret: ${SECRET}\n    scopes: [introspect]`;
    expect(keys(`services:\n  ${one}\n  ${one}`)).toEqual(['services[1].id']);
    const taken = service(
      `id: a\nsecret: ${SECRET}\nscopes: [code]\nredirectUris: [https://x.example/cb]`,
    );
    expect(keys(taken, { ...HTTPS_ENV, OIDC_REDIRECT_URIS: 'https://x.example/cb' })).toEqual([
      'services[0].redirectUris',
    ]);
  });

  it.each([
    ['https://app.example.com/auth/callback'],
    ['https://app.example.com/auth/callback/staff'],
    ['https://app.example.com/auth/callback?x=1'],
    ['https://APP.example.com:443/auth/%63allback'],
  ])('does not redeem the codes of the browser logins that come to %s', (uri) => {
    const env = { ...HTTPS_ENV, BASE_PATH: '/auth' };
    const redeeming = service(`id: a\nsecret: ${SECRET}\nscopes: [code]\nredirectUris: ["${uri}"]`);
    expect(problemsOf(...file(redeeming, env))).toMatchObject([
      { key: 'services[0].redirectUris', fault: 'names the callback of the logins here' },
    ]);
  });

  it('may receive codes elsewhere on our host', () => {
    const elsewhere = 'redirectUris: [https://app.example.com/native/callback]';
    const lines = `id: a\nsecret: ${SECRET}\nscopes: [code]\n${elsewhere}`;
    expect(keys(service(lines), HTTPS_ENV)).toEqual([]);
  });
});

describe('a policy', () => {
  it('is there without an entry, and may be another by one', () => {
    expect(configOf(LOOPBACK_ENV).policies.map(({ name }) => name)).toEqual(['default']);
    const { policies } = configOf(...file('policies:\n  - name: default\n    csrf: false'));
    expect(policies).toHaveLength(1);
    expect(policies[0]?.csrf).toBe(false);
  });

  it('has a name of its own and asks for groups that sessions keep', () => {
    expect(keys('policies:\n  - name: a\n  - name: a')).toEqual(['policies[1].name']);
    const admins = 'policies:\n  - name: a\n    groups: [admins]';
    expect(keys(admins)).toEqual(['policies[0].groups']);
    expect(keys(admins, { ...LOOPBACK_ENV, OIDC_CLAIMS: 'sub,groups' })).toEqual([]);
  });
});

describe('what APIs are told', () => {
  it.each([
    ['ASSERTION_CLAIMS', 'aud'],
    ['ASSERTION_CLAIMS', 'sub=email'],
    ['HEADER_CLAIMS', 'Subject=email'],
    ['HEADER_CLAIMS', 'assertion=email'],
    ['HEADER_CLAIMS', 'a_b=email'],
  ])('cannot be a claim that passes for a fact of ours: %s=%s', (name, value) => {
    expect(problemsOf({ ...LOOPBACK_ENV, [name]: value }).map(({ key }) => key)).toEqual([name]);
  });
});
