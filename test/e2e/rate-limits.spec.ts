import { jsonOf, type Hop } from '../support/http-exchange.js';
import { errorCodeOf } from '../support/html-page.js';
import { logoutToken, registerForLogouts, sendLogout } from '../support/logout-tokens.js';
import { PATHS } from '../support/op-host.js';
import { startReplica, type Replica } from '../support/replica.js';
import { askAs, basicOf, ServiceCaller, servicesFile } from '../support/service-caller.js';
import { Stage } from '../support/stage.js';

const WINDOW = 60;
const NAVIGATION = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };

/** Where a service asks. */
type Place = Parameters<typeof askAs>[0];

/** A page load of `/login` by somebody new, from an address of this machine. */
const begin = (
  stage: Stage,
  url = stage.url('/login'),
  { localAddress = '127.0.0.1', headers = {} }: { localAddress?: string; headers?: object } = {},
): Promise<Hop> => stage.send(url, { localAddress, headers: { ...NAVIGATION, ...headers } });

/** A new window for everybody, here and in the store. */
async function newWindow(stage: Stage): Promise<void> {
  stage.clock.advance(WINDOW * 1000);
  const script = "for _, key in ipairs(redis.call('KEYS', '*:c:*')) do redis.call('DEL', key) end";
  await stage.redis.command('EVAL', script, '0');
}

/** The keys of all counters in Redis. */
async function counters(stage: Stage): Promise<string[]> {
  const reply = await stage.redis.command('KEYS', '*:c:*');
  return reply.split('\r\n').filter((line) => line.startsWith('vestibule:'));
}

const statuses = (hops: readonly Hop[]): number[] => hops.map(({ status }) => status);

