import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HTTPS_ENV, loadWith } from '../../test/support/config-env.js';
import type { Env } from './source/environment.js';

const README = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
const PROVIDERS = README.slice(
  README.indexOf('## Providers\n'),
  README.indexOf('## Calling APIs\n'),
);
const ROUTES = README.slice(
  README.indexOf('## Calling APIs\n'),
  README.indexOf('## Configuration\n'),
);
const KEY = String(
  generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }),
);
const SECRET_FILES = { '/run/secrets': 's3cret' };

const {
  OIDC_ISSUER: _issuer,
  OIDC_CLIENT_ID: _id,
  OIDC_CLIENT_SECRET: _secret,
  ...BARE
} = HTTPS_ENV;

const blocksOf = (language: string): string[] =>
  [...PROVIDERS.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(
    ([, text = '']) => text,
  );

/** `NAME=value` words as a shell would set them; what is left out is an id. */
function envOf(line: string): Env {
  const pairs = line
    .trim()
    .split(' ')
    .map((word): [string, string] => {
      const at = word.indexOf('=');
      const [name, value] = [word.slice(0, at), word.slice(at + 1)];
      return [name, name.endsWith('_FILE') ? '/run/secrets' : value.replace('…', 'app')];
    });
  return Object.fromEntries(pairs);
}

describe('the examples of the README', () => {
  it('start with the routes that it shows', () => {
    const [, yaml = ''] = /^```yaml\n(.*?)^```/ms.exec(ROUTES) ?? [];
    const [, OIDC_RESOURCES] = /`OIDC_RESOURCES=(\S+)`/.exec(ROUTES) ?? [];
    const env = { ...HTTPS_ENV, OIDC_RESOURCES, CONFIG_FILE: 'v.yaml' };
    const loaded = loadWith(env, { files: { 'v.yaml': yaml } });
    expect(loaded).toMatchObject({
      kind: 'ok',
      notices: [],
      config: { routes: [{ name: 'orders' }, { name: 'payments' }, { name: 'reports' }] },
    });
  });

  const lines = blocksOf('sh');

  it('show every profile that needs more than an issuer', () => {
    const shown = lines.map((line) => envOf(line)['OIDC_PROVIDER']);
    expect(shown).toEqual(['google', 'authentiq', 'oneaccess', 'eudiw', 'authing']);
  });

  it.each(lines)('start: %s', (line) => {
    const loaded = loadWith({ ...BARE, ...envOf(line) }, { files: SECRET_FILES });
    expect(loaded).toMatchObject({ kind: 'ok', notices: [] });
  });

  it.each([
    ['google', 'OIDC_AUTHORIZATION_PARAMS=prompt=select_account'],
    ['authentiq', 'OIDC_CLIENT_AUTH=client_secret_post'],
    ['google', 'OIDC_AUTHORIZATION_PARAMS=access_type=online'],
    ['authing', 'OIDC_ID_TOKEN_ALG=RS256'],
    [
      'authing',
      'OIDC_LOGOUT_URL=/login/profile/logout?app_id={client_id}&redirect_uri={post_logout_redirect_uri}',
    ],
    ['authing', 'LOGOUT_ID_TOKEN_HINT=false'],
    ['eudiw', 'OIDC_IDENTITY=id_token'],
  ])('start with what is recommended for %s: %s', (profile, recommended) => {
    expect(PROVIDERS).toContain(`\`${recommended}\``);
    const line = lines.find((one) => one.includes(`OIDC_PROVIDER=${profile} `)) ?? '';
    const env = { ...BARE, ...envOf(line), ...envOf(recommended) };
    expect(loadWith(env, { files: SECRET_FILES }).kind).toBe('ok');
  });

  it('start with a service in front of a token endpoint', () => {
    const [, text = ''] = /`(OIDC_TOKEN_ENDPOINT=[^`]+)`/.exec(PROVIDERS) ?? [];
    const env = { ...BARE, OIDC_PROVIDER: 'google', OIDC_CLIENT_ID: 'app', ...envOf(text) };
    expect(loadWith(env)).toMatchObject({
      kind: 'ok',
      config: {
        providers: [
          {
            metadata: { byHand: { token_endpoint: 'http://localhost:8080/token' } },
            tokenRequest: { format: 'json' },
          },
        ],
      },
    });
  });

  it('start with several providers', () => {
    const [yaml = '', ...others] = blocksOf('yaml');
    expect(others).toEqual([]);
    const env = {
      ...BARE,
      CONFIG_FILE: '/etc/vestibule.yaml',
      STAFF_SECRET: 's3cret',
      PARTNERS_KEY_FILE: '/run/partners',
    };
    const files = { '/etc/vestibule.yaml': yaml, '/run/partners': KEY };
    expect(loadWith(env, { files })).toMatchObject({
      kind: 'ok',
      config: {
        providers: [
          { id: 'staff', profile: 'google', allow: { domains: ['example.com'] } },
          {
            id: 'partners',
            credentials: { method: 'private_key_jwt' },
            claims: [{}, {}, {}, { name: 'roles', source: 'realm_access.roles' }],
          },
        ],
      },
    });
  });
});
