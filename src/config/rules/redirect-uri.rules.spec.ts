import { HTTPS_ENV, problemsOf } from '../../../test/support/config-env.js';
import type { Env } from '../source/environment.js';

const {
  OIDC_ISSUER: _issuer,
  OIDC_CLIENT_ID: _id,
  OIDC_CLIENT_SECRET: _secret,
  ...ENV
} = HTTPS_ENV;
const provider = (id: string, uri: string): string =>
  `  - id: ${id}
    issuer: https://${id}.example.org
    clientId: app
    clientSecret: secret
    redirectUris: [${uri}]
`;
const problems = (...uris: readonly string[]) => problemsWith({}, ...uris);

const problemsWith = (env: Env, ...uris: readonly string[]) =>
  problemsOf(
    { ...ENV, ...env, CONFIG_FILE: 'v.yaml' },
    {
      files: {
        'v.yaml': `providers:\n${uris.map((uri, at) => provider(`p${at}`, uri)).join('')}`,
      },
    },
  );

describe('redirect URIs of applications', () => {
  it('are each the address of one provider', () => {
    expect(problems('https://app.example.com/one', 'https://app.example.com/two')).toEqual([]);
    expect(problems('https://app.example.com/one', 'https://app.example.com/one')).toMatchObject([
      { key: 'providers[1].redirectUris', fault: 'names an address that another provider has' },
    ]);
  });

  it.each([
    ['https://app.example.com/callback'],
    ['https://app.example.com/callback/p0'],
    ['https://app.example.com/callback?x=1'],
    ['https://APP.example.com:443/x/../%63allback'],
  ])('are not our own callback: %s', (uri) => {
    expect(problems(uri)).toMatchObject([
      { key: 'providers[0].redirectUris', fault: 'names our own callback' },
    ]);
  });

  it('are not our own callback below a base path', () => {
    const base = { BASE_PATH: '/auth' };
    expect(problemsWith(base, 'https://app.example.com/auth/callback')).toMatchObject([
      { key: 'providers[0].redirectUris', fault: 'names our own callback' },
    ]);
    expect(problemsWith(base, 'https://app.example.com/callback')).toEqual([]);
  });

  it('may begin with the same letters', () => {
    expect(problems('https://app.example.com/callbacks')).toEqual([]);
  });
});