describe('logins from one network', () => {
  let stage: Stage;
  let replica: Replica;
  beforeAll(async () => {
    stage = await Stage.open({
      redis: true,
      env: { LIMIT_LOGIN: `4/${WINDOW}s`, LIMIT_CALLBACK: `2/${WINDOW}s` },
    });
    replica = await startReplica(stage);
  });
  afterEach(() => newWindow(stage));
  afterAll(async () => {
    await replica.stop();
    await stage.close();
  });

  it('are counted by all instances together, and told by 429 (J-25, K-33, R-07, E-55, R-43)', async () => {
    const answers = [
      await begin(stage),
      await begin(stage, replica.url('/login')),
      await begin(stage),
      await begin(stage, replica.url('/login')),
    ];
    expect(statuses(answers)).toEqual([302, 302, 302, 302]);
    expect(answers.map(({ headers }) => headers['ratelimit'])).toEqual([
      `"login";r=3;t=${WINDOW}`,
      expect.stringMatching(/^"login";r=2;t=\d+$/),
      expect.stringMatching(/^"login";r=1;t=\d+$/),
      undefined,
    ]);
    for (const url of [stage.url('/login'), replica.url('/login')]) {
      const refused = await begin(stage, url, { headers: { accept: 'application/json' } });
      expect([refused.status, refused.headers.location]).toEqual([429, undefined]);
      expect(refused.headers['set-cookie']).toBeUndefined();
      expect(refused.headers['ratelimit-policy']).toBe(`"login";q=4;w=${WINDOW}`);
      const [, seconds = ''] =
        /^"login";r=0;t=(\d+)$/.exec(String(refused.headers['ratelimit'])) ?? [];
      expect(refused.headers['retry-after']).toBe(seconds);
      expect(Number(seconds)).toBeLessThanOrEqual(WINDOW);
    }
  });

  it('are told on a page to a person, and as a problem to a script', async () => {
    const person = await stage.member();
    for (let at = 0; at < 4; at += 1) await begin(stage);
    const page = await stage.startLogin(stage.person());
    expect([page.status, errorCodeOf(page.body)]).toEqual([429, 'too_many_requests']);
    expect(page.headers['content-type']).toContain('text/html');
    const told = await person.fetch(stage.url('/login'), {
      headers: { accept: 'application/json' },
    });
    expect(told.headers['content-type']).toContain('application/problem+json');
    expect(jsonOf(told)).toMatchObject({ status: 429, code: 'too_many_requests' });
    // Whoever is logged in already goes on.
    expect(await stage.view(person)).toMatchObject({ authenticated: true });
    expect((await stage.call(person)).status).toBe(200);
  });

  it('hold up nobody elsewhere', async () => {
    for (let at = 0; at < 5; at += 1) await begin(stage);
    const elsewhere = await begin(stage, undefined, { localAddress: '127.0.0.2' });
    expect(elsewhere.status).toBe(302);
  });

  it('are of the network that connects, whatever a header says (ATK-04)', async () => {
    const claims = [
      '10.0.0.1',
      '10.0.0.2, 10.0.0.3',
      'garbage',
      'fe80::1%eth0',
      '64:ff9b::10.0.0.1',
      '',
    ];
    const answers: Hop[] = [];
    for (const claim of claims)
      answers.push(await begin(stage, undefined, { headers: { 'x-forwarded-for': claim } }));
    expect(statuses(answers)).toEqual([302, 302, 302, 302, 429, 429]);
  });

  it('are logged once, with the network, and without anything of the browser', async () => {
    const before = stage.bff.logged('limit.reached').length;
    for (let at = 0; at < 8; at += 1) await begin(stage);
    const [line, ...more] = stage.bff.logged('limit.reached').slice(before);
    expect(line).toMatchObject({ policy: 'login', who: '127.0.0.1' });
    expect(more).toEqual([]);
  });

  it('are not used up by what a foreign page embeds', async () => {
    const embedded = [
      { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image', 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe', 'sec-fetch-site': 'cross-site' },
      { ...NAVIGATION, 'sec-purpose': 'prefetch' },
    ];
    for (let at = 0; at < 3; at += 1) {
      for (const headers of embedded)
        expect((await begin(stage, undefined, { headers })).status).toBe(400);
      // Without the cookie of a browser that began a login there is nothing to look for.
      expect((await stage.send(stage.url('/callback?state=x&code=y'))).status).toBe(400);
    }
    expect((await begin(stage)).headers['ratelimit']).toMatch(/^"login";r=3;/);
  });

  it('end as often as they may: a callback that was refused spends no state', async () => {
    const person = stage.person();
    const callback = await stage.callbackFor(person);
    const cookie = `${stage.bff.loginCookieName}=${'x'.repeat(43)}`;
    for (let at = 0; at < 2; at += 1) {
      const url = stage.url(`/callback?state=${'s'.repeat(43)}&code=c`);
      expect((await stage.send(url, { headers: { cookie } })).status).toBe(400);
    }
    const before = stage.op.callsOf(PATHS.token).length;
    const refused = await person.load(callback, { site: 'cross-site' });
    expect([refused.status, errorCodeOf(refused.body)]).toEqual([429, 'too_many_requests']);
    expect(refused.headers['ratelimit-policy']).toBe(`"callback";q=2;w=${WINDOW}`);
    expect(stage.op.callsOf(PATHS.token)).toHaveLength(before);
    await newWindow(stage);
    const again = await person.load(callback, { site: 'cross-site' });
    expect(again.status).toBe(303);
    expect(await stage.view(person)).toMatchObject({ authenticated: true });
  });

  it('stand in Redis under names that tell no address, and end with their window', async () => {
    await begin(stage);
    const [key = '', ...others] = await counters(stage);
    expect(key).toMatch(/^vestibule:c:login:[\w-]{22}$/);
    expect(others).toEqual([]);
    const life = Number((await stage.redis.command('PTTL', key)).slice(1));
    expect(life).toBeGreaterThan(0);
    expect(life).toBeLessThanOrEqual(WINDOW * 1000);
  });
});

