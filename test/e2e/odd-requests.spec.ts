import { ROUTE_TABLE, type Route } from '../../src/http/route-table.js';
import { sendRaw } from '../support/raw-socket.js';
import { Stage } from '../support/stage.js';

const LONG = 'x'.repeat(4_000);
const QUERIES = [
  '?',
  '?&',
  '?=',
  '?&&a&=b&',
  '?a=%',
  '?state=%zz&code=%c0%ae',
  '?state=1&state=2',
  '?state[]=1&state[a]=2&code[$ne]=1',
  '?__proto__=1&constructor[prototype]=1&toString=1',
  '?max_age=1e999&prompt=%00&provider=__proto__&provider=constructor',
  '?max_age=-99999999999999999999&ui_locales=%ff',
  `?return_to=${LONG}&state=${LONG}`,
  '?return_to=%5c%5c%00&error=%0d%0aX:1&error_description=%e2%82',
  '?iss=http://%5b::1&token=..%2f&sid=%00',
];
const BODIES = [
  '',
  '{',
  '[]',
  'null',
  '"x"',
  '1e999',
  '{"__proto__":{"code":"x"},"code":{},"state":[1]}',
  '{"code":null,"state":1e999,"iss":true}',
  'a=%zz&=&&state=%',
  'logout_token=..&logout_token=..',
  'logout_token=e30.e30.e30',
  'state=\u0000&code=\ud7ff',
  LONG,
];
const TYPES = [
  'application/json',
  'application/x-www-form-urlencoded',
  'application/x-www-form-urlencoded; charset=utf-7',
  'multipart/form-data',
  'multipart/form-data; boundary=',
  '',
  ';;',
];
const RECORDS = ['broken', '', '.', '=', '%00', `${LONG}.${LONG}`, '"', '{}', '__proto__'];

/** What a scanner or a broken client sends is answered, and brings nothing down. */
describe('an odd request', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open({ env: { SPA_DIR: undefined } });
  });
  afterEach(async () => {
    expect(stage.bff.logged('request.failed')).toEqual([]);
    expect((await stage.call(await stage.member())).status).toBe(200);
  });
  afterAll(() => stage.close());

  const addressOf = ({ listener, path }: Route): string => {
    const origin = listener === 'public' ? stage.bff.origin : stage.bff.internalOrigin;
    return `${origin}${path.replace(/:\w+/g, 'generic')}`;
  };

  it.each(ROUTE_TABLE.map((route) => [route.method, route.path, route] as const))(
    'to %s %s is answered and no failure of ours, whatever is asked, sent and held (ATK-83)',
    async (method, _path, route) => {
      const address = addressOf(route);
      const csrf = { 'x-csrf': '1' };
      const told = async (query: string, headers: Record<string, string>, body?: string) => {
        const { status } = await stage.send(`${address}${query}`, {
          method,
          headers: { ...csrf, ...headers },
          ...(body !== undefined && { body }),
        });
        expect({ query, headers, body, isOurFault: status >= 500 }).toMatchObject({
          isOurFault: false,
        });
      };
      for (const query of QUERIES) await told(query, {});
      for (const value of RECORDS)
        await told('', {
          cookie: `${stage.bff.cookieName}=${value}; ${stage.bff.loginCookieName}=${value}`,
        });
      if (method === 'GET') return;
      for (const body of BODIES)
        for (const type of TYPES) await told('', { 'content-type': type }, body);
    },
  );

  it.each([
    [
      ['CONNECT localhost:1 HTTP/1.1', 'Host: localhost:1'],
      [0, 400, 405],
    ],
    [
      ['CONNECT /api/x HTTP/1.1', 'Host: localhost'],
      [0, 400, 405],
    ],
    [['OPTIONS * HTTP/1.1', 'Host: localhost'], [400]],
    [['GET http://127.0.0.1:1/healthz HTTP/1.1', 'Host: 127.0.0.1:1'], [400]],
    [['GET http://169.254.169.254/latest/meta-data/ HTTP/1.1', 'Host: localhost'], [400]],
    [['GET https://localhost/session HTTP/1.1', 'Host: localhost'], [400]],
    [['GET //127.0.0.1/session HTTP/1.1', 'Host: localhost'], [400]],
    [['GET @127.0.0.1/session HTTP/1.1', 'Host: localhost'], [400]],
    [['GET ?& HTTP/1.1', 'Host: localhost'], [400]],
    [['GET /?& HTTP/1.1', 'Host: localhost'], [404]],
    [['GET /session?& HTTP/1.1', 'Host: localhost'], [401]],
    [['GET /session HTTP/1.1', 'Host:'], [401]],
    [['GET /session HTTP/1.1', 'Host: [::1'], [401]],
    [['GET /session HTTP/1.1'], [400]],
    [['GET /session HTTP/1.0'], [401]],
    [['GET /session HTTP/0.9'], [401]],
    [
      ['GET /session HTTP/3.0', 'Host: localhost'],
      [0, 400, 505],
    ],
    [['GET  /session HTTP/1.1', 'Host: localhost'], [401]],
    [['GET /session'], [401]],
    [['', '', 'GET /session HTTP/1.1', 'Host: localhost'], [401]],
    [
      ['PRI * HTTP/2.0', '', 'SM'],
      [0, 400, 505],
    ],
  ])('of these lines is answered, and leads nowhere: %j (ATK-82)', async (lines, statuses) => {
    const before = stage.api.received.length;
    expect(statuses).toContain((await sendRaw(stage.bff.port, lines)).status);
    expect(stage.api.received).toHaveLength(before);
  });

  it('without a host starts a login that comes back to us (ATK-03, ATK-82)', async () => {
    for (const lines of [
      ['GET /login HTTP/1.0'],
      ['GET /login HTTP/1.1', 'Host:'],
      ['GET /login HTTP/1.1', 'Host: evil.example'],
    ]) {
      const { status, headers } = await sendRaw(stage.bff.port, [
        ...lines,
        'Sec-Fetch-Mode: navigate',
        'Sec-Fetch-Dest: document',
      ]);
      const location = new URL(headers.location ?? 'about:blank');
      expect([status, location.origin, location.searchParams.get('redirect_uri')]).toEqual([
        302,
        stage.op.issuer,
        stage.url('/callback'),
      ]);
    }
  });
});
