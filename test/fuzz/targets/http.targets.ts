import * as fc from 'fast-check';
import { RecordedAudit } from '../../support/recorded-audit.js';
import { HTTPS_ENV, configOf } from '../../support/config-env.js';
import { sendPage } from '../../../src/http/answer.js';
import { ClientAddress } from '../../../src/http/client-address.js';
import { cookieValues } from '../../../src/http/cookies.js';
import { corsHeaders } from '../../../src/http/cors.js';
import {
  comesFromOwnPage,
  hasOwnOrigin,
  isOwnRead,
  passesCsrf,
  provesOwnPage,
} from '../../../src/http/csrf.js';
import { ErrorAnswer } from '../../../src/http/error-answer.js';
import { ForwardedRequests } from '../../../src/http/forwarded-request.js';
import { readForm, single } from '../../../src/http/form.js';
import { readJsonObject } from '../../../src/http/json-body.js';
import { isNavigation, isPrefetch } from '../../../src/http/exchange.js';
import { autoPostPage } from '../../../src/http/pages/auto-post.page.js';
import { bouncePage } from '../../../src/http/pages/bounce.page.js';
import { chooserPage } from '../../../src/http/pages/chooser.page.js';
import { logoutPage } from '../../../src/http/pages/logout.page.js';
import { PublicUrl } from '../../../src/http/public-url.js';
import { belowBase, judgeTarget } from '../../../src/http/request-path.js';
import { RouteMatcher } from '../../../src/http/route-matcher.js';
import { ROUTE_TABLE } from '../../../src/http/route-table.js';
import { cleanText } from '../../../src/logging/redact.js';
import { ERROR_CATALOGUE, type ErrorCode } from '../../../src/errors/error-catalogue.js';
import { VestibuleError } from '../../../src/errors/vestibule.error.js';
import { REDIRECT_CORPUS } from '../../support/redirect-corpus.js';
import { given, givenLater, must, watchedLog } from '../expectations.js';
import { slowTarget, target, type FuzzTarget } from '../fuzz-target.js';
import { exchangeFor, fields, type FuzzedExchange } from '../inputs/requests.js';
import { changed, odd } from '../inputs/texts.js';

const ORIGIN = 'https://app.example.com';
const FRIEND = 'https://friend.example.com';
const { csrf, ...config } = configOf({ ...HTTPS_ENV, ALLOWED_ORIGINS: FRIEND });
const server = config.server;
const PATHS = ROUTE_TABLE.map(({ path }) => path.replace(/:\w+/g, 'one'));
const TARGETS = [
  ...PATHS,
  ...PATHS.map((path) => `/base${path}?a=b&c=%20d`),
  '/api/orders/1;v=2?x=%2f',
  '/a%20b/c',
  '/a%C3%A9',
  '/./x',
  '/a/../b',
  '*',
  '',
  'http://x/y',
  '/x;/..',
  '/%2e%2e',
];
const matchers = [new RouteMatcher('public'), new RouteMatcher('internal')] as const;

const requestPath = target({
  name: 'request target',
  files: ['http/request-path.ts', 'http/route-matcher.ts'],
  inputs: fc.record({
    text: changed(TARGETS),
    base: fc.constantFrom('', '/base', '/a/b'),
    method: fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'get', ''),
  }),
  check: ({ text, base, method }) => {
    const judged = judgeTarget(text);
    if (judged.kind === 'ambiguous') return;
    const { path, search } = judged;
    must(`${path}${search}` === text, 'it was changed');
    must(/^\/[\x21-\x7e]*$/.test(text) && !text.includes('#'), 'it has what no target has');
    must(
      decodeURIComponent(new URL(text, ORIGIN).pathname) === decodeURIComponent(path),
      'a browser reads another path',
    );
    must(!/\/\/|\\/.test(decodeURIComponent(path)), 'decoded it has other segments');
    for (const segment of decodeURIComponent(path).split('/'))
      must(!['.', '..'].includes(segment.split(';', 1)[0] ?? ''), 'decoded it has a dot segment');
    const below = belowBase(path, base);
    if (below === undefined) return;
    must(below.startsWith('/') && (base + below === path || path === base), 'it lies elsewhere');
    for (const matcher of matchers) mustFit(matcher.match(method, below), method, below);
  },
});