describe('a foreign page that embeds callbacks, where form_post makes the binding SameSite=None', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open({
      https: true,
      env: { OIDC_RESPONSE_MODE: 'form_post', LIMIT_CALLBACK: `2/${WINDOW}s` },
    });
  });
  afterAll(() => stage.close());

  it('is refused before anything is counted, and the login of the browser goes on (ATK-28)', async () => {
    const person = stage.person();
    const login = await stage.startLogin(person);
    const binding = `${stage.bff.loginCookieName}=`;
    const url = stage.url(`/callback?state=${'s'.repeat(43)}&code=c`);
    const post = {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URL(url).search.slice(1),
    };
    const embedded = [
      () => person.subresource(url, 'image', { site: 'cross-site' }),
      () => person.subresource(url, 'iframe', { site: 'cross-site' }),
      () => person.subresource(stage.url('/callback'), 'empty', { site: 'cross-site', ...post }),
    ];
    for (const embed of [...embedded, ...embedded]) {
      const answer = await embed();
      expect(String(answer.requestHeaders['cookie'])).toContain(binding);
      expect([answer.status, jsonOf(answer)]).toMatchObject([400, { code: 'not_a_navigation' }]);
      expect(answer.headers['ratelimit']).toBeUndefined();
    }
    await person.submit({ user: 'alice' }, login);
    expect(await stage.view(person)).toMatchObject({ authenticated: true });
  });
});

describe('logins behind a trusted proxy', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open({ env: { LIMIT_LOGIN: `2/${WINDOW}s`, TRUST_PROXY: 'loopback' } });
  });
  afterAll(() => stage.close());

  const beginAs = (forwarded: string): Promise<Hop> =>
    begin(stage, undefined, { headers: { 'x-forwarded-for': forwarded } });

  it('are of the right-most address that is no proxy, whatever the client wrote before it (ATK-04)', async () => {
    const answers: Hop[] = [];
    for (const claim of ['10.0.0.1, ', '::1, garbage, ', '10.0.0.2,10.0.0.3,'])
      answers.push(await beginAs(`${claim}203.0.113.7`));
    expect(statuses(answers)).toEqual([302, 302, 429]);
    expect((await beginAs('203.0.113.7, 203.0.113.8')).status).toBe(302);
  });

  it('are of one /64, whichever of its addresses is used (ATK-04)', async () => {
    const answers: Hop[] = [];
    for (const end of ['1', 'ffff', 'a:b:c:d']) answers.push(await beginAs(`2001:db8::${end}`));
    expect(statuses(answers)).toEqual([302, 302, 429]);
  });
});

describe('logout tokens', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open({ redis: true, env: { LIMIT_BACKCHANNEL: `3/${WINDOW}s` } });
    registerForLogouts(stage);
  });
  afterEach(() => newWindow(stage));
  afterAll(() => stage.close());

  const send = (token: string): Promise<Hop> => sendLogout(stage, token);

  it('that are true use nothing up, however many come', async () => {
    const answers: Hop[] = [];
    for (let at = 0; at < 10; at += 1)
      answers.push(await send(logoutToken(stage, { sub: 'nobody' })));
    expect(new Set(statuses(answers))).toEqual(new Set([200]));
    expect(await counters(stage)).toEqual([]);
  });

  it('that are none are looked at a few times, and then no other of this network either', async () => {
    const none = ['garbage', '', logoutToken(stage, { sub: 'nobody', aud: 'another' })];
    const answers: Hop[] = [];
    for (const token of none) answers.push(await send(token));
    expect(statuses(answers)).toEqual([400, 400, 400]);
    const refused = await send(logoutToken(stage, { sub: 'nobody' }));
    expect(refused.status).toBe(429);
    expect(jsonOf(refused)).toMatchObject({ code: 'too_many_requests' });
    expect(refused.headers['ratelimit-policy']).toBe(`"backchannel";q=3;w=${WINDOW}`);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    await newWindow(stage);
    expect((await send(logoutToken(stage, { sub: 'nobody' }))).status).toBe(200);
  });

  it('that nobody could judge, because Redis is away, count nothing', async () => {
    const gone = stage.bff.nextLog('store.disconnected');
    await stage.redis.kill();
    await gone;
    for (let at = 0; at < 6; at += 1)
      expect((await send(logoutToken(stage, { sub: 'nobody' }))).status).toBe(503);
    const back = stage.bff.nextLog('store.connected');
    await stage.redis.run();
    await back;
    expect((await send(logoutToken(stage, { sub: 'nobody' }))).status).toBe(200);
  });
});

