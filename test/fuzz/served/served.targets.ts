import * as fc from 'fast-check';
import { ROUTE_TABLE } from '../../../src/http/route-table.js';
import { PATHS } from '../../support/op-host.js';
import { must } from '../expectations.js';
import { slowTarget, type FuzzTarget } from '../fuzz-target.js';
import { asFieldValue, fields, type Fields } from '../inputs/requests.js';
import { changed } from '../inputs/texts.js';
import { ask } from './raw-exchange.js';
import type { ServedScene } from './served-scene.js';

/** Beside what the others are after: what only a request of the whole product reaches. */
const SERVED = ['app/edge.ts', 'http/body.ts', 'http/cors.ts', 'proxy/websocket.service.ts'];
const LYING = [
  'auth/callback.controller.ts',
  'auth/login.controller.ts',
  'auth/login.service.ts',
  'provider/provider-fetch.ts',
];

const ONE = 'A'.repeat(43);
const places = ROUTE_TABLE.map(({ path }) => path.replace(/:\w+/g, ONE).replace('*', 'pages'));
const TARGETS = [
  ...places,
  ...places.map(
    (path) => `${path}?iss=x&sid=y&state=${ONE}&code=c&token=t&return_to=/orders&sub=alice`,
  ),
  '/',
  '/index.html',
  '/orders',
  '/calls/x?y',
  '/open/x',
  '/api/orders',
  '/callback/generic?error=login_required&state=x',
  '/assets/../x',
];
const HEADERS = {
  'x-csrf': ['1'],
  origin: ['http://localhost:9', 'https://evil.example', 'null'],
  'sec-fetch-site': ['same-origin', 'cross-site', 'none'],
  'sec-fetch-mode': ['navigate', 'cors', 'websocket'],
  'sec-fetch-dest': ['document', 'empty', 'image'],
  accept: ['text/html', 'text/event-stream', '*/*'],
  'accept-encoding': ['gzip', 'br;q=1.0, x'],
  range: ['bytes=0-1', 'bytes=-', 'bytes=9999999-', 'bytes=0-0,1-1'],
  'if-none-match': ['*', '"x"'],
  'if-modified-since': ['x', 'Wed, 21 Oct 2026 07:28:00 GMT'],
  authorization: ['Bearer x', 'Basic x', 'Basic Og=='],
  'content-encoding': ['gzip', 'br', 'identity'],
  'content-length': ['0', '99', '+1', '1, 1'],
  'transfer-encoding': ['chunked', 'gzip, chunked', 'x'],
  expect: ['100-continue', 'x'],
  upgrade: ['websocket', 'h2c'],
  'sec-websocket-key': ['dGhlIHNhbXBsZSBub25jZQ=='],
  'sec-websocket-version': ['13', '8'],
  'x-forwarded-for': ['1.2.3.4', 'x, y'],
  'x-forwarded-method': ['GET', 'POST', 'x y'],
  'x-forwarded-uri': ['/orders', '//x'],
  'x-original-url': ['/x', 'https://a/b'],
  'access-control-request-method': ['PUT'],
  'user-agent': ['Browser', 'x'.repeat(300)],
  host: ['evil.example', ''],
  'x-auth-subject': ['admin'],
  purpose: ['prefetch'],
};
const BODIES = [
  '',
  'a=b',
  'token=x&logout_token=e30.e30.e30&state=x&code=y',
  `logout_token=eyJhbGciOiJub25lIn0.${Buffer.from('{"iss":"x"}').toString('base64url')}.`,
  'iss=x&target_link_uri=/x&login_hint=a',
  'grant_type=authorization_code&code=c&client_id=reports',
  '{"code":"c","state":"s","iss":"x"}',
  '{"token":"x"}',
  '[]',
  '5\r\nhello\r\n0\r\n\r\n',
];
const TYPES = [
  'application/x-www-form-urlencoded',
  'application/json',
  'text/plain',
  'multipart/form-data; boundary=x',
  '',
];
const STATUS_LINES = [
  'HTTP/1.1 200 OK',
  'HTTP/1.1 204 No Content',
  'HTTP/1.1 304 Not Modified',
  'HTTP/1.1 401 Unauthorized',
  'HTTP/1.1 500 Oops',
  'HTTP/1.1 103 Early Hints',
  'HTTP/1.1 101 Switching Protocols',
  'HTTP/1.0 200 OK',
  'HTTP/1.1 999 x',
  'x',
];
const ANSWERED = {
  'content-type': ['text/html', 'application/json', 'text/event-stream', 'image/svg+xml'],
  'content-length': ['0', '2', '99'],
  'transfer-encoding': ['chunked'],
  'set-cookie': ['a=b', '__Host-session=x', 'session=x', 'é=ü'],
  location: ['/x', 'https://evil.example', 'é'],
  connection: ['close', 'upgrade', 'x'],
  upgrade: ['websocket'],
  'x-odd': ['é', '\u00ff', 'ok', '€'.slice(0, 1)],
  'content-disposition': ['inline; filename="é"', 'attachment'],
  'cache-control': ['public', 'private'],
};

