import { errors, type Configuration } from 'oidc-provider';
import { jsonOf } from '../support/http-exchange.js';
import { PATHS, RESOURCE, type Answer, type AnsweredCall, type Call } from '../support/op-host.js';
import { refreshesAt, sentToken, tokensIn } from '../support/refresh-calls.js';
import { startReplica } from '../support/replica.js';
import { readToken, type TokenClaims } from '../support/signing-key.js';
import { CLIENT_ID, Stage } from '../support/stage.js';
import { UpstreamHost } from '../support/upstream-host.js';
import { openWebSocket } from '../support/web-socket.js';

const ORDERS = 'https://orders.example';
/** Another API: names are compared as they are (ATK-62). */
const BILLING = 'https://orders.example/';
const LIFE_MS = 300_000;
const OLD_MS = 31_000;
const SCOPES = 'orders:read orders:write';

/** A provider that has several APIs (RFC 8707), and gives a login those that it asks for, or else `unasked`. */
const providing = (unasked: readonly string[]): Partial<Configuration> => ({
  features: {
    resourceIndicators: {
      enabled: true,
      defaultResource: async (_ctx, _client, oneOf) =>
        oneOf === undefined ? [...unasked] : RESOURCE,
      useGrantedResource: async () => true,
      getResourceServerInfo: async (_ctx, resource) => {
        if (![RESOURCE, ORDERS, BILLING].includes(resource)) throw new errors.InvalidTarget();
        return {
          scope: SCOPES,
          audience: resource,
          accessTokenFormat: 'jwt',
          accessTokenTTL: LIFE_MS / 1_000,
          jwt: { sign: { alg: 'RS256' } },
        };
      },
    },
  },
});
const SEVERAL = providing([RESOURCE, ORDERS, BILLING]);

interface Apis {
  readonly orders: UpstreamHost;
  readonly billing: UpstreamHost;
}

async function startApis(): Promise<Apis> {
  return { orders: await UpstreamHost.start(), billing: await UpstreamHost.start() };
}

const tokenOf = (api: UpstreamHost): string =>
  String(api.last.headers.authorization).replace('Bearer ', '');
const claimsOf = (api: UpstreamHost): TokenClaims => readToken(tokenOf(api)).claims;
const bodyOf = (call: Call | undefined): Record<string, string> =>
  Object.fromEntries(new URLSearchParams(call?.body));

