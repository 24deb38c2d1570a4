import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSessions } from '../../src/app/session-admin.js';
import { jsonOf, type Hop } from '../support/http-exchange.js';
import {
  lastIdToken,
  logoutToken,
  registerForLogouts,
  sendLogout,
} from '../support/logout-tokens.js';
import { PATHS } from '../support/op-host.js';
import { unfitAuditLines } from '../support/audit-schema.js';
import { askAs, basicOf, ServiceCaller, servicesFile } from '../support/service-caller.js';
import { Stage } from '../support/stage.js';
import type { UserAgent } from '../support/user-agent.js';

const LIFE_MS = 300_000;
const IDLE_MS = 7_200_000;
const support = new ServiceCaller('support', { scopes: '[sessions]' });
const worker = new ServiceCaller('worker', { scopes: '[token, introspect]' });
const FILE = `${servicesFile(support, worker)}
routes:
  - name: strong
    prefix: /strong
    upstream: \${API}
    acr: [gold]
policies:
  - name: staff
    groups: [staff]
`;

describe('the audit stream', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open({
      file: FILE,
      env: {
        TRUST_PROXY: 'loopback',
        SESSION_IDLE: '2h',
        SESSION_MAX_PER_USER: '3',
        OIDC_CLAIMS: 'sub,groups',
      },
    });
    registerForLogouts(stage);
  });
  afterEach(() => stage.op.behave());
  afterAll(() => stage.close());

  /** The lines that `work` causes. */
  const linesOf = async (work: () => Promise<unknown>): Promise<Record<string, unknown>[]> => {
    const before = stage.bff.audit.length;
    await work();
    return stage.bff.audited(before);
  };
  const handleOf = async (person: UserAgent): Promise<string> =>
    String((await stage.view(person))['session_id']);
  const idOf = (hop: Hop): string => String(hop.headers['x-request-id']);
  /** What every line says. */
  const line = (event: string, outcome: string, more: object): object => ({
    audit: 1,
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    event,
    outcome,
    ...more,
  });
  const alice = (): object => ({
    provider: 'generic',
    issuer: stage.op.issuer,
    subject: 'alice',
  });
  const browser = {
    address: expect.stringMatching(/^(::ffff:)?127\.0\.0\.1$|^::1$/),
    agent: expect.stringContaining('Vestibule-Test'),
  };
  const from = (hop: Hop, client: object = browser): object => ({ request_id: idOf(hop), client });
  const anyRequest = { request_id: expect.any(String), client: browser };
  const noBrowser = { ...browser, agent: '' };

  it('says who logged in, where from, and into which session', async () => {
    const person = stage.person();
    const lines = await linesOf(() => stage.logIn(person));
    const session = await handleOf(person);
    expect(lines).toEqual([line('login', 'success', { ...alice(), session, ...anyRequest })]);
    const callback = person.hops.find(({ url }) => url.includes('/callback?'));
    expect(lines[0]?.['request_id']).toBe(callback && idOf(callback));
  });

  it('believes what a trusted proxy says of the address', async () => {
    const person = await stage.member();
    const lines = await linesOf(() =>
      stage.refresh(person, { headers: { 'x-forwarded-for': '203.0.113.7' } }),
    );
    expect(lines).toMatchObject([{ event: 'refresh', client: { address: '203.0.113.7' } }]);
  });

  it('says nothing of reads, nor of strangers', async () => {
    const person = await stage.member();
    const lines = await linesOf(async () => {
      await stage.view(person);
      await stage.call(person);
      await stage.call(person, '/sessions');
      await worker.ask(stage, '/introspect', { form: { token: 'x' } });
      await stage.view(stage.person());
      await stage.call(stage.person());
      await stage.send(`${stage.bff.internalOrigin}/verify/staff`);
    });
    expect(lines).toEqual([]);
  });

  it('names the request whose call made a renewal due', async () => {
    const person = await stage.member();
    const session = await handleOf(person);
    stage.clock.advance(LIFE_MS);
    let answer: Hop | undefined;
    const lines = await linesOf(async () => {
      answer = await stage.call(person);
    });
    expect(lines).toEqual([
      line('refresh', 'success', { ...alice(), session, ...(answer && from(answer)) }),
    ]);
  });

  it('says what came of a refresh that the provider refuses, and that the session ended', async () => {
    const person = await stage.member();
    const session = await handleOf(person);
    stage.clock.advance(LIFE_MS);
    // The provider knows the grant no more.
    stage.op.forget('RefreshToken');
    let answer: Hop | undefined;
    const lines = await linesOf(async () => {
      answer = await stage.call(person);
    });
    const who = { ...alice(), session, ...(answer && from(answer)) };
    expect(lines).toEqual([
      line('refresh_failed', 'failure', { reason: 'invalid_grant', ...who }),
      line('session_ended', 'success', { reason: 'refresh_failed', ...who }),
    ]);
  });

  it('says who logged out, once', async () => {
    const person = await stage.member();
    const session = await handleOf(person);
    const answers: Hop[] = [];
    const lines = await linesOf(async () => {
      answers.push(await stage.call(person, '/logout', { method: 'POST' }));
      answers.push(await stage.call(person, '/logout', { method: 'POST' }));
    });
    expect(lines).toEqual([
      line('logout', 'success', {
        reason: 'logout',
        ...alice(),
        session,
        ...(answers[0] && from(answers[0])),
      }),
    ]);
  });

  it('says of a logout in a frame of the provider that it was one', async () => {
    const person = await stage.member();
    const session = await handleOf(person);
    const { sid } = lastIdToken(stage);
    const query = new URLSearchParams({ iss: stage.op.issuer, sid: String(sid) });
    const lines = await linesOf(() =>
      person.subresource(stage.url(`/frontchannel-logout?${query.toString()}`), 'iframe', {
        site: 'same-site',
      }),
    );
    expect(lines).toEqual([
      line('logout', 'success', { reason: 'frontchannel', ...alice(), session, ...anyRequest }),
    ]);
  });

  it('says whom the provider logged out, and of a logout token that is none', async () => {
    await stage.member({ as: 'bob' });
    await stage.member({ as: 'bob' });
    const hops: Hop[] = [];
    const lines = await linesOf(async () => {
      hops.push(await sendLogout(stage, logoutToken(stage, { sub: 'bob' })));
      hops.push(await sendLogout(stage, 'x'.repeat(40)));
    });
    const [done, refused] = hops.map((hop) => from(hop, noBrowser));
    expect(lines).toEqual([
      line('logout', 'success', {
        reason: 'backchannel',
        provider: 'generic',
        issuer: stage.op.issuer,
        subject: 'bob',
        sessions: 2,
        ...done,
      }),
      line('logout_refused', 'failure', { reason: 'logout_token_rejected', ...refused }),
    ]);
  });

  it('says which devices a user took out', async () => {
    const [one, other] = [await stage.member({ as: 'carol' }), await stage.member({ as: 'carol' })];
    await stage.member({ as: 'carol' });
    const session = await handleOf(other);
    const hops: Hop[] = [];
    const lines = await linesOf(async () => {
      hops.push(await stage.call(one, `/sessions/${session}`, { method: 'DELETE' }));
      hops.push(await stage.call(one, '/sessions', { method: 'DELETE' }));
    });
    const [single, rest] = hops.map((hop) => from(hop));
    const carol = { by: 'user', ...alice(), subject: 'carol', sessions: 1 };
    expect(lines).toEqual([
      line('revocation', 'success', { ...carol, session, ...single }),
      line('revocation', 'success', { ...carol, ...rest }),
    ]);
  });

  it('says which service ended whose sessions', async () => {
    const session = await handleOf(await stage.member({ as: 'bob' }));
    const hops: Hop[] = [];
    const lines = await linesOf(async () => {
      for (const path of [`/${session}`, '?sub=bob&provider=generic'])
        hops.push(await support.ask(stage, `/admin/sessions${path}`, { method: 'DELETE' }));
    });
    const [one, all] = hops.map((hop) => from(hop, noBrowser));
    const by = { by: 'service', service: 'support' };
    expect(lines).toEqual([
      line('revocation', 'success', { ...by, session, sessions: 1, ...one }),
      line('revocation', 'success', { ...by, ...alice(), subject: 'bob', sessions: 0, ...all }),
    ]);
  });

  it('says of a session that ran out by which limit, when somebody asks for it', async () => {
    const person = await stage.member();
    const session = await handleOf(person);
    stage.clock.advance(IDLE_MS + 1_000);
    const lines = await linesOf(() => stage.view(person));
    expect(lines).toEqual([
      line('session_ended', 'success', { reason: 'idle', ...alice(), session, ...anyRequest }),
    ]);
  });

  it('says which session another login replaced, and which was one too many', async () => {
    const person = await stage.member({ as: 'carol' });
    const replaced = await handleOf(person);
    const again = await linesOf(() => stage.logIn(person, { as: 'carol', prompt: 'login' }));
    expect(again.map(({ event, reason, session }) => [event, reason, session])).toEqual([
      ['session_ended', 'replaced', replaced],
      ['login', undefined, await handleOf(person)],
    ]);
    const oldest = await handleOf(person);
    for (let more = 0; more < 2; more += 1) {
      stage.clock.advance(1_000);
      await stage.member({ as: 'carol' });
    }
    stage.clock.advance(1_000);
    const lines = await linesOf(() => stage.member({ as: 'carol' }));
    expect(lines.map(({ event, session }) => [event, session])).toEqual([
      ['session_ended', oldest],
      ['login', expect.any(String)],
    ]);
  });

  it('says that a login of a foreign browser was refused, and one that the person gave up', async () => {
    const callback = await stage.callbackFor(stage.person());
    const hops: Hop[] = [];
    const foreign = await linesOf(async () => hops.push(await stage.person().arrive(callback)));
    expect(foreign).toEqual([
      line('login_refused', 'failure', {
        reason: 'login_state_unknown',
        route: 'callback',
        ...(hops[0] && from(hops[0])),
      }),
    ]);
    const person = stage.person();
    const own = new URL(await stage.callbackFor(person));
    own.searchParams.delete('code');
    own.searchParams.set('error', 'access_denied');
    const denied = await linesOf(() => person.arrive(own.href));
    expect(denied).toEqual([
      line('login_refused', 'failure', {
        reason: 'login_denied',
        provider: 'generic',
        issuer: stage.op.issuer,
        route: 'callback',
        ...anyRequest,
      }),
    ]);
  });

  it('says of what was refused to whom: no proof of our page, a login that is too weak, no group', async () => {
    const person = await stage.member();
    const session = await handleOf(person);
    const who = { ...alice(), session };
    const hops: Hop[] = [];
    const lines = await linesOf(async () => {
      hops.push(await stage.call(person, '/api/orders', { method: 'POST', csrf: false }));
      hops.push(await stage.call(person, '/session/refresh', { method: 'POST', csrf: false }));
      hops.push(await stage.call(person, '/strong/orders'));
      hops.push(
        await stage.send(`${stage.bff.internalOrigin}/verify/staff`, {
          headers: { cookie: await stage.cookieOf(person) },
        }),
      );
    });
    expect(hops.map(({ status }) => status)).toEqual([403, 403, 401, 403]);
    const [proxied, own, weak, gateway] = hops.map((hop, at) =>
      from(hop, at === 3 ? noBrowser : browser),
    );
    expect(lines).toEqual([
      line('access_refused', 'failure', {
        reason: 'csrf_refused',
        ...who,
        route: 'proxy:api',
        ...proxied,
      }),
      line('access_refused', 'failure', {
        reason: 'csrf_refused',
        ...who,
        route: 'session.refresh',
        ...own,
      }),
      line('access_refused', 'failure', {
        reason: 'step_up_required',
        ...who,
        route: 'proxy:strong',
        ...weak,
      }),
      line('access_refused', 'failure', {
        reason: 'not_allowed',
        ...who,
        route: 'verify',
        ...gateway,
      }),
    ]);
  });

  it('says of services who failed to prove themselves, and never what they said', async () => {
    const attempts: readonly (readonly [string, string, string, number])[] = [
      ['/introspect', 'worker', 'wrong-secret-of-a-service', 21],
      ['/introspect', 'nobody-we-know', 'wrong-secret-of-a-service', 22],
    ];
    const hops: Hop[] = [];
    const lines = await linesOf(async () => {
      for (const [path, id, secret, host] of attempts)
        hops.push(
          await askAs(stage, path, {
            form: { token: 'x' },
            headers: { authorization: basicOf(id, secret) },
            localAddress: `127.0.0.${host}`,
          }),
        );
      hops.push(await worker.ask(stage, '/admin/sessions?sub=alice', { method: 'GET' }));
    });
    const [known, unknown, scope] = hops.map((hop) =>
      from(hop, { address: expect.any(String), agent: '' }),
    );
    expect(lines).toEqual([
      line('service_refused', 'failure', { reason: 'invalid_client', service: 'worker', ...known }),
      line('service_refused', 'failure', { reason: 'invalid_client', ...unknown }),
      line('service_refused', 'failure', {
        reason: 'service_not_permitted',
        service: 'worker',
        ...scope,
      }),
    ]);
    expect(JSON.stringify(lines)).not.toMatch(/wrong-secret|nobody-we-know/);
  });

  it('says whose token a service was given', async () => {
    const person = await stage.member();
    const session = await handleOf(person);
    const [, value = ''] = (await stage.cookieOf(person)).split('=');
    let answer: Hop | undefined;
    const lines = await linesOf(async () => {
      answer = await worker.ask(stage, '/token', {
        form: {
          grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
          subject_token: decodeURIComponent(value),
          subject_token_type: 'urn:vestibule:params:oauth:token-type:session',
        },
      });
    });
    expect(answer?.status).toBe(200);
    expect(lines).toEqual([
      line('service_token', 'success', {
        service: 'worker',
        grant: 'exchange',
        ...alice(),
        session,
        ...(answer && from(answer, noBrowser)),
      }),
    ]);
  });

  it('has no second line, and no secret, by what a client calls itself', async () => {
    const person = await stage.member();
    const { access_token: token } = jsonOf(
      stage.op.callsOf(PATHS.token).at(-1)?.answer ?? { body: '{}' },
    );
    const lines = await linesOf(() =>
      stage.refresh(person, {
        headers: { 'user-agent': `x ${String(token)} \u0085{"audit":1}` },
      }),
    );
    expect(lines).toMatchObject([{ event: 'refresh', client: { agent: 'x [redacted]' } }]);
  });

  it('consists of lines that the published schema knows, each of them', () => {
    expect(stage.bff.audit.length).toBeGreaterThan(30);
    expect(unfitAuditLines(stage.bff.audit)).toEqual([]);
    const [first = ''] = stage.bff.audit;
    for (const change of [{ audit: 2 }, { event: 'other' }, { token: 'x' }, { client: undefined }])
      expect(unfitAuditLines([JSON.stringify({ ...JSON.parse(first), ...change })])).toHaveLength(
        1,
      );
  });
});