const request = fc.record({
  place: fc.constantFrom(0, 1),
  listener: fc.constantFrom('public', 'public', 'internal'),
  method: fc.oneof(
    {
      weight: 9,
      arbitrary: fc.constantFrom(
        'GET',
        'GET',
        'POST',
        'POST',
        'DELETE',
        'PUT',
        'PATCH',
        'HEAD',
        'OPTIONS',
        'TRACE',
      ),
    },
    { weight: 1, arbitrary: changed(['GET'], 1).map(asFieldValue) },
  ),
  target: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...TARGETS) },
    { weight: 3, arbitrary: changed(TARGETS, 3) },
  ),
  headers: fields(HEADERS, 5),
  type: fc.constantFrom(...TYPES),
  body: fc.oneof(fc.constantFrom(...BODIES), changed(BODIES, 2)),
  who: fc.constantFrom('member', 'member', 'stranger', 'service', 'forger'),
  forgery: changed(['{}', 'x={}', '{}; {}', 's%3A{}'], 2).map(asFieldValue),
  peer: fc.integer({ min: 2, max: 250 * 250 }),
});
type Asked = typeof request extends fc.Arbitrary<infer T> ? T : never;

const upstreamAnswer = fc.record({
  line: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...STATUS_LINES) },
    { weight: 1, arbitrary: changed(STATUS_LINES, 1) },
  ),
  headers: fields(ANSWERED, 4),
  body: fc.constantFrom('', 'ok', '2\r\nok\r\n0\r\n\r\n', 'data: x\n\n', 'x'.repeat(9_000)),
});
type Answered = typeof upstreamAnswer extends fc.Arbitrary<infer T> ? T : never;

const bytes = (text: string): string => Buffer.from(text.toWellFormed()).toString('latin1');

function bytesOf(scene: ServedScene, asked: Asked): string {
  const { method, target, headers, type, body, who, forgery } = asked;
  const given = new Set(headers.map(([name]) => name));
  const sent = bytes(body);
  const length =
    given.has('content-length') || given.has('transfer-encoding') || method === 'GET'
      ? []
      : [['Content-Length', String(sent.length)] as const];
  const lines: Fields = [
    ...(given.has('host') ? [] : [['Host', 'localhost'] as const]),
    ...(given.has('upgrade')
      ? [['Connection', 'Upgrade'] as const]
      : [['Connection', 'close'] as const]),
    ...(type === '' ? [] : [['Content-Type', type] as const]),
    ...(who === 'member' ? [['Cookie', scene.cookie] as const] : []),
    ...(who === 'forger'
      ? [['Cookie', forgery.replaceAll('{}', () => scene.cookie)] as const]
      : []),
    ...(who === 'service' && !given.has('authorization')
      ? [['Authorization', scene.service.basic] as const]
      : []),
    ...length,
    ...headers,
  ];
  const head = [
    `${bytes(method)} ${bytes(target)} HTTP/1.1`,
    ...lines.map(([name, value]) => `${name}: ${value}`),
  ];
  return `${head.join('\r\n')}\r\n\r\n${method === 'GET' && !given.has('content-length') && !given.has('transfer-encoding') ? '' : sent}`;
}

