import { newLogin } from '../../test/support/session-fixtures.js';
import type { LiveSession } from '../domain/session.js';
import { SessionViews } from './session-view.js';
import type { LogoutToken } from './logout-token.js';
import { PublicUrl } from '../http/public-url.js';
import { configOf, HTTPS_ENV } from '../../test/support/config-env.js';

const logoutToken = { forId: (id: string) => `token-of-${id}` } as LogoutToken;
const urls = new PublicUrl(configOf(HTTPS_ENV).server);
const views = new SessionViews(logoutToken, urls, {});
const viewOf = (session: LiveSession): unknown => JSON.parse(views.of(session, 'id'));

const live: LiveSession = {
  counter: 1n,
  handle: 'the-handle',
  record: {
    identity: newLogin().identity,
    createdAt: 1_500,
    absoluteDeadline: 9_999,
    limitedBy: 'absolute',
  },
  idleDeadline: 5_500,
};

describe('the view of a session', () => {
  it('says who is there and until when, in whole seconds', () => {
    expect(viewOf(live)).toEqual({
      authenticated: true,
      user: { sub: 'user-1', email: 'user@example.com' },
      provider: 'generic',
      session_id: 'the-handle',
      created_at: 1,
      idle_expires_at: 5,
      absolute_expires_at: 9,
      logout_url: '/logout?token=token-of-id',
    });
  });

  it('adds what is known of the login and of the access token', () => {
    const { record } = live;
    const identity = { ...record.identity, acr: 'gold', authTime: 3, amr: ['pwd'] };
    const view = viewOf({
      ...live,
      record: { ...record, identity },
      accessTokenExpiresAt: 7_100,
    });
    expect(view).toMatchObject({ acr: 'gold', auth_time: 3, access_token_expires_at: 7 });
  });

  it.each([
    [{ idleDeadline: 8_000 }, { idle_expires_at: 8 }],
    [{ accessTokenExpiresAt: 9_000 }, { idle_expires_at: 5, access_token_expires_at: 9 }],
  ])('tells the new deadline of a session whose record has not changed: %j', (moved, shown) => {
    viewOf(live);
    expect(viewOf({ ...live, ...moved })).toMatchObject(shown);
  });

  it('shows no claim but those that are for pages', () => {
    const narrow = new SessionViews(logoutToken, urls, { page: ['name'] });
    const view = JSON.parse(narrow.of(live, 'id')) as { user: unknown };
    expect(view.user).toEqual({ sub: 'user-1' });
  });

  it('shows no member that it was not told to show, tokens least of all (ATK-91)', () => {
    const talkative = {
      ...live,
      id: 'the-session-id',
      tokens: { accessToken: 'the-access-token' },
      record: {
        ...live.record,
        refreshToken: 'the-refresh-token',
        identity: {
          ...live.record.identity,
          idToken: 'the-id-token',
          providerSessionId: 'the-sid',
        },
      },
    };
    expect(views.of(talkative, 'secret')).not.toMatch(/the-(?!handle)/);
  });
});