describe('a token for each API (RFC 8707)', () => {
  let stage: Stage;
  let apis: Apis;
  beforeEach(async () => {
    apis = await startApis();
    stage = await Stage.open({
      op: { configuration: SEVERAL },
      env: { OIDC_SCOPE: `openid profile email ${SCOPES}` },
      file: `routes:
  - name: orders
    prefix: /orders
    upstream: ${apis.orders.url}
    resource: ${ORDERS}
    websocket: true
  - name: orders-again
    prefix: /more/orders
    upstream: ${apis.orders.url}
    resource: ${ORDERS}
  - name: reading
    prefix: /reading
    upstream: ${apis.orders.url}
    resource: ${ORDERS}
    tokenScope: orders:read
  - name: billing
    prefix: /billing
    upstream: ${apis.billing.url}
    resource: ${BILLING}
  - name: unknown
    prefix: /unknown
    upstream: ${apis.billing.url}
    resource: https://unknown.example
`,
    });
    apis.orders.verify(stage.op.issuer, ORDERS);
    apis.billing.verify(stage.op.issuer, BILLING);
  });
  afterEach(async () => {
    await stage.close();
    await Promise.all([apis.orders.down(), apis.billing.down()]);
  });

  const refreshes = (): AnsweredCall[] => refreshesAt(stage.op);
  const resources = (): (string | null)[] =>
    refreshes().map(({ body }) => new URLSearchParams(body).get('resource'));

  it('goes to it and to no other', async () => {
    const person = await stage.member();
    for (const [path, aud] of [
      ['/orders/1', ORDERS],
      ['/billing/1', BILLING],
      ['/api/1', RESOURCE],
    ]) {
      const answer = await stage.call(person, path);
      expect([answer.status, jsonOf(answer)]).toMatchObject([200, { sub: 'alice', aud }]);
    }
    expect(resources()).toEqual([ORDERS, BILLING]);
    const used = [apis.orders, apis.billing, stage.api].map(tokenOf);
    expect(new Set(used).size).toBe(3);
  });

  it('is got once, for many calls at the same time and for every route that asks for the same', async () => {
    const person = await stage.member();
    const paths = Array.from({ length: 20 }, (_none, at) =>
      at % 2 === 0 ? '/orders/1' : '/more/orders/1',
    );
    const answers = await Promise.all(paths.map((path) => stage.call(person, path)));
    expect(answers.map(({ status }) => status)).toEqual(paths.map(() => 200));
    for (const path of paths) await stage.call(person, path);
    expect(resources()).toEqual([ORDERS]);
  });

  it('is another one for another scope (ATK-62)', async () => {
    const person = await stage.member();
    await stage.call(person, '/orders/1');
    const wide = claimsOf(apis.orders)['scope'];
    await stage.call(person, '/reading/1');
    const narrow = claimsOf(apis.orders)['scope'];
    expect([wide, narrow]).toEqual([SCOPES, 'orders:read']);
    await stage.call(person, '/orders/1');
    expect(claimsOf(apis.orders)['scope']).toBe(SCOPES);
    expect(refreshes().map((call) => bodyOf(call)['scope'])).toEqual([undefined, 'orders:read']);
  });

  it('is another one for another user', async () => {
    const [alice, bob] = [await stage.member(), await stage.member({ as: 'bob' })];
    expect(jsonOf(await stage.call(alice, '/orders/1'))['sub']).toBe('alice');
    expect(jsonOf(await stage.call(bob, '/orders/1'))['sub']).toBe('bob');
    expect(jsonOf(await stage.call(alice, '/orders/1'))['sub']).toBe('alice');
  });

  it('is renewed when it is due, and each refresh token is used once', async () => {
    const person = await stage.member();
    const login = stage.op.callsOf(PATHS.token)[0];
    for (let round = 0; round < 3; round += 1) {
      for (const path of ['/orders/1', '/billing/1', '/orders/1', '/api/1'])
        expect((await stage.call(person, path)).status).toBe(200);
      stage.clock.advance(LIFE_MS);
    }
    const sent = refreshes().map(sentToken);
    const given = [login, ...refreshes()].map((call) => tokensIn(call).refresh);
    expect(sent).toEqual(given.slice(0, -1));
    expect(new Set(sent).size).toBe(sent.length);
    // Two at first; then the session's own as well, once each.
    const round = [null, ORDERS, BILLING];
    expect(resources()).toEqual([ORDERS, BILLING, ...round, ...round]);
  });

  it('is kept when the session’s own is renewed', async () => {
    const person = await stage.member();
    await stage.call(person, '/orders/1');
    const before = tokenOf(apis.orders);
    await stage.refresh(person);
    await stage.call(person, '/orders/1');
    expect(tokenOf(apis.orders)).toBe(before);
    expect(resources()).toEqual([ORDERS, null]);
  });

  it('that its API refuses is renewed, and no other is', async () => {
    const person = await stage.member();
    await stage.call(person, '/orders/1');
    await stage.call(person, '/billing/1');
    const [orders, billing] = [tokenOf(apis.orders), tokenOf(apis.billing)];
    stage.clock.advance(OLD_MS);
    apis.orders.respond(({ headers }, res) => {
      res.writeHead(headers.authorization === `Bearer ${orders}` ? 401 : 200).end();
    });
    expect((await stage.call(person, '/orders/1')).status).toBe(200);
    expect(tokenOf(apis.orders)).not.toBe(orders);
    expect(resources()).toEqual([ORDERS, BILLING, ORDERS]);
    await stage.call(person, '/billing/1');
    expect(tokenOf(apis.billing)).toBe(billing);
    expect((await stage.call(person, '/orders/1')).status).toBe(200);
    expect(refreshes()).toHaveLength(3);
  });

  it('goes with a WebSocket, too', async () => {
    apis.orders.takeWebSockets();
    const person = await stage.member();
    const headers = { cookie: await stage.cookieOf(person), origin: stage.bff.origin };
    const opened = await openWebSocket(stage.url('/orders/live'), headers);
    expect(opened.kind).toBe('open');
    expect(claimsOf(apis.orders)['aud']).toBe(ORDERS);
    if (opened.kind === 'open') opened.peer.leave();
  });

  it('that the provider does not give is asked for once, and other routes go on', async () => {
    const person = await stage.member();
    expect((await stage.call(person, '/orders/1')).status).toBe(200);
    for (let count = 0; count < 3; count += 1) {
      const answer = await stage.call(person, '/unknown/1');
      expect([answer.status, jsonOf(answer)['code']]).toEqual([503, 'provider_unreachable']);
    }
    expect(resources()).toEqual([ORDERS, 'https://unknown.example']);
    expect((await stage.call(person, '/orders/1')).status).toBe(200);
    expect((await stage.call(person, '/api/1')).status).toBe(200);
    expect(apis.billing.received.length).toBe(0);
    expect(await stage.view(person)).toMatchObject({ authenticated: true });
    // This provider has used the refresh token up all the same, and takes the next use of it for a theft.
    stage.clock.advance(LIFE_MS);
    const answer = await stage.call(person, '/orders/1');
    expect([answer.status, jsonOf(answer)['reason']]).toEqual([401, 'refresh_failed']);
  });
});