function mustFit(match: ReturnType<RouteMatcher['match']>, method: string, path: string): void {
  if (match.kind === 'none') return;
  if (match.kind === 'method') {
    must(match.allow.length > 0 && !match.allow.some((one) => one === method), 'it is allowed');
    return;
  }
  const { route } = match;
  must(route.method === method || route.method === 'ANY', 'a row of another method');
  const pattern = route.path
    .replaceAll('.', '\\.')
    .replace(/\/\*$/, '(?:/.*)?')
    .replace(/:\w+/g, '[^/]+');
  must(new RegExp(`^${pattern}$`).test(path), `the row ${route.name} has another path`);
}

const COOKIES = [
  'a=b',
  'name=value; other=x',
  ' name = v ;name=w',
  'name',
  '=',
  'name=;',
  'NAME=x',
  'name==',
  '; ;',
];
const cookies = target({
  name: 'cookie header',
  files: ['http/cookies.ts'],
  inputs: fc.record({
    header: fc.oneof(changed(COOKIES), fc.constant(null)),
    name: fc.constantFrom('name', '__Host-n', 'a'),
  }),
  check: ({ header, name }) => {
    const values = cookieValues(header ?? undefined, name);
    for (const value of values) {
      must(!value.includes(';') && value === value.trim(), 'a value goes beyond its pair');
      must((header ?? '').includes(value), 'a value that did not come');
    }
    must((header ?? '').length <= 16_384 || values.length === 0, 'a header without end was read');
  },
});

const TYPES = [
  'application/json',
  'application/x-www-form-urlencoded',
  'application/json; charset=utf-8',
  'Application/JSON',
  'application/json;charset=utf-7',
  'application/x-www-form-urlencoded;charset=iso-8859-1',
  'text/plain',
  '',
];
const JSONS = [
  '{}',
  '{"a":"b"}',
  '{"a":{"b":[1,{"a":2}]},"c":"\\"{:"}',
  '{"a":1,"a":2}',
  '{"a":1,"\\u0061":2}',
  '[]',
  'null',
  '"x"',
  '{"__proto__":{"x":1}}',
  '{"a\\\\":"b:","c":"}"}',
  '{"a":1e999}',
  '{"":""}',
  '{"a":"\\ud800"}',
];
const BODY_CODES = ['unsupported_media_type', 'payload_too_large', 'bad_request'] as const;
const bodyFields = fields({
  'content-type': TYPES,
  'content-encoding': ['identity', 'gzip', 'br', 'deflate', 'x'],
});

const jsonBody = slowTarget({
  name: 'json body',
  files: ['http/json-body.ts', 'http/body.ts'],
  inputs: fc.record({ headers: bodyFields, text: changed(JSONS), proper: fc.boolean() }),
  check: async ({ headers, text, proper }) => {
    const sent = proper ? ([['content-type', 'application/json']] as const) : headers;
    const exchange = exchangeFor({ method: 'POST', fields: sent, body: text });
    const read = await givenLater(BODY_CODES, () => readJsonObject(exchange));
    if (read === undefined || !proper) return;
    const value: unknown = JSON.parse(
      Buffer.from(text)
        .toString('utf8')
        .replace(/^\ufeff/, ''),
    );
    must(typeof value === 'object' && value !== null && !Array.isArray(value), 'no object');
    must(JSON.stringify([...read]) === JSON.stringify(Object.entries(value)), 'other members');
    must(membersOf(text) === read.size, 'a member that came twice was taken');
  },
});

/** How many members the outermost object has, repeated ones as often as they come: a reviver sees values, not these. */
function membersOf(text: string): number {
  let [depth, count, inText] = [0, 0, false];
  for (let at = 0; at < text.length; at += 1) {
    const one = text[at];
    if (inText) {
      if (one === '\\') at += 1;
      else if (one === '"') inText = false;
    } else if (one === '"') inText = true;
    else if (one === '{' || one === '[') depth += 1;
    else if (one === '}' || one === ']') depth -= 1;
    else if (one === ':' && depth === 1) count += 1;
  }
  return count;
}

