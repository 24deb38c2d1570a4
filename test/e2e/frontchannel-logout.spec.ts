import { cookiesSet, jsonOf, type Hop } from '../support/http-exchange.js';
import { lastIdToken, registerForLogouts } from '../support/logout-tokens.js';
import { PATHS } from '../support/op-host.js';
import { Stage } from '../support/stage.js';
import type { UserAgent } from '../support/user-agent.js';

describe('front-channel logout', () => {
  let stage: Stage;
  let person: UserAgent;
  let sid: string;
  beforeAll(async () => {
    stage = await Stage.open();
    registerForLogouts(stage);
  });
  beforeEach(async () => {
    person = await stage.member();
    sid = String(lastIdToken(stage)['sid']);
  });
  afterAll(() => stage.close());

  const frame = (
    query: Readonly<Record<string, string>>,
    site: 'same-site' | 'cross-site' = 'same-site',
  ): Promise<Hop> =>
    person.subresource(
      stage.url(`/frontchannel-logout?${new URLSearchParams(query).toString()}`),
      'iframe',
      { site },
    );
  const isIn = async (): Promise<boolean> => (await stage.view(person))['authenticated'] === true;

  it('with issuer and session of the cookie that came ends that session and deletes the cookie (B-12, B-13)', async () => {
    const answer = await frame({ iss: stage.op.issuer, sid });
    expect(answer.status).toBe(200);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(cookiesSet(answer)).toEqual([
      expect.stringMatching(new RegExp(`^${stage.bff.cookieName}=;`)),
    ]);
    expect(await isIn()).toBe(false);
    const again = await frame({ iss: stage.op.issuer, sid });
    expect([again.status, again.body]).toEqual([200, '']);
  });

  it('may be framed by the provider and by nobody else', async () => {
    const { headers } = await frame({});
    expect(headers['content-security-policy']).toBe(
      `default-src 'none'; frame-ancestors ${stage.op.issuer}`,
    );
    expect(headers['x-frame-options']).toBeUndefined();
    expect(headers['content-type']).toContain('text/html');
  });

  it('does not revoke the tokens: nobody has proven who asks (ATK-81)', async () => {
    const before = stage.op.callsOf(PATHS.revoke).length;
    await frame({ iss: stage.op.issuer, sid });
    // A whole login later a revocation would have come.
    await stage.member();
    expect(stage.op.callsOf(PATHS.revoke)).toHaveLength(before);
  });

  it.each<[string, (right: { iss: string; sid: string }) => Record<string, string>, number]>([
    ['nothing', () => ({}), 200],
    ['only the session (F-43)', (right) => ({ sid: right.sid }), 400],
    ['only the issuer', (right) => ({ iss: right.iss }), 400],
    ['another issuer (F-44)', (right) => ({ ...right, iss: 'https://evil.example' }), 200],
    ['the issuer with a slash', (right) => ({ ...right, iss: `${right.iss}/` }), 200],
    ['another session', (right) => ({ ...right, sid: `${right.sid}x` }), 200],
    ['an empty session', (right) => ({ ...right, sid: '' }), 200],
  ])('with %s ends nothing (ATK-81)', async (_what, query, status) => {
    const answer = await frame(query({ iss: stage.op.issuer, sid }));
    expect(answer.status).toBe(status);
    expect(cookiesSet(answer)).toEqual([]);
    expect(await isIn()).toBe(true);
  });

  it('with a parameter twice is a bad request', async () => {
    const query = new URLSearchParams([
      ['iss', stage.op.issuer],
      ['sid', sid],
      ['sid', sid],
    ]);
    const answer = await person.subresource(
      stage.url(`/frontchannel-logout?${query.toString()}`),
      'iframe',
    );
    expect([answer.status, jsonOf(answer)['code']]).toEqual([400, 'bad_request']);
    expect(await isIn()).toBe(true);
  });

  it('from another site ends nothing, because the cookie stays at home (F-45)', async () => {
    const answer = await frame({ iss: stage.op.issuer, sid }, 'cross-site');
    expect(answer.requestHeaders['cookie']).toBeUndefined();
    expect([answer.status, cookiesSet(answer)]).toEqual([200, []]);
    expect(await isIn()).toBe(true);
  });

  it("ends nobody else's session", async () => {
    const other = await stage.member({ as: 'bob' });
    const query = new URLSearchParams({ iss: stage.op.issuer, sid });
    await other.subresource(stage.url(`/frontchannel-logout?${query.toString()}`), 'iframe', {
      site: 'same-site',
    });
    expect(await isIn()).toBe(true);
    expect(await stage.view(other)).toMatchObject({ authenticated: true });
  });
});