describe('a provider that gives no token for an API which the login did not ask for (RFC 8707 §2)', () => {
  let stage: Stage;
  let apis: Apis;
  const open = async (resources: string): Promise<void> => {
    apis = await startApis();
    stage = await Stage.open({
      op: { configuration: providing([RESOURCE]) },
      env: { OIDC_SCOPE: `openid profile email ${SCOPES}`, OIDC_RESOURCES: resources },
      file: `routes:
  - name: orders
    prefix: /orders
    upstream: ${apis.orders.url}
    resource: ${ORDERS}
  - name: billing
    prefix: /billing
    upstream: ${apis.billing.url}
    resource: ${BILLING}
`,
    });
    apis.orders.verify(stage.op.issuer, ORDERS);
    apis.billing.verify(stage.op.issuer, BILLING);
  };
  afterEach(async () => {
    await stage.close();
    await Promise.all([apis.orders.down(), apis.billing.down()]);
  });

  it('is asked for all of them, each by its name, and then gives one for each', async () => {
    await open([RESOURCE, ORDERS, BILLING].join(','));
    const person = await stage.member();
    const [login] = stage.op.callsOf(PATHS.authorize);
    expect(login?.query.getAll('resource')).toEqual([RESOURCE, ORDERS, BILLING]);
    for (let round = 0; round < 2; round += 1) {
      for (const [path, aud] of [
        ['/orders/1', ORDERS],
        ['/billing/1', BILLING],
        ['/api/1', RESOURCE],
      ]) {
        const answer = await stage.call(person, path);
        expect([answer.status, jsonOf(answer)]).toMatchObject([200, { sub: 'alice', aud }]);
      }
      stage.clock.advance(LIFE_MS);
    }
    expect(await stage.view(person)).toMatchObject({ authenticated: true });
  });

  it('gives none when it is not asked', async () => {
    await open('');
    const person = await stage.member();
    const [login] = stage.op.callsOf(PATHS.authorize);
    expect(login?.query.has('resource')).toBe(false);
    expect((await stage.call(person, '/orders/1')).status).toBe(503);
    expect((await stage.call(person)).status).toBe(200);
  });
});

describe('a token for each API over two instances', () => {
  it('is got by one of them and used by both', async () => {
    const apis = await startApis();
    await using stage = await Stage.open({
      redis: true,
      op: { configuration: SEVERAL },
      file: `routes:
  - name: orders
    prefix: /orders
    upstream: ${apis.orders.url}
    resource: ${ORDERS}
`,
    });
    const replica = await startReplica(stage);
    const person = await stage.member();
    const headers = { cookie: await stage.cookieOf(person), 'x-csrf': '1' };
    const urls = Array.from({ length: 20 }, (_none, at) =>
      at % 2 === 0 ? stage.url('/orders/1') : replica.url('/orders/1'),
    );
    const answers = await Promise.all(urls.map((url) => stage.send(url, { headers })));
    expect(answers.map(({ status }) => status)).toEqual(urls.map(() => 200));
    expect(new Set(apis.orders.received.map((one) => one.headers.authorization)).size).toBe(1);
    expect(refreshesAt(stage.op)).toHaveLength(1);
    await replica.stop();
    await Promise.all([apis.orders.down(), apis.billing.down()]);
  });
});

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';

