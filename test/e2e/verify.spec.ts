import { jsonOf, type Hop, type Outgoing } from '../support/http-exchange.js';
import { Stage } from '../support/stage.js';
import type { UserAgent } from '../support/user-agent.js';

const MANAGED = [
  'subject',
  'issuer',
  'provider',
  'session',
  'email',
  'name',
  'groups',
  'assertion',
];
const EMPTY = Object.fromEntries(MANAGED.map((name) => [`x-auth-${name}`, '']));

describe('a gateway asks', () => {
  let stage: Stage;
  let person: UserAgent;
  let cookie: string;
  beforeAll(async () => {
    stage = await Stage.open({ redis: true, env: { TRUST_PROXY: 'loopback' } });
    person = await stage.member();
    cookie = await stage.cookieOf(person);
  });
  afterAll(() => stage.close());

  const ask = (path: string, outgoing: Outgoing = {}): Promise<Hop> =>
    stage.send(`${stage.bff.internalOrigin}/verify${path}`, outgoing);

  it('whether somebody is there, and is told who', async () => {
    const answer = await ask('', { headers: { cookie } });
    const { session_id: session } = await stage.view(person);
    expect([answer.status, answer.body]).toEqual([200, '']);
    expect(answer.headers).toMatchObject({
      'x-auth-subject': 'alice',
      'x-auth-issuer': stage.op.issuer,
      'x-auth-session': session,
      'x-auth-assertion': expect.stringMatching(/^eyJ/) as string,
    });
    expect(answer.headers).not.toHaveProperty('authorization');
  });

  it('and hears that nobody is, in headers that say so (ATK-07)', async () => {
    const answer = await ask('', { headers: { 'x-forwarded-uri': '/inbox?a=1' } });
    expect(answer.status).toBe(401);
    expect(answer.headers).toMatchObject(EMPTY);
    expect(jsonOf(answer)).toMatchObject({
      code: 'unauthenticated',
      login_url: '/login?return_to=%2Finbox%3Fa%3D1',
    });
  });
});