/** What is no request, or never comes to its end, need not be answered by us. */
function isOdd({ method, target, headers }: Asked): boolean {
  return (
    !/^[A-Z]+$/.test(method) ||
    /[^!-~]/.test(target) ||
    target === '' ||
    ['CONNECT', 'TRACE'].includes(method) ||
    headers.some(([name]) =>
      ['content-length', 'transfer-encoding', 'expect', 'host', 'upgrade'].includes(name),
    )
  );
}

/** A body in a transfer coding may be one that nobody offers. */
function isCoded({ headers }: Asked): boolean {
  return headers.some(([name]) => name === 'transfer-encoding');
}

/** Addresses of this machine: a service that failed too often at one is asked from another. */
function addressOf({ listener, peer }: Asked): string {
  return listener === 'internal'
    ? `127.0.${Math.floor(peer / 250) + 1}.${(peer % 250) + 1}`
    : '127.0.0.1';
}

/** Over sockets, against the whole product. `scene` is there when an input comes. */
export function servedTargets(scene: () => ServedScene): readonly FuzzTarget[] {
  const requests = slowTarget({
    name: 'requests over sockets',
    files: SERVED,
    cost: 100,
    inputs: fc.record({
      asked: fc.array(request, { minLength: 1, maxLength: 6 }),
      answer: upstreamAnswer,
    }),
    check: async ({ asked, answer }) => {
      const served = scene();
      served.upstream.answer = answerOf(answer);
      await Promise.all(
        asked.map(async (one) => {
          const { public: open, internal } = served.places[one.place === 0 ? 0 : 1];
          const got = await ask(
            one.listener === 'public' ? open : internal,
            bytesOf(served, one),
            addressOf(one),
          );
          served.judge(got, { odd: isOdd(one), coded: isCoded(one) });
        }),
      );
      await served.settle();
    },
  });
  return [requests, liesOf(scene)];
}

function answerOf({ line, headers, body }: Answered): string {
  const lines = [line, ...headers.map(([name, value]) => `${name}: ${value}`)].map(bytes);
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

/** Stands for more than any answer may have. */
const HUGE = '{huge}';
const LIES = [
  HUGE,
  '{}',
  '{',
  '[]',
  'null',
  '<html>',
  '{"error":"invalid_grant"}',
  '',
  '{"access_token":1}',
  '{"sub":"mallory"}',
  '{"keys":[]}',
];

function bodyOf(text: string): string {
  return text.replace(HUGE, () => 'x'.repeat(1_100_000));
}

/** A whole login while the provider says what the input makes of its words. */
function liesOf(scene: () => ServedScene): FuzzTarget {
  return slowTarget({
    name: 'logins at a lying provider over sockets',
    files: LYING,
    cost: 100,
    inputs: fc.record({
      at: fc.constantFrom(PATHS.token, PATHS.token, PATHS.keys, PATHS.userinfo, PATHS.revoke),
      status: fc.constantFrom(200, 200, 200, 201, 204, 302, 400, 401, 429, 500, 503),
      type: fc.constantFrom('application/json', 'text/html', 'application/jwt', ''),
      body: fc.oneof(
        { weight: 1, arbitrary: fc.constant(null) },
        { weight: 2, arbitrary: changed(LIES, 2) },
      ),
      edit: changed(['{}'], 2),
    }),
    check: async ({ at, status, type, body, edit }) => {
      const { stage } = scene();
      stage.op.rewrite(at, (answer) => ({
        status,
        headers: { 'content-type': type },
        body: status === 204 ? '' : bodyOf(body ?? edit.replace('{}', () => answer.body)),
      }));
      // Keys are asked for again by then.
      stage.clock.advance(300_001);
      const person = stage.person();
      try {
        const page = await stage.logIn(person);
        must([200, 400, 403, 502, 503].includes(page.status), `${page.status} without a cause`);
        const session = await stage.session(person);
        must([200, 401].includes(session.status), `the session is ${session.status}`);
      } finally {
        stage.op.behave();
      }
      must(
        stage.bff.logged('request.failed').every(({ code }) => code !== 'internal_error'),
        'it failed inside',
      );
      stage.bff.lines.length = 0;
      stage.op.calls.length = 0;
    },
  });
}
