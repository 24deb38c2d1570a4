import { HTTPS_ENV, problemsOf } from '../../../test/support/config-env.js';

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
const problems = (...uris: readonly string[]) =>
  problemsOf(
    { ...ENV, CONFIG_FILE: 'v.yaml' },
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
  ])('are not our own callback: %s', (uri) => {
    expect(problems(uri)).toMatchObject([
      { key: 'providers[0].redirectUris', fault: 'names our own callback' },
    ]);
  });

  it('may begin with the same letters', () => {
    expect(problems('https://app.example.com/callbacks')).toEqual([]);
  });
});
