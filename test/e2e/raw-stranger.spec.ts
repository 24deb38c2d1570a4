import { ROUTE_TABLE } from '../../src/http/route-table.js';
import { jsonOf } from '../support/http-exchange.js';
import { logoutToken } from '../support/logout-tokens.js';
import { PATHS } from '../support/op-host.js';
import { RawUpstream } from '../support/raw-upstream.js';
import { sendRaw } from '../support/raw-socket.js';
import { readToken } from '../support/signing-key.js';
import { Stage } from '../support/stage.js';

const GUARDED = [
  'GET /api/secret',
  ...ROUTE_TABLE.filter(
    ({ listener, access }) => listener === 'public' && access === 'session',
  ).map(({ method, path }) => `${method} ${path.replace(/:\w+/g, 'x')}`),
  'GET /session',
];

/** Somebody without a session writes what might let him in, with an open route beside the closed ones. */
describe('a stranger', () => {
  let upstream: RawUpstream;
  let stage: Stage;
  beforeAll(async () => {
    upstream = await RawUpstream.start();
    stage = await Stage.open({
      env: { SPA_DIR: undefined },
      file: `routes:
  - name: open
    prefix: /open
    upstream: ${upstream.url}/public
    token: none
  - name: api
    prefix: /api
    upstream: ${upstream.url}/v1
    methods: [GET, POST, OPTIONS]
`,
    });
  });
  beforeEach(() => upstream.forget());
  afterAll(async () => {
    await stage.close();
    await upstream.stop();
  });

  const send = (requestLine: string, lines: readonly string[] = []) =>
    sendRaw(stage.bff.port, [
      `${requestLine} HTTP/1.1`,
      `Host: localhost:${stage.bff.port}`,
      'X-CSRF: 1',
      ...lines,
    ]);

  it('may go where everybody may', async () => {
    expect((await send('GET /open/x')).status).toBe(200);
    expect(upstream.heads.map(([line]) => line)).toEqual(['GET /public/x HTTP/1.1']);
  });

  it.each([
    ['X-Forwarded-Uri: /open/x'],
    ['X-Forwarded-Path: /open/x'],
    ['X-Forwarded-Prefix: /open'],
    ['X-Forwarded-Method: OPTIONS'],
    ['X-Forwarded-For: 127.0.0.1'],
    ['X-Original-Url: /open/x'],
    ['X-Original-Uri: /open/x'],
    ['X-Original-Method: OPTIONS'],
    ['X-Rewrite-Url: /open/x'],
    ['X-HTTP-Method-Override: OPTIONS'],
    ['Forwarded: for=127.0.0.1;host=localhost;proto=https'],
    ['X-Auth-Subject: alice'],
    ['X-Auth-Session: x'],
    ['User-Agent: kube-probe/1.30'],
    ['User-Agent: GoogleHC/1.0'],
    ['User-Agent: ELB-HealthChecker/2.0'],
    ['X-Health-Check: 1'],
    ['Authorization: Bearer x'],
    ['Authorization: Basic YWxpY2U6eA=='],
  ])('is let in by no header: %s (ATK-01, ATK-02, ATK-15, P-38)', async (line) => {
    for (const one of GUARDED)
      expect({ one, status: (await send(one, [line])).status }).toEqual({ one, status: 401 });
    expect(upstream.connections).toEqual([]);
  });

  it.each([
    ['/api/secret?x=/open/', 401],
    ['/api/secret?/open/', 401],
    ['/api?/open/x', 401],
    ['/api/secret;jsessionid=/open/', 401],
    ['/api/secret;/open/x', 401],
    ['/api/open/x', 401],
    ['/api/secret%23/open/', 401],
    ['/api/x/', 401],
    ['/api', 401],
    ['/open;/x', 404],
    ['/API/x', 404],
    ['/api.', 404],
    ['/open.', 404],
    ['/healthz', 404],
    ['/api/secret#/open/', 400],
    ['/open/../api/x', 400],
    ['/open/..;/api/x', 400],
    ['/open/..;a=b/api/x', 400],
    ['/open/%2e%2e/api/x', 400],
    ['/open/..%2fapi/x', 400],
    ['/open/%2e%2e%2fapi/x', 400],
    ['/open/..\\api/x', 400],
    ['/open/%252e%252e/api/x', 400],
    ['/open//../api/x', 400],
    ['/%61pi/x', 400],
    ['/healthz/../api/x', 400],
  ])('is let in by no address: %s (ATK-11…13, ATK-15, ATK-16)', async (target, status) => {
    for (const method of ['GET', 'POST'])
      expect((await send(`${method} ${target}`)).status).toBe(status);
    expect(upstream.connections).toEqual([]);
  });

  it.each([
    [[]],
    [['Origin: http://evil.example', 'Access-Control-Request-Method: POST']],
    [['Origin: null', 'Access-Control-Request-Method: GET']],
  ])('is let in by no preflight, also where a route offers OPTIONS: %j (ATK-19)', async (lines) => {
    expect((await send('OPTIONS /api/secret', lines)).status).toBe(401);
    expect(upstream.connections).toEqual([]);
  });

  it('is let in by no token in the place of a session, whosever it is (ATK-78, E-22)', async () => {
    await stage.member();
    const answer = stage.op.callsOf(PATHS.token).at(-1)?.answer ?? { body: '{}' };
    const { access_token, id_token, refresh_token } = jsonOf(answer);
    const { claims } = readToken(String(id_token));
    const tokens = {
      access_token,
      id_token,
      refresh_token,
      expired: stage.op.key.sign({ ...claims, exp: 1 }),
      another: stage.op.key.sign({ ...claims, aud: 'another-client', sub: 'bob' }),
      logout: logoutToken(stage, { sub: 'alice' }),
    };
    for (const [kind, token] of Object.entries(tokens)) {
      for (const one of GUARDED) {
        const { status } = await send(one, [`Authorization: Bearer ${String(token)}`]);
        expect({ kind, one, status }).toEqual({ kind, one, status: 401 });
      }
    }
    expect(upstream.connections).toEqual([]);
  });
});
