import { once } from 'node:events';
import { connect } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { findLeaks, type Secret } from '../support/leak-scan.js';
import { jsonOf, type Hop } from '../support/http-exchange.js';
import { ServiceCaller, servicesFile } from '../support/service-caller.js';
import { PATHS } from '../support/op-host.js';
import { CLIENT_ID, Stage } from '../support/stage.js';

const KINDS = [
  'access token',
  'refresh token',
  'id token',
  'code',
  'verifier',
  'state',
  'session id',
  'session cookie',
  'browser binding',
  'logout token',
  'client secret',
  'session key',
] as const;

describe('the leak scan', () => {
  let stage: Stage;
  let secrets: readonly Secret[];
  beforeAll(async () => {
    stage = await Stage.open();
    const person = await stage.member();
    await stage.call(person);
    await stage.refresh(person);
    await person.click(
      String(jsonOf(await stage.call(person, '/logout', { method: 'POST' }))['location']),
    );
    secrets = stage.secrets();
  });
  afterAll(() => stage.close());

  const secretOf = (kind: Secret['kind']): string => {
    const found = secrets.find((secret) => secret.kind === kind);
    if (found === undefined) throw new Error(`the run had no ${kind}`);
    return found.value;
  };
  const hop = (more: Partial<Hop>): Hop => ({
    method: 'GET',
    url: stage.url('/session'),
    requestHeaders: {},
    requestBody: '',
    status: 401,
    headers: {},
    body: '',
    ...more,
  });
  /** What the scan says of the run when this hop had been in it. */
  const leaksWith = (planted: Hop): string[] => {
    stage.hops.push(planted);
    const leaks = stage.leaks().map(({ kind, where }) => `${kind} in ${where}`);
    stage.hops.splice(stage.hops.indexOf(planted), 1);
    return leaks;
  };
  const withLine = (line: string): string[] => {
    stage.bff.lines.push(line);
    const leaks = stage.leaks().map(({ kind, where }) => `${kind} in ${where}`);
    stage.bff.lines.pop();
    return leaks;
  };

  const withAuditLine = (line: string): string[] => {
    stage.bff.audit.push(line);
    const leaks = stage.leaks().map(({ kind, where }) => `${kind} in ${where}`);
    stage.bff.audit.pop();
    return leaks;
  };

  it('finds nothing in a whole visit: login, call, refresh, logout at the provider (ATK-90, ATK-91, E-23, E-44, E-46)', () => {
    expect(stage.hops.length).toBeGreaterThan(12);
    expect(stage.bff.lines.length).toBeGreaterThan(12);
    expect(stage.bff.audited().map(({ event }) => event)).toEqual(['login', 'refresh', 'logout']);
    expect(stage.leaks()).toEqual([]);
  });

  it.each(KINDS)('has learnt of the %s of the run', (kind) => {
    expect(secretOf(kind).length).toBeGreaterThanOrEqual(32);
  });

  it.each(KINDS)(
    'finds the %s in a body, a header, an address, a log line and an audit line',
    (kind) => {
      const secret = secretOf(kind);
      const encoded = encodeURIComponent(secret);
      const found = [
        leaksWith(hop({ body: JSON.stringify({ debug: secret }), url: stage.url('/api/x') })),
        leaksWith(hop({ headers: { 'x-debug': `value ${secret}` } })),
        leaksWith(hop({ headers: { location: `/inbox?x=${encoded}` }, status: 302 })),
        leaksWith(hop({ url: stage.url(`/inbox?x=${encoded}`) })),
        leaksWith(hop({ url: `${stage.op.issuer}/somewhere?x=${encoded}` })),
        withLine(`{"event":"x","message":"got ${secret}"}`),
        withAuditLine(`{"event":"x","session":"${secret}"}`),
      ];
      for (const leaks of found) {
        expect(leaks.filter((leak) => leak.startsWith(`${kind} in `))).toHaveLength(1);
      }
    },
  );

  const FORMS: readonly (readonly [string, (secret: string) => string])[] = [
    ['as it is', (secret) => secret],
    ['percent-encoded', (secret) => encodeURIComponent(secret)],
    [
      'percent-encoded letter by letter',
      (secret) =>
        [...Buffer.from(secret)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
    ],
    ['percent-encoded twice', (secret) => encodeURIComponent(encodeURIComponent(`${secret}%`))],
    ['in base64', (secret) => Buffer.from(secret).toString('base64')],
    ['in base64url', (secret) => Buffer.from(secret).toString('base64url')],
    ['in base64 behind one letter', (secret) => Buffer.from(`x${secret}`).toString('base64')],
    ['in base64 behind two letters', (secret) => Buffer.from(`xy${secret}`).toString('base64')],
    [
      'in the Basic scheme',
      (secret) => `Basic ${Buffer.from(`client:${secret}`).toString('base64')}`,
    ],
    ['in hex', (secret) => Buffer.from(secret).toString('hex')],
    ['in capital hex', (secret) => Buffer.from(secret).toString('hex').toUpperCase()],
    ['HTML-escaped', (secret) => secret.replaceAll('+', '&#43;').replaceAll('&', '&amp;')],
    [
      'JSON-escaped',
      (secret) =>
        Array.from(secret)
          .map((char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
          .join(''),
    ],
    ['by its first 40 characters', (secret) => secret.slice(0, 40)],
    ['by its last 31 characters', (secret) => secret.slice(-31)],
  ];
  it.each(FORMS)('finds a refresh token %s', (_form, write) => {
    expect(
      findLeaks([{ where: 'here', text: `<p>${write(secretOf('refresh token'))}</p>` }], secrets),
    ).toMatchObject([{ kind: 'refresh token', where: 'here' }]);
  });

  it('finds the signature of a token alone, and the claims alone', () => {
    const [, claims = '', signature = ''] = secretOf('id token').split('.');
    for (const text of [claims, signature])
      expect(findLeaks([{ where: 'here', text }], secrets).length).toBeGreaterThan(0);
  });

  it('finds the bytes of a session key in hex and in base64', () => {
    const bytes = Buffer.from(secretOf('session key'), 'base64url');
    for (const text of [bytes.toString('hex'), bytes.toString('base64')]) {
      expect(findLeaks([{ where: 'here', text }], secrets)).toMatchObject([
        { kind: 'session key', where: 'here' },
      ]);
    }
  });

  describe('lets a secret stand in its own place only', () => {
    it('a code in the callback, not in the bounce page behind it', () => {
      const code = secretOf('code');
      expect(leaksWith(hop({ url: stage.url(`/callback?code=${code}`) }))).toEqual([]);
      expect(leaksWith(hop({ url: stage.url(`/login/return?code=${code}`) }))).toEqual([
        'code in address of GET /login/return (401)',
      ]);
      expect(leaksWith(hop({ url: stage.url(`/callback?state=${code}`) }))).toHaveLength(1);
    });

    it('an ID token as hint to the provider, not as hint to us (ATK-101)', () => {
      const hint = secretOf('id token');
      const end = `${stage.op.issuer}${PATHS.endSession}?id_token_hint=${hint}`;
      expect(leaksWith(hop({ url: end }))).toEqual([]);
      expect(leaksWith(hop({ headers: { location: end }, status: 303 }))).toEqual([]);
      expect(
        leaksWith(
          hop({
            url: stage.url('/logout'),
            body: JSON.stringify({ location: end }),
            headers: { 'content-type': 'application/json' },
          }),
        ),
      ).toEqual([]);
      expect(
        leaksWith(hop({ url: stage.url(`/logout/done?id_token_hint=${hint}`) })).length,
      ).toBeGreaterThan(0);
      expect(
        leaksWith(
          hop({
            url: `${stage.op.issuer}${PATHS.endSession}?id_token_hint=${secretOf('access token')}`,
          }),
        ).length,
      ).toBeGreaterThan(0);
    });

    it('a session in its own cookie, not in another', () => {
      const value = encodeURIComponent(secretOf('session cookie'));
      expect(
        leaksWith(hop({ headers: { 'set-cookie': [`${stage.bff.cookieName}=${value}; Path=/`] } })),
      ).toEqual([]);
      expect(
        leaksWith(
          hop({ headers: { 'set-cookie': [`${stage.bff.loginCookieName}=${value}; Path=/`] } }),
        ).length,
      ).toBeGreaterThan(0);
      expect(
        leaksWith(
          hop({
            headers: {
              'set-cookie': [`${stage.bff.cookieName}=${secretOf('access token')}; Path=/`],
            },
          }),
        ).length,
      ).toBeGreaterThan(0);
    });

    it('nothing in a log line', () => {
      for (const kind of KINDS)
        expect(
          withLine(`{"event":"x","url":"/callback?code=${secretOf(kind)}"}`).length,
        ).toBeGreaterThan(0);
    });
  });

  it('finds nothing in what Redis is told, in what operators and services read, and in refusals (ATK-89, ATK-91)', async () => {
    const worker = new ServiceCaller('worker', { scopes: '[introspect, token, sessions]' });
    await using other = await Stage.open({ redis: true, file: servicesFile(worker) });
    const internal = async (path: string): Promise<void> => {
      const { status, body, headers } = await other.send(`${other.bff.internalOrigin}${path}`);
      expect(status).toBe(200);
      other.note({ where: `answer of ${path}`, text: `${JSON.stringify(headers)} ${body}` });
    };
    const heard = await other.redis.overhear(async () => {
      const person = await other.member();
      await other.call(person);
      await other.refresh(person);
      const cookie = await other.cookieOf(person);
      const callback = person.hops.find(({ url }) => url.includes('/callback?'))?.url ?? '';
      const [, query = ''] = callback.split('?');
      // Refusals of requests that bring true secrets of the run.
      const refusals = [
        await person.arrive(callback),
        await other.person().arrive(callback),
        await other.send(other.url('/nowhere'), { headers: { cookie, referer: callback } }),
        await other.send(other.url('/api//orders'), { headers: { cookie, referer: callback } }),
        await other.send(other.url(`/callback?${query}&${query}`), { headers: { cookie } }),
        await other.call(person, '/api/orders', { method: 'POST', csrf: false }),
        await other.send(other.url('/logout'), { method: 'POST', headers: { cookie } }),
      ];
      expect(refusals.filter(({ status }) => status >= 400).length).toBeGreaterThan(4);
      for (const form of [{ token: cookie.split('=')[1] ?? '' }, { token: 'x' }]) {
        const { status, body } = await worker.ask(other, '/introspect', { form });
        expect(status).toBe(200);
        other.note({ where: 'answer of /introspect', text: body });
      }
      const { body } = await worker.ask(other, '/admin/sessions?sub=alice', { method: 'GET' });
      other.note({ where: 'answer of /admin/sessions', text: body });
      await internal('/metrics');
      await internal('/readyz');
      await internal('/.well-known/jwks.json');
      await other.call(person, '/logout', { method: 'POST' });
      await internal('/metrics');
    });
    expect(heard.match(/"(?:get|mget|evalsha)"/gi)?.length).toBeGreaterThan(10);
    other.note({ where: 'what Redis is told', text: heard });
    expect(other.leaks()).toEqual([]);
    const [planted] = other.secrets().filter(({ kind }) => kind === 'refresh token');
    expect(
      other.leaks([{ where: 'Redis', text: heard.replace('"get"', planted?.value ?? '') }]),
    ).toMatchObject([{ kind: 'refresh token', where: 'Redis' }]);
  });

  it('fails the run that leaked', async () => {
    const other = await Stage.open();
    await other.member();
    const token = other.secrets().find(({ kind }) => kind === 'access token')?.value ?? '';
    other.api.respond((_received, res) => {
      res.writeHead(200, { 'content-type': 'text/plain' }).end(`debug: ${token}`);
    });
    await other.call(await other.member());
    await expect(other.close()).rejects.toThrow(
      /secrets leaked: .*access token.*body of GET \/api\/orders \(200\)/s,
    );
  });
});

describe('whoever listens to Redis, and reads the log at its most talkative', () => {
  it('hears no secret and no address of anybody in a whole visit (ATK-90, E-44)', async () => {
    await using stage = await Stage.open({
      redis: true,
      op: { accessTokens: 'opaque' },
      env: { OIDC_CLAIMS: 'sub,name,email' },
    });
    const listener = connect(stage.redis.port, '127.0.0.1');
    let heard = '';
    listener.on('data', (chunk: Buffer) => {
      heard += chunk.toString('latin1');
    });
    await once(listener, 'connect');
    listener.write('MONITOR\r\n');
    await once(listener, 'data');

    const person = await stage.member();
    expect(await stage.view(person)).toMatchObject({ user: { email: 'alice@example.com' } });
    await stage.call(person);
    await stage.refresh(person);
    await person.fetch(stage.url('/sessions'));
    await stage.call(person, '/api/orders', { headers: { authorization: 'Bearer made-up' } });
    await person.load(stage.url('/callback?code=made-up&state=made-up'), { site: 'cross-site' });
    await stage.call(person, '/logout', { method: 'POST' });
    await stage.redis.command('ECHO', 'the end');
    while (!heard.includes('the end')) await setImmediate();
    listener.destroy();

    const commands = heard.split('\r\n').length;
    expect(commands).toBeGreaterThan(10);
    expect(stage.leaks([{ where: 'what Redis hears', text: heard }])).toEqual([]);
    const log = stage.bff.lines.join('\n');
    for (const said of ['alice@example.com', 'Alice', 'made-up', CLIENT_ID])
      expect([heard.includes(said), said !== CLIENT_ID && log.includes(said)]).toEqual([
        false,
        false,
      ]);
  });
});
