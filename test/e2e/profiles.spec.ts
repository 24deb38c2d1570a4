import type { EmulatedProvider } from '../support/emulators/emulated-provider.js';
import { generatedBlock, markdownTable } from '../support/generated-table.js';
import { jsonOf } from '../support/http-exchange.js';
import {
  AUTHENTIQ,
  AUTHING,
  EUDIW,
  GENERIC,
  GOOGLE,
  ONEACCESS,
  openLocalService,
  openSeed,
  openWithKey,
} from '../support/seed-logins.js';
import type { SeedStage } from '../support/seed-stage.js';
import { readToken } from '../support/signing-key.js';
import type { UserAgent } from '../support/user-agent.js';

interface Row {
  readonly profile: string;
  readonly clientAuth: string;
  readonly pkce: string;
  readonly open: () => Promise<SeedStage>;
}

const HEADS = ['profile', 'client authentication', 'PKCE', 'login', 'session', 'refresh', 'logout'];
const NO_PKCE = { env: { OIDC_PKCE: 'none' } };
const WITH_PKCE = { env: { OIDC_PKCE: 'S256' } };
/** The profile with the two lines that its operator adds. */
const IGNORED = 'S256 (ignored there)';

const rows: readonly Row[] = [
  ...(['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'none'] as const).flatMap(
    (clientAuth) => [
      row('generic', clientAuth, 'S256', () => openSeed(GENERIC, clientAuth)),
      row('generic', clientAuth, 'none', () => openSeed(GENERIC, clientAuth, NO_PKCE)),
    ],
  ),
  row('generic', 'private_key_jwt', 'S256', () => openWithKey({})),
  row('generic', 'private_key_jwt', 'none', () => openWithKey(NO_PKCE.env)),
  ...(['client_secret_post', 'client_secret_basic'] as const).flatMap((clientAuth) => [
    row('google', clientAuth, 'S256', () => openSeed(GOOGLE, clientAuth)),
    row('google', clientAuth, 'none', () => openSeed(GOOGLE, clientAuth, NO_PKCE)),
  ]),
  row('google, the service of seed 000', 'none, `{"code"}` as JSON', 'none', async () => {
    const { stage, service } = await openLocalService();
    stage.onClose(() => service.close());
    return stage;
  }),
  ...(['client_secret_basic', 'client_secret_post'] as const).flatMap((clientAuth) => [
    row('authentiq', clientAuth, 'none', () => openSeed(AUTHENTIQ, clientAuth)),
    row('authentiq', clientAuth, IGNORED, () =>
      openSeed(AUTHENTIQ, clientAuth, { ...WITH_PKCE, set: ignorePkce }),
    ),
  ]),
  row('oneaccess', 'client_secret_post', 'none', () => openSeed(ONEACCESS, 'client_secret_post')),
  row('oneaccess, refresh configured', 'client_secret_post', 'none', () =>
    openSeed(ONEACCESS, 'client_secret_post', {
      set: (provider) => {
        provider.refreshConfigured = true;
      },
    }),
  ),
  row('oneaccess', 'client_secret_post', IGNORED, () =>
    openSeed(ONEACCESS, 'client_secret_post', { ...WITH_PKCE, set: ignorePkce }),
  ),
  row('eudiw', 'none', 'S256', () => openSeed(EUDIW, 'none')),
  row('eudiw', 'none', 'none', () => openSeed(EUDIW, 'none', NO_PKCE)),
  ...(['client_secret_post', 'client_secret_basic', 'none'] as const).flatMap((clientAuth) => [
    row('authing', clientAuth, 'S256', () => openSeed(AUTHING, clientAuth)),
    row('authing', clientAuth, 'none', () => openSeed(AUTHING, clientAuth, NO_PKCE)),
  ]),
];

function row(profile: string, clientAuth: string, pkce: string, open: Row['open']): Row {
  return { profile, clientAuth, pkce, open };
}

function ignorePkce(provider: EmulatedProvider): void {
  provider.pkce = 'ignore';
}

/** Whether the browser ended on the page that it wanted. */
async function logIn(stage: SeedStage, person: UserAgent): Promise<string> {
  await stage.logIn(person, { return_to: '/inbox' });
  return person.page === stage.url('/inbox') ? 'yes' : 'no';
}

/** What the provider saw of PKCE is what the row says. */
function expectPkce({ provider }: SeedStage, pkce: string): void {
  const request = provider.callsOf('authorize').at(-1);
  expect(request?.query.has('code_challenge')).toBe(pkce.startsWith('S256'));
  const redeemed = provider.callsOf('token').at(-1);
  expect(redeemed?.body.includes('code_verifier=')).toBe(pkce.startsWith('S256'));
}

/** By what token it is known who is there. */
async function sessionOf(stage: SeedStage, person: UserAgent): Promise<string> {
  const view = await stage.view(person);
  if (view['authenticated'] !== true) return 'no';
  expect(view['user']).toMatchObject({ sub: 'alice', email: 'alice@example.com' });
  const answer = stage.provider.callsOf('token').at(-1)?.answer ?? { body: '{}' };
  const { id_token: idToken, access_token: accessToken } = jsonOf(answer);
  const { header } = readToken(String(idToken ?? accessToken));
  return `${idToken === undefined ? 'access token' : 'ID token'}, ${String(header['alg'])}`;
}

/** Twice with tokens that have run out: what is kept of the first time must do for the second. */
async function refresh(stage: SeedStage, person: UserAgent): Promise<string> {
  const calls = stage.provider.callsOf('token').length;
  const seen: string[] = [];
  for (const _time of [1, 2]) {
    stage.age();
    const answer = await stage.refresh(person);
    expect([answer.status, jsonOf(answer)['authenticated']]).toEqual([200, true]);
    const last = stage.provider.callsOf('token').at(-1);
    if (stage.provider.callsOf('token').length === calls) return 'none is given';
    const rotated = 'refresh_token' in jsonOf(last?.answer ?? { body: '{}' });
    seen.push(last?.answer.status === 200 ? (rotated ? 'rotates' : 'keeps its token') : 'no');
  }
  return [...new Set(seen)].join(', ');
}

/** Where the browser went, and whether it came back. */
async function logOut(stage: SeedStage, person: UserAgent): Promise<string> {
  const { provider } = stage;
  const before = provider.calls.length;
  const hops = stage.hops.length;
  await stage.logOut(person);
  const view = await stage.view(person);
  if (view['authenticated'] !== false) return 'no';
  const { origin } = new URL(stage.url('/'));
  if (new URL(person.page).origin !== origin) return 'not back';
  const there = stage.hops.slice(hops).find(({ url }) => new URL(url).origin !== origin);
  const revoked = provider.calls.slice(before).some(({ endpoint }) => endpoint === 'revoke');
  const place = there === undefined ? 'here' : `${new URL(there.url).pathname} and back`;
  return revoked ? `${place}, tokens revoked` : place;
}

describe('a login through the product', () => {
  const results = new Map<Row, readonly string[]>();

  it.each(rows.map((one) => [one.profile, one.clientAuth, one.pkce, one] as const))(
    'works with %s, %s, PKCE %s',
    async (profile, clientAuth, pkce, one) => {
      await using stage = await one.open();
      const person = stage.person();
      const login = await logIn(stage, person);
      expectPkce(stage, pkce);
      const session = await sessionOf(stage, person);
      const renewed = await refresh(stage, person);
      const logout = await logOut(stage, person);
      results.set(one, [profile, clientAuth, pkce, login, session, renewed, logout]);
      expect([login, session, renewed, logout]).not.toContain('no');
    },
  );

  it('has the results that the README tells', () => {
    const table = markdownTable(
      HEADS,
      rows.map((one) => results.get(one) ?? [one.profile, one.clientAuth, one.pkce, 'did not run']),
    );
    const { documented, found } = generatedBlock('README.md', 'profiles', table);
    expect(documented).toBe(found);
  });
});
