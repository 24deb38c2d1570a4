import { newLogin } from '../../test/support/session-fixtures.js';
import type { LiveSession } from '../domain/session.js';
import { toSessionView } from './session-view.js';

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

describe('toSessionView', () => {
  it('says who is there and until when, in whole seconds', () => {
    expect(toSessionView(live, '/logout?token=x')).toEqual({
      authenticated: true,
      user: { sub: 'user-1', email: 'user@example.com' },
      provider: 'generic',
      session_id: 'the-handle',
      created_at: 1,
      idle_expires_at: 5,
      absolute_expires_at: 9,
      logout_url: '/logout?token=x',
    });
  });

  it('adds what is known of the login and of the access token', () => {
    const { record } = live;
    const identity = { ...record.identity, acr: 'gold', authTime: 3, amr: ['pwd'] };
    const view = toSessionView(
      { ...live, record: { ...record, identity }, accessTokenExpiresAt: 7_100 },
      '',
    );
    expect(view).toMatchObject({ acr: 'gold', auth_time: 3, access_token_expires_at: 7 });
  });

  it('shows no member that it was not told to show, tokens least of all', () => {
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
    expect(JSON.stringify(toSessionView(talkative, ''))).not.toMatch(/the-(?!handle)/);
  });
});