const FORMS = [
  'a=b',
  'state=x&code=y',
  'a=1&a=2',
  'token=%41&=x',
  'a',
  '&&',
  'a=%zz&b=%c0',
  'a[]=1',
  'a+b=c+d',
  '',
];
const formBody = slowTarget({
  name: 'form body',
  files: ['http/form.ts', 'http/body.ts'],
  inputs: fc.record({ headers: bodyFields, text: changed(FORMS), proper: fc.boolean() }),
  check: async ({ headers, text, proper }) => {
    const sent = proper
      ? ([['content-type', 'application/x-www-form-urlencoded']] as const)
      : headers;
    const form = await givenLater(BODY_CODES, () =>
      readForm(exchangeFor({ method: 'POST', fields: sent, body: text })),
    );
    if (form === undefined) return;
    for (const name of ['a', 'state', 'token']) {
      const value = given(['bad_request'], () => single(form, name));
      must(value === undefined || form.getAll(name).length === 1, 'a repeated parameter was taken');
    }
  },
});

const FORWARDED = {
  'x-forwarded-method': ['GET', 'POST', 'OPTIONS', 'get', 'DELETE', 'GET, POST'],
  'x-forwarded-uri': ['/', '/a?b=c', '/orders/1%20', '//x', '/%', 'a', '*', 'http://x/', '/a#b'],
  'x-forwarded-proto': ['http', 'https', 'ws', 'wss', 'ftp', 'https,http'],
  'x-forwarded-host': ['app.example.com', 'app.example.com:8443', '[::1]:80', 'a/b', 'x,y'],
  'x-original-method': ['GET', 'POST', 'PUT'],
  'x-original-uri': ['/', '/a?b=c', '/orders/1%20'],
  'x-original-url': ['/', 'https://app.example.com/a?b=c', 'http://x', 'https://a@b/', '/a?b=c'],
};
const believing = new ForwardedRequests({ ...server, trustProxy: ['10.0.0.0/8', 'loopback'] });
const forwarded = target({
  name: 'forwarded request',
  files: ['http/forwarded-request.ts'],
  inputs: fc.record({
    headers: fields(FORWARDED),
    peer: fc.constantFrom(
      '10.1.2.3',
      '127.0.0.1',
      '::1',
      '::ffff:10.0.0.1',
      '192.0.2.1',
      'fe80::1',
      'nonsense',
      null,
    ),
  }),
  check: ({ headers, peer }) => {
    const exchange = exchangeFor({ fields: headers, ...(peer !== null && { peer }) });
    const reading = believing.of(exchange);
    const isPeer = peer !== null && (/^10\.|^127\.|^::ffff:10\./.test(peer) || peer === '::1');
    if (headers.length === 0) must(reading.kind === 'nothing', 'something from nothing');
    else must((reading.kind === 'hearsay') === !isPeer, 'believed of the wrong peer');
    if (reading.kind !== 'told') return;
    const { method = 'GET', target: where = '/' } = reading.request;
    must(/^[A-Za-z-]{1,32}$/.test(method), 'no method');
    must(/^\/[\x21-\x7e]*$/.test(where) && where.length <= 16_384, 'no address');
    const values = headers.filter(([name]) => name.endsWith('method')).map(([, value]) => value);
    must(
      values.every((value) => value === method),
      'two methods are one',
    );
  },
});

const HOPS = [
  '192.0.2.1',
  '10.0.0.1',
  '::1',
  '2001:db8::1',
  '::ffff:10.0.0.9',
  'unknown',
  '_hidden',
  '10.0.0.1:80',
  '1.2.3',
  '010.1.1.1',
];
const trusting = new ClientAddress(['10.0.0.0/8', 'loopback']);
const clientAddress = target({
  name: 'client address',
  files: ['http/client-address.ts'],
  inputs: fc.record({
    hops: fc.array(changed(HOPS, 1), { maxLength: 6 }),
    peer: fc.constantFrom('10.0.0.5', '127.0.0.1', '192.0.2.9', '::1'),
  }),
  check: ({ hops, peer }) => {
    const sent = hops.length === 0 ? [] : ([['x-forwarded-for', hops.join(', ')]] as const);
    const { req } = exchangeFor({ fields: sent, peer });
    const address = trusting.of(req);
    must(/^[0-9A-Fa-f:.%\w]+$/.test(address) && !/[\s,;]/.test(address), 'no address');
    must(trusting.isProxy(req) || address === peer, 'somebody untrusted is believed');
    must(new ClientAddress([]).of(req) === peer, 'with no proxy a header was believed');
  },
});

