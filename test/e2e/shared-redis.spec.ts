import { exchange, jsonOf, type Hop } from '../support/http-exchange.js';
import { BffHost } from '../support/bff-host.js';
import { CLIENT_ID, Stage } from '../support/stage.js';
import { UserAgent } from '../support/user-agent.js';

/** The same provider, the same person, the same server keys, one Redis: nothing but the prefix tells them apart. */
describe('two applications that share a Redis (P-25)', () => {
  let stage: Stage;
  let other: BffHost;
  beforeAll(async () => {
    const keys = `k1:${Buffer.alloc(32, 9).toString('base64url')}`;
    stage = await Stage.open({ redis: true, env: { SESSION_KEYS: keys, REDIS_PREFIX: 'one:' } });
    other = await BffHost.start({
      clock: stage.clock,
      env: {
        SESSION_KEYS: keys,
        REDIS_PREFIX: 'two:',
        REDIS_URL: stage.redis.url,
        OIDC_ISSUER: stage.op.issuer,
        OIDC_CLIENT_ID: `${CLIENT_ID}/other`,
        OIDC_CLIENT_SECRET: 'of-the-other',
        OIDC_SCOPE: 'openid profile email',
        OIDC_USERINFO: 'false',
      },
    });
    stage.op.register({
      clientId: `${CLIENT_ID}/other`,
      clientSecret: 'of-the-other',
      publicUrl: other.url(''),
    });
    await other.untilLogged('store.connected');
  });
  afterAll(async () => {
    await other.stop();
    await stage.close();
  });

  const viewAt = async (person: UserAgent, host: BffHost): Promise<Record<string, unknown>> =>
    jsonOf(await person.fetch(host.url('/session'), { csrf: false }));

  /** A person who is logged in at both. */
  async function memberOfBoth(): Promise<UserAgent> {
    const person = new UserAgent();
    await stage.logIn(person);
    const page = await person.visit(other.url('/login'));
    if (page.url.startsWith(stage.op.issuer)) await person.submit({ user: 'alice' }, page);
    expect(await viewAt(person, other)).toMatchObject({ authenticated: true });
    return person;
  }

  it('leave each other’s sessions alone when a person logs out of one', async () => {
    const person = await memberOfBoth();
    await person.fetch(other.url('/logout'), { method: 'POST' });
    expect(await viewAt(person, other)).toMatchObject({ authenticated: false });
    expect(await viewAt(person, stage.bff)).toMatchObject({ authenticated: true });
  });

  it('list and end the sessions of their own only', async () => {
    const [person, again] = [await memberOfBoth(), await memberOfBoth()];
    const listed = jsonOf(await person.fetch(other.url('/sessions'))) as { sessions: unknown[] };
    const ended: Hop = await person.fetch(other.url('/sessions'), { method: 'DELETE' });
    expect([listed.sessions.length, ended.status]).toEqual([2, 200]);
    expect(await viewAt(again, other)).toMatchObject({ reason: 'revoked' });
    expect(await viewAt(again, stage.bff)).toMatchObject({ authenticated: true });
  });

  it('know nothing of the cookies of the other', async () => {
    const person = await memberOfBoth();
    const value = (await stage.cookieOf(person)).split('=').slice(1).join('=');
    const cookie = `${other.cookieName}=${value}`;
    const answer = await exchange(other.url('/session'), { headers: { cookie } });
    expect(answer.status).toBe(401);
  });
});
