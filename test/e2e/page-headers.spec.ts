import type { Hop } from '../support/http-exchange.js';
import { Stage } from '../support/stage.js';

const EVERYWHERE = {
  'strict-transport-security': 'max-age=63072000',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': expect.stringContaining('camera=()'),
  'cache-control': 'no-store',
};

function noncesOf({ headers, body }: Hop): { policy: string[]; page: string[] } {
  const found = (text: string, pattern: RegExp): string[] => [
    ...new Set([...text.matchAll(pattern)].map(([, nonce = '']) => nonce)),
  ];
  return {
    policy: found(String(headers['content-security-policy']), /'nonce-([^']+)'/g),
    page: found(body, /<(?:script|style) nonce="([^"]+)"/g),
  };
}

describe('what every page of ours says of itself, on https', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open({
      https: true,
      file: `providers:
  - { id: one, issuer: 'https://one.example', clientId: a, clientSecret: 'secret-of-one-at-least-long' }
  - { id: two, issuer: 'https://two.example', clientId: b, clientSecret: 'secret-of-two-at-least-long' }
`,
      env: {
        OIDC_ISSUER: '',
        OIDC_CLIENT_ID: '',
        OIDC_CLIENT_SECRET: '',
        OIDC_SCOPE: '',
        OIDC_USERINFO: '',
      },
    });
  });
  afterAll(() => stage.close());

  const open = (path: string): Promise<Hop> =>
    stage.send(`http://localhost:${stage.bff.port}${path}`, {
      headers: { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
    });

  it.each([
    ['an error', '/callback?state=x&code=y'],
    ['the bounce', '/login/return?return_to=/inbox'],
    ['the choice of providers', '/login'],
    ['a logout without a session', '/logout'],
    ['the end of a logout', '/logout/done'],
  ])(
    '%s: the headers, and a nonce that is its own and new each time (ATK-59, ATK-88)',
    async (_page, path) => {
      const [first, second] = [await open(path), await open(path)];
      for (const hop of [first, second]) {
        expect(hop.headers['content-type']).toBe('text/html; charset=utf-8');
        expect(hop.headers).toMatchObject(EVERYWHERE);
        const { policy, page } = noncesOf(hop);
        expect(page).toEqual(policy);
        expect(policy).toEqual([expect.stringMatching(/^[\w-]{22}$/)]);
        expect(String(hop.headers['content-security-policy']).split('; ')).toEqual([
          "default-src 'none'",
          `script-src 'nonce-${policy[0]}'`,
          `style-src 'nonce-${policy[0]}'`,
          "form-action 'self'",
          "base-uri 'none'",
          "frame-ancestors 'none'",
        ]);
      }
      expect(noncesOf(first).policy).not.toEqual(noncesOf(second).policy);
    },
  );
});