const SENDER = {
  origin: [
    ORIGIN,
    FRIEND,
    'https://evil.example',
    'null',
    `${ORIGIN}.evil.example`,
    'https://app.example.com:443',
    '',
  ],
  'sec-fetch-site': ['same-origin', 'same-site', 'cross-site', 'none', 'SAME-ORIGIN', ''],
  'sec-fetch-mode': ['navigate', 'cors', 'no-cors', 'same-origin', 'websocket'],
  'sec-fetch-dest': ['document', 'empty', 'image', 'iframe', ''],
  'x-csrf': ['1', '0', '', '1, 1'],
  accept: ['text/html', '*/*', 'application/json'],
  purpose: ['prefetch', 'preview'],
  'sec-purpose': ['prefetch;prerender', ''],
  'x-requested-with': ['XMLHttpRequest'],
};
const sender = target({
  name: 'sender of a request',
  files: ['http/csrf.ts', 'http/cors.ts', 'http/exchange.ts'],
  inputs: fc.record({
    headers: fields(SENDER, 6),
    method: fc.constantFrom('GET', 'HEAD', 'OPTIONS', 'POST', 'DELETE'),
    rule: fc.constantFrom('header', 'safe-read', 'navigation', 'exempt'),
  }),
  check: ({ headers, method, rule }) => {
    const exchange = exchangeFor({ method, fields: headers });
    mustBeOwnPages(exchange, method, rule);
    const { origin, purpose, 'sec-purpose': secPurpose = purpose } = exchange.req.headers;
    const cors = corsHeaders(origin, server);
    must(
      cors.includes('access-control-allow-origin') === (origin === FRIEND),
      'CORS for somebody else',
    );
    must(corsHeaders(origin, { allowedOrigins: [] }).length === 0, 'CORS for nobody');
    must(/prefetch|prerender/.test(String(secPurpose)) === isPrefetch(exchange), 'a prefetch');
  },
});

/** What passes as a request of our own page has all that only our own page can send. */
function mustBeOwnPages(exchange: FuzzedExchange, method: string, rule: string): void {
  const { origin, 'sec-fetch-site': site, 'x-csrf': proof } = exchange.req.headers;
  const isFriend = origin === FRIEND;
  const isForeign =
    site === undefined ? ![ORIGIN, undefined].includes(origin) : site !== 'same-origin';
  const proven = provesOwnPage(exchange, csrf, server);
  must(!proven || (proof === '1' && (isFriend || !isForeign)), 'a foreign page is proven our own');
  must(comesFromOwnPage(exchange, server) || !proven, 'proven, and yet foreign');
  must(hasOwnOrigin(exchange, server) === (origin === ORIGIN || isFriend), 'Origin');
  must(!isOwnRead(exchange, server) || isFriend || site !== 'cross-site', 'another site reads');
  const isUnsafe = !['GET', 'HEAD', 'OPTIONS'].includes(method);
  const judged = rule === 'exempt' ? ({ exempt: 'a reason' } as const) : (rule as 'header');
  const passes = passesCsrf(judged, exchange, csrf, server);
  must(!passes || rule === 'exempt' || proven || !isUnsafe, 'an unsafe method passes unproven');
}

const SECRET = 'Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYm';
const LINES = [
  `the token is ${SECRET}`,
  `Bearer ${SECRET}`,
  'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln',
  'code=abc&state=def',
  'plain',
  'a\nb\rc',
  'Basic dXNlcjpwYXNz',
  'x'.repeat(600),
  `${'word '.repeat(99)}${SECRET}`,
];
const redaction = target({
  name: 'log text',
  files: ['logging/redact.ts'],
  inputs: changed(LINES),
  check: (text) => {
    const clean = cleanText(text);
    // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
    must(!/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(clean), 'it breaks the line');
    must(!/[A-Za-z0-9_-]{40,}/.test(clean), 'a long random string stays');
    must(!/\beyJ[\w-]+\.[\w-]+/.test(clean), 'a token stays');
    must(clean.length <= 501 + 10 * text.length, 'it grows');
  },
});

