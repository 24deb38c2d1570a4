import { jsonOf, type Hop, type Outgoing } from '../support/http-exchange.js';
import { errorCodeOf, linksOf } from '../support/html-page.js';
import { SHORT_OF_PATIENCE, Stage } from '../support/stage.js';

const NAVIGATION = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };

/** `GET /login/required`: where a gateway's error page leads. */
describe('whoever a gateway did not let in', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open({
      redis: true,
      env: { ...SHORT_OF_PATIENCE, TRUST_PROXY: 'loopback' },
    });
  });
  afterAll(() => stage.close());

  const come = (headers: Outgoing['headers'], query = ''): Promise<Hop> =>
    stage.send(stage.url(`/login/required${query}`), { headers: { ...headers } });

  it.each(['x-original-uri', 'x-forwarded-uri', 'x-original-url'])(
    'goes on to the login and comes back to the page that the gateway names: %s',
    async (name) => {
      const answer = await come({ ...NAVIGATION, [name]: '/inbox?a=1&b=2' });
      expect(answer.status).toBe(302);
      expect(answer.headers.location).toBe('/login?return_to=%2Finbox%3Fa%3D1%26b%3D2');
      const person = stage.person();
      const page = await person.visit(stage.url(String(answer.headers.location)));
      await person.submit({ user: 'alice' }, page);
      expect(person.page).toBe(stage.url('/inbox?a=1&b=2'));
    },
  );

  it.each<[string, Record<string, string>]>([
    ['nobody names one', {}],
    ['it is of another host', { 'x-original-uri': '//evil.example/a' }],
    ['it is a whole address', { 'x-original-uri': 'https://evil.example/a' }],
    ['it is broken', { 'x-original-uri': '/%zz' }],
    ['it is a route of ours', { 'x-original-uri': '/login/required' }],
    ['it is a call of an API', { 'x-original-uri': '/api/orders' }],
    ['two are named', { 'x-original-uri': '/a', 'x-forwarded-uri': '/b' }],
  ])('comes home where %s (ATK-14)', async (_why, headers) => {
    const answer = await come({ ...NAVIGATION, ...headers });
    expect([answer.status, answer.headers.location]).toEqual([302, '/login?return_to=%2F']);
  });

  it('is asked for the login that the gateway wants', async () => {
    const answer = await come(NAVIGATION, '?acr_values=gold&max_age=60&return_to=/x&prompt=none');
    expect(answer.headers.location).toBe('/login?acr_values=gold&max_age=60&return_to=%2F');
    expect((await come(NAVIGATION, '?max_age=1&max_age=2')).status).toBe(400);
  });

  it.each<[string, Record<string, string>]>([
    ['a script', { accept: 'application/json' }],
    ['a fetch', { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }],
    ['an image', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }],
    ['a frame', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe', accept: 'text/html' }],
  ])('is told where the login begins, if it is %s', async (_what, headers) => {
    const answer = await come({ ...headers, 'x-original-uri': '/inbox' });
    expect([answer.status, jsonOf(answer)]).toMatchObject([
      401,
      { code: 'unauthenticated', login_url: '/login?return_to=%2Finbox' },
    ]);
  });

  it('starts nothing as a prefetch', async () => {
    expect((await come({ ...NAVIGATION, 'sec-purpose': 'prefetch' })).status).toBe(401);
  });

  it('does not go round for ever: who has a session already is asked first', async () => {
    const cookie = await stage.cookieOf(await stage.member());
    const headers = { ...NAVIGATION, cookie, 'x-original-uri': '/vault' };
    const answer = await come(headers, '?acr_values=gold');
    expect([answer.status, errorCodeOf(answer.body)]).toEqual([401, 'step_up_required']);
    expect(linksOf(answer.body)).toEqual(['/login?acr_values=gold&return_to=%2Fvault']);
  });

  it('hears 503 while Redis is away, and keeps the cookie', async () => {
    const cookie = await stage.cookieOf(await stage.member());
    stage.redis.pause();
    try {
      const answer = await come({ ...NAVIGATION, cookie });
      expect([answer.status, errorCodeOf(answer.body)]).toEqual([503, 'store_unavailable']);
      expect(answer.headers).not.toHaveProperty('set-cookie');
    } finally {
      stage.redis.resume();
    }
  });
});

it('a stranger names no page, but comes to the login (ATK-01)', async () => {
  await using stage = await Stage.open();
  const answer = await stage.send(stage.url('/login/required'), {
    headers: { ...NAVIGATION, 'x-original-uri': '/inbox', 'x-forwarded-host': 'evil.example' },
  });
  expect([answer.status, answer.headers.location]).toEqual([302, '/login?return_to=%2F']);
});