describe('the audit stream in a file', () => {
  it('has the lines of the product and those of an operator', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'audit.jsonl');
    await using stage = await Stage.open({ redis: true, env: { AUDIT_LOG: path } });
    const person = await stage.member();
    const session = String((await stage.view(person))['session_id']);
    const admin = await openSessions(stage.bff.config);
    await admin?.endOne(session);
    await admin?.endOne(session);
    await admin?.endAll('alice');
    await admin?.close();
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    const time = expect.any(String);
    const revocation = { audit: 1, time, event: 'revocation', outcome: 'success', by: 'operator' };
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({ event: 'login', session }),
      { ...revocation, session, sessions: 1 },
      { ...revocation, issuer: stage.op.issuer, subject: 'alice', sessions: 0 },
    ]);
    expect(unfitAuditLines(lines)).toEqual([]);
    for (const text of lines) stage.note({ where: 'audit file', text });
  });

  it('that is full logs nobody out, and the log and the probe say so', async () => {
    await using stage = await Stage.open({ env: { AUDIT_LOG: '/dev/full' } });
    const ready = async (): Promise<unknown> =>
      jsonOf(await stage.send(`${stage.bff.internalOrigin}/readyz`));
    expect(await ready()).toMatchObject({ status: 'ready', audit: 'writing' });
    await stage.member();
    expect(stage.bff.logged('audit.failed')).toMatchObject([
      { level: 'error', cause: 'ENOSPC', kept: 1, lost: 0 },
    ]);
    expect(await ready()).toMatchObject({ status: 'ready', audit: 'failing' });
  });

  it('that cannot be opened refuses the start', async () => {
    await expect(Stage.open({ env: { AUDIT_LOG: '/dev/null/audit.jsonl' } })).rejects.toThrow(
      /ENOTDIR/,
    );
  });
});

async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'audit-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

describe('the audit stream of a login that the rules refuse', () => {
  it('says who it was: the provider had proved it', async () => {
    await using stage = await Stage.open({ env: { OIDC_ALLOW_GROUPS: 'staff' } });
    await stage.logIn(stage.person());
    expect(stage.bff.audited()).toEqual([
      {
        audit: 1,
        time: expect.any(String),
        event: 'login_refused',
        outcome: 'failure',
        reason: 'not_allowed',
        provider: 'generic',
        issuer: stage.op.issuer,
        subject: 'alice',
        route: 'callback',
        request_id: expect.any(String),
        client: { address: expect.any(String), agent: expect.any(String) },
      },
    ]);
  });
});