describe('wrong secrets', () => {
  const backend = new ServiceCaller('backend', { scopes: 'introspect' });
  let stage: Stage;
  let replica: Replica;
  beforeAll(async () => {
    stage = await Stage.open({
      redis: true,
      file: servicesFile(backend),
      env: { LIMIT_SECRETS: `4/${WINDOW}s`, LIMIT_LOGIN: `4/${WINDOW}s` },
    });
    replica = await startReplica(stage);
  });
  beforeEach(() => newWindow(stage));
  afterAll(async () => {
    await replica.stop();
    await stage.close();
  });

  const here = (): Place => stage;
  const there = (): Place => ({
    bff: { internalOrigin: `http://127.0.0.1:${replica.vestibule.internalPort}` },
  });
  const guess = async (at: Place): Promise<number> => {
    const headers = { authorization: basicOf('backend', 'x') };
    return (await askAs(at, '/introspect', { form: { token: 'x' }, headers })).status;
  };
  const ask = (at: Place): Promise<Hop> => backend.ask(at, '/introspect', { form: { token: 'x' } });

  it('add up over all instances: one more than the quota is looked at for each other instance', async () => {
    expect([
      await guess(here()),
      await guess(there()),
      await guess(here()),
      await guess(there()),
    ]).toEqual([401, 401, 401, 401]);
    // The one that counted the last knows; the other finds out by the next.
    expect(await guess(there())).toBe(429);
    expect(await guess(here())).toBe(401);
    expect(await guess(here())).toBe(429);
    const refused = [await ask(here()), await ask(there())];
    for (const { status, headers } of refused) {
      expect(status).toBe(429);
      expect(headers['ratelimit-policy']).toBe(`"secrets";q=4;w=${WINDOW}`);
      expect(headers['ratelimit']).toMatch(/^"secrets";r=0;t=\d+$/);
    }
    await newWindow(stage);
    expect(statuses([await ask(here()), await ask(there())])).toEqual([200, 200]);
  });

  it('are the only ones to cost Redis anything: the right one has no command for it', async () => {
    await ask(here());
    await stage.redis.command('CONFIG', 'RESETSTAT');
    for (let at = 0; at < 20; at += 1) expect((await ask(here())).status).toBe(200);
    const stats = await stage.redis.command('INFO', 'commandstats');
    expect(stats).not.toMatch(/cmdstat_(?:incr|eval|evalsha):/);
    expect(await counters(stage)).toEqual([]);
  });

  it('are limited while Redis is away too, by each instance for itself, and people are not', async () => {
    const gone = stage.bff.nextLog('store.disconnected');
    await stage.redis.kill();
    await gone;
    for (let at = 0; at < 4; at += 1) expect(await guess(here())).toBe(401);
    expect(await guess(here())).toBe(429);
    expect((await ask(here())).status).toBe(429);
    // 503 is the store's, and no limit stands before it: nobody is told to stay away.
    for (let at = 0; at < 4; at += 1) expect((await begin(stage)).status).toBe(503);
    const back = stage.bff.nextLog('store.connected');
    await stage.redis.run();
    await back;
    await newWindow(stage);
    expect((await begin(stage)).status).toBe(302);
    expect((await ask(here())).status).toBe(200);
  });
});