const MARKUP = [
  'plain',
  '"><script>alert(1)</script>',
  "' onload='x",
  '</script>',
  '<!--',
  '&amp;',
  '\u2028',
  'javascript:x',
];
const TAGS = /<!?\/?[a-z!-]+/gi;
const pages = target({
  name: 'pages',
  files: ['http/pages/html.ts', 'http/answer.ts'],
  inputs: fc.record({
    text: fc.oneof(changed(MARKUP), changed(REDIRECT_CORPUS, 2)),
    at: fc.integer({ min: 0, max: 3 }),
  }),
  check: ({ text, at }) => {
    const [page, plain] = [pageOf(at, text), pageOf(at, 'x')];
    const { markup } = page('nonce');
    must(
      markup.match(TAGS)?.join() === plain('nonce').markup.match(TAGS)?.join(),
      'it gains a tag',
    );
    must(
      (markup.match(/"/g) ?? []).length >= (plain('nonce').markup.match(/"/g) ?? []).length,
      'it loses a quote',
    );
    const exchange = exchangeFor({});
    sendPage(exchange, 200, page);
    must(exchange.res.statusCode === 200, 'no answer');
  },
});

function pageOf(at: number, text: string): ReturnType<typeof bouncePage> {
  const fieldsOf = new URLSearchParams([[text, text]]);
  const all = [
    () => bouncePage(text),
    () => chooserPage([{ label: text, href: text }]),
    () => logoutPage(text, text, text),
    () => autoPostPage(text, fieldsOf),
  ];
  return (all[at] ?? all[0])!();
}

const CODES = Object.keys(ERROR_CATALOGUE) as ErrorCode[];
const answers = new ErrorAnswer(watchedLog(), new PublicUrl(server), new RecordedAudit());
const errorAnswer = target({
  name: 'error answer',
  files: [
    'http/error-answer.ts',
    'http/answer.ts',
    'errors/problem-details.ts',
    'http/public-url.ts',
  ],
  inputs: fc.record({
    headers: fields(SENDER),
    code: fc.oneof(fc.constantFrom(...CODES), fc.constant(null)),
    detail: odd,
    returnTo: fc.oneof(changed(TARGETS), fc.constant(null)),
    members: fc.dictionary(
      fc.constantFrom('acr_values', 'max_age', 'scope', 'status', 'code'),
      fc.oneof(odd, fc.integer()),
    ),
    stack: fc.constantFrom('own', 'none', 'odd'),
  }),
  check: ({ headers, code, detail, returnTo, members, stack }) => {
    const exchange = exchangeFor({ fields: headers });
    const cause = Object.assign(new TypeError(detail), { code: detail });
    if (stack !== 'own')
      Reflect.set(cause, 'stack', stack === 'none' ? undefined : `${detail}\n    at x`);
    const error = code === null ? cause : new VestibuleError(code, { detail, members, cause });
    answers.send(exchange, error, returnTo ?? undefined);
    const { res } = exchange;
    const expected = code === null ? 'internal_error' : code;
    must(res.statusCode === ERROR_CATALOGUE[expected].status, 'another status');
    if (isNavigation(exchange)) return;
    const { detail: _remedy, ...problem } = JSON.parse(res.body) as Record<string, unknown>;
    must(
      problem['code'] === expected && problem['status'] === res.statusCode,
      'no problem document',
    );
    const login = problem['login_url'];
    must(
      typeof login !== 'string' || new URL(login, ORIGIN).origin === ORIGIN,
      'a login elsewhere',
    );
  },
});

export const httpTargets: readonly FuzzTarget[] = [
  requestPath,
  cookies,
  jsonBody,
  formBody,
  forwarded,
  clientAddress,
  sender,
  redaction,
  pages,
  errorAnswer,
];
