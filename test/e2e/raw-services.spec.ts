import { ROUTE_TABLE } from '../../src/http/route-table.js';
import { jsonOf, type Hop } from '../support/http-exchange.js';
import { sendRaw } from '../support/raw-socket.js';
import { ServiceCaller, servicesFile } from '../support/service-caller.js';
import { Stage } from '../support/stage.js';
import type { UserAgent } from '../support/user-agent.js';

const gateway = new ServiceCaller('gateway', { scopes: '[introspect]' });
const CLOSED = ROUTE_TABLE.filter(
  ({ access }) => typeof access === 'object' && 'service' in access,
).map(({ method, path }) => `${method} ${path.replace(/:\w+/g, 'x')}`);
const FORM = 'Content-Type: application/x-www-form-urlencoded';

/** Somebody on the internal network who is no service writes what might pass him for one. */
describe('a stranger at the internal listener', () => {
  let stage: Stage;
  let person: UserAgent;
  beforeEach(async () => {
    stage = await Stage.open({
      file: `routes:
  - name: told
    prefix: /told
    upstream: \${API}
    identity: assertion
${servicesFile(gateway)}`,
    });
    person = await stage.member();
  });
  afterEach(() => stage.close());

  const send = (requestLine: string, lines: readonly string[] = [], body = ''): Promise<Hop> =>
    sendRaw(
      stage.bff.vestibule.internalPort,
      [
        `${requestLine} HTTP/1.1`,
        'Host: internal',
        ...(requestLine.startsWith('POST') ? [FORM, `Content-Length: ${body.length}`] : []),
        ...lines,
      ],
      body,
    );
  const valueOf = async (): Promise<string> =>
    (await person.cookie(stage.url('/'), stage.bff.cookieName)) ?? '';

  it.each([
    ['X-User: admin'],
    ['X-Auth-Subject: admin'],
    ['X-Auth-Service: gateway'],
    ['X-Client-Id: gateway'],
    ['X-Forwarded-User: gateway'],
    ['X-Forwarded-For: 127.0.0.1'],
    ['X-Forwarded-Client-Cert: Subject="CN=gateway"'],
    ['X-CSRF: 1'],
    ['Authorization: Bearer x'],
    ['Authorization: Basic'],
    ['Authorization: Basic Og=='],
    ['Authorization: Negotiate x'],
    ['Proxy-Authorization: Basic Z2F0ZXdheTp4'],
    ['client_id: gateway'],
  ])('is no service by a header: %s (ATK-08)', async (line) => {
    for (const one of CLOSED) {
      const answer = await send(one, [line]);
      expect({ one, status: answer.status }).toEqual({ one, status: 401 });
      const { error, code } = jsonOf(answer);
      expect(error ?? code).toBe('invalid_client');
    }
  });

  it('is no service by a token, a cookie or an assertion of a person (ATK-08, ATK-78)', async () => {
    await stage.call(person, '/told/x');
    const assertion = String(stage.api.last.headers['x-auth-assertion']);
    const { authorization } = stage.api.last.headers;
    const none = Buffer.from('{"alg":"none","typ":"identity+jwt"}').toString('base64url');
    const unsigned = `${none}.${assertion.split('.')[1] ?? ''}.`;
    const lines = [
      `Cookie: ${await stage.cookieOf(person)}`,
      `Authorization: ${String(authorization)}`,
      `Authorization: Bearer ${assertion}`,
      `Authorization: Bearer ${unsigned}`,
      `X-Auth-Assertion: ${assertion}`,
    ];
    // Ten failures and no more: the next one would be answered by the limit.
    for (const line of lines)
      for (const one of ['POST /introspect', 'DELETE /admin/sessions?sub=alice&provider=generic'])
        expect({ line: line.slice(0, 20), status: (await send(one, [line])).status }).toEqual({
          line: line.slice(0, 20),
          status: 401,
        });
    expect(await stage.view(person)).toMatchObject({ authenticated: true });
  });

  it.each([
    ['POST //introspect', 400],
    ['POST /x/../introspect', 400],
    ['POST /%69ntrospect', 400],
    ['POST /introspect%2f', 400],
    ['POST /introspect/', 404],
    ['POST /Introspect', 404],
    ['POST /introspect;x', 404],
    ['DELETE /admin/sessions/', 404],
    ['DELETE /admin/sessions/x/y', 404],
    ['DELETE /admin', 404],
    ['GET /introspect?token=x', 405],
    ['GET /token?code=x', 405],
    ['POST /admin/sessions', 405],
    ['PUT /admin/sessions/x', 405],
    ['HEAD /admin/sessions', 405],
  ])('finds no other way in: %s (ATK-11…13)', async (requestLine, status) => {
    expect((await send(requestLine, [`Authorization: ${gateway.basic}`])).status).toBe(status);
  });

  it('is told nothing where a service names itself twice', async () => {
    const body = `token=${encodeURIComponent(await valueOf())}`;
    const right = `Authorization: ${gateway.basic}`;
    expect(jsonOf(await send('POST /introspect', [right], body))).toMatchObject({ active: true });
    for (const lines of [
      [right, 'Authorization: Basic x'],
      ['Authorization: Basic x', right],
      [right, right],
    ]) {
      const answer = await send('POST /introspect', lines, body);
      expect([answer.status, jsonOf(answer)['error']]).toEqual([400, 'invalid_request']);
    }
  });

  it('is told nothing by credentials in the address (RFC 6749 §2.3.1)', async () => {
    const query = new URLSearchParams({ client_id: 'gateway', client_secret: gateway.secret });
    const body = `token=${encodeURIComponent(await valueOf())}`;
    const answer = await send(`POST /introspect?${query.toString()}`, [], body);
    expect(answer.status).toBe(401);
    expect(stage.bff.lines.join('\n')).not.toContain(gateway.secret.slice(0, 20));
  });
});