describe('a token in exchange for the session’s own (RFC 8693)', () => {
  let stage: Stage;
  let apis: Apis;
  beforeEach(async () => {
    apis = await startApis();
    stage = await Stage.open({
      file: `routes:
  - name: orders
    prefix: /orders
    upstream: ${apis.orders.url}
    audience: orders
    tokenScope: orders:read
    tokenVia: exchange
  - name: billing
    prefix: /billing
    upstream: ${apis.billing.url}
    resource: ${BILLING}
    tokenVia: exchange
`,
    });
    apis.orders.verify(stage.op.issuer, 'orders');
    apis.billing.verify(stage.op.issuer, BILLING);
    stage.op.rewrite(PATHS.token, exchangeTokens);
  });
  afterEach(async () => {
    await stage.close();
    await Promise.all([apis.orders.down(), apis.billing.down()]);
  });

  /** What the provider would say if it could: the real one knows the client, and not the grant. */
  const exchangeTokens = (answer: Answer, call: Call): Answer => {
    const { grant_type: grant, subject_token: subject = '', audience, resource } = bodyOf(call);
    if (grant !== EXCHANGE) return answer;
    expect(jsonOf(answer)['error']).toBe('unsupported_grant_type');
    const { claims, header } = readToken(subject);
    const body = {
      access_token: stage.op.key.sign({ ...claims, aud: audience ?? resource }, header),
      issued_token_type: ACCESS_TOKEN,
      token_type: 'Bearer',
      expires_in: LIFE_MS / 1_000,
    };
    return { status: 200, headers: answer.headers, body: JSON.stringify(body) };
  };
  const exchanges = (): AnsweredCall[] =>
    stage.op.callsOf(PATHS.token).filter((call) => bodyOf(call)['grant_type'] === EXCHANGE);

  it('is asked for as the standard has it, and goes to its API', async () => {
    const person = await stage.member();
    const { access } = tokensIn(stage.op.callsOf(PATHS.token)[0]);
    for (const [path, aud] of [
      ['/orders/1', 'orders'],
      ['/billing/1', BILLING],
    ]) {
      const answer = await stage.call(person, path);
      expect([answer.status, jsonOf(answer)]).toMatchObject([200, { sub: 'alice', aud }]);
    }
    const common = {
      grant_type: EXCHANGE,
      subject_token: access,
      subject_token_type: ACCESS_TOKEN,
      requested_token_type: ACCESS_TOKEN,
    };
    expect(exchanges().map(bodyOf)).toEqual([
      { ...common, audience: 'orders', scope: 'orders:read' },
      { ...common, resource: BILLING },
    ]);
    const [name] = Buffer.from(
      String(exchanges()[0]?.headers.authorization).replace('Basic ', ''),
      'base64',
    )
      .toString()
      .split(':');
    expect(decodeURIComponent(name ?? '')).toBe(CLIENT_ID);
    expect(refreshesAt(stage.op)).toHaveLength(0);
  });

  it('is got once and kept, beside others that are got at the same time', async () => {
    const person = await stage.member();
    const paths = Array.from({ length: 20 }, (_none, at) =>
      at % 2 === 0 ? '/orders/1' : '/billing/1',
    );
    const answers = await Promise.all(paths.map((path) => stage.call(person, path)));
    expect(answers.map(({ status }) => status)).toEqual(paths.map(() => 200));
    expect(exchanges().length).toBe(2);
    for (const path of paths) await stage.call(person, path);
    expect(exchanges().length).toBe(2);
  });

  it('is got for a fresh one when both are due', async () => {
    const person = await stage.member();
    await stage.call(person, '/orders/1');
    stage.clock.advance(LIFE_MS);
    expect((await stage.call(person, '/orders/1')).status).toBe(200);
    const [refresh] = refreshesAt(stage.op);
    expect(bodyOf(exchanges()[1])['subject_token']).toBe(tokensIn(refresh).access);
    await stage.call(person, '/orders/1');
    expect([refreshesAt(stage.op).length, exchanges().length]).toEqual([1, 2]);
  });

  it('that its API refuses is exchanged again, once', async () => {
    const person = await stage.member();
    await stage.call(person, '/orders/1');
    const known = tokenOf(apis.orders);
    stage.clock.advance(OLD_MS);
    // Another token, though it says the same.
    stage.op.rewrite(PATHS.token, (answer, call) => {
      const exchanged = exchangeTokens(answer, call);
      const { access_token: token, ...rest } = jsonOf(exchanged);
      const { claims, header } = readToken(String(token));
      const renewed = stage.op.key.sign({ ...claims, jti: 'another' }, header);
      return { ...exchanged, body: JSON.stringify({ ...rest, access_token: renewed }) };
    });
    apis.orders.respond(({ headers }, res) => {
      res.writeHead(headers.authorization === `Bearer ${known}` ? 401 : 200).end();
    });
    expect((await stage.call(person, '/orders/1')).status).toBe(200);
    expect((await stage.call(person, '/orders/1')).status).toBe(200);
    expect([exchanges().length, refreshesAt(stage.op).length]).toEqual([2, 0]);
  });

  it.each([
    ['refuses it for good', 400, 'invalid_grant', 401, 'token_unavailable', 3],
    ['does not know it', 400, 'unsupported_grant_type', 503, 'provider_unreachable', 1],
    ['does not let us have it', 400, 'unauthorized_client', 503, 'provider_unreachable', 1],
    ['is ill', 503, 'temporarily_unavailable', 503, 'provider_unreachable', 1],
  ])(
    'is not there while the provider %s; the session lives on, and nobody insists',
    async (_how, status, error, answered, code, asked) => {
      const person = await stage.member();
      stage.op.rewrite(PATHS.token, (answer) => ({
        ...answer,
        status,
        body: JSON.stringify({ error }),
      }));
      for (let count = 0; count < 3; count += 1) {
        const answer = await stage.call(person, '/orders/1');
        expect([answer.status, jsonOf(answer)['code']]).toEqual([answered, code]);
      }
      expect(exchanges()).toHaveLength(asked);
      expect(apis.orders.received).toHaveLength(0);
      expect((await stage.call(person)).status).toBe(200);
      stage.op.rewrite(PATHS.token, exchangeTokens);
      stage.clock.advance(1_000);
      expect((await stage.call(person, '/orders/1')).status).toBe(200);
    },
  );
});
