import * as fc from 'fast-check';
import { OwnPage } from '../../../src/http/own-page.js';
import { FrameBoundary } from '../../../src/proxy/frame-boundary.js';
import { isOwnCall } from '../../../src/proxy/route-csrf.js';
import { toClientHeaders, toUpstreamHeaders } from '../../../src/proxy/upstream-headers.js';
import { parseTarget, targetOf } from '../../../src/proxy/upstream-target.js';
import { configOf, HTTPS_ENV } from '../../support/config-env.js';
import { must, mustBeHeaders } from '../expectations.js';
import { target, type FuzzTarget } from '../fuzz-target.js';
import { exchangeFor, fields, type Fields } from '../inputs/requests.js';
import { changed } from '../inputs/texts.js';

const config = configOf({ ...HTTPS_ENV, API_UPSTREAM: 'http://127.0.0.1:1/base' });
const OWN = ['__Host-session', '__Host-login'];
const CLIENT = {
  connection: [
    'keep-alive',
    'close',
    'x-secret, keep-alive',
    'cookie',
    'upgrade',
    'X-Auth-Subject',
  ],
  cookie: [
    'a=b',
    '__Host-session=s:x; a=b',
    'a=b;__Host-login=y;c=d',
    ' __Host-session =x',
    '__Host-session',
    '=;',
    '"__Host-session"=x',
  ],
  authorization: ['Bearer stolen'],
  'x-auth-subject': ['admin'],
  x_auth_subject: ['admin'],
  'x.auth.groups': ['admin'],
  'x-auth-': [''],
  'x-forwarded-for': ['1.2.3.4'],
  x_forwarded_host: ['evil.example'],
  'x-original-url': ['/admin'],
  'x-rewrite-url': ['/admin'],
  forwarded: ['for=1.2.3.4'],
  'transfer-encoding': ['chunked'],
  'content-length': ['5'],
  te: ['trailers'],
  expect: ['100-continue'],
  host: ['evil.example'],
  'x-secret': ['x'],
  accept: ['*/*', 'text/html'],
  'proxy-authorization': ['Basic x'],
  'x-request-id': ['mine'],
};
const IDENTITY = ['x-auth-subject', 'user-1', 'x-auth-groups', '', 'x-auth-assertion', 'jwt'];
const names = fc
  .constantFrom(...Object.keys(CLIENT))
  .chain((name) => changed([name], 1))
  .filter((name) => /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name));
const anyNames = fc.array(fc.tuple(names, fc.constantFrom('x', 'admin', '')), { maxLength: 2 });

const upstreamHeaders = target({
  name: 'headers to an API',
  files: ['proxy/upstream-headers.ts'],
  inputs: fc.record({ known: fields(CLIENT, 8), others: anyNames, token: fc.boolean() }),
  check: ({ known, others, token }) => {
    const { req } = exchangeFor({ fields: [...known, ...others] as Fields });
    const sent = toUpstreamHeaders(req.headers, {
      ...(token && { accessToken: 'the-token' }),
      identity: IDENTITY,
      clientAddress: '192.0.2.1',
      proto: 'https',
      host: 'app.example.com',
      requestId: 'request-1',
      ownCookies: OWN,
    });
    mustBeHeaders(sent);
    const told = new Map<string, string[]>();
    for (let at = 0; at < sent.length; at += 2)
      told.set(sent[at] ?? '', [...(told.get(sent[at] ?? '') ?? []), sent[at + 1] ?? '']);
    for (const [name, values] of told) mustBeTold(name, values);
    must(
      told.has('authorization') === token && told.get('x-auth-subject')?.join() === 'user-1',
      'ours are missing',
    );
    for (const pair of (told.get('cookie') ?? []).join(';').split(';'))
      must(!OWN.includes(nameOf(pair)), 'a cookie of ours goes on');
  },
});

const NEVER =
  /^(?:connection|keep-alive|te|trailer|transfer-encoding|upgrade|host|expect|forwarded|proxy-(?:authenticate|authorization|connection)|x-original-.*|x-rewrite-.*)$/;
const OURS = /^x-auth-|^x-forwarded-|^authorization$|^x-request-id$/;
const THEIRS = /admin|evil|stolen|mine|1\.2\.3\.4/;

/** Servers fold names: what is no letter or digit is a hyphen. */
function mustBeTold(name: string, values: readonly string[]): void {
  const folded = name.toLowerCase().replaceAll(/[^a-z0-9]/g, '-');
  must(!NEVER.test(folded), `${name} goes on`);
  if (!OURS.test(folded)) return;
  must(
    folded === name && values.length === 1 && !THEIRS.test(values.join()),
    `${name} is a client's`,
  );
}

function nameOf(pair: string): string {
  return pair.split('=', 1)[0]?.trim() ?? '';
}

const ANSWER = {
  'content-type': [
    'text/html',
    'application/json',
    'IMAGE/SVG+XML',
    'text/xml',
    'application/xhtml+xml',
  ],
  'cache-control': [
    'public, max-age=60',
    'private',
    'no-store',
    'max-age=1, PRIVATE',
    'notprivate',
  ],
  'content-disposition': ['attachment', 'inline', ' attachment; filename=x', 'attachments'],
  'access-control-allow-origin': ['*'],
  'strict-transport-security': ['max-age=0'],
  'clear-site-data': ['"cookies"'],
  connection: ['x-secret', 'close', 'cache-control'],
  'x-secret': ['x'],
  'content-security-policy': ["default-src 'none'"],
  'x-content-type-options': ['none'],
  'service-worker-allowed': ['/'],
};
const ANSWER_COOKIES = [
  'a=b; Path=/',
  '__Host-session=x; Path=/',
  ' __Host-login =y',
  '__Host-session',
  '__host-session=x',
  '=__Host-session=x',
];
const clientHeaders = target({
  name: 'headers of an API',
  files: ['proxy/upstream-headers.ts'],
  inputs: fc.record({
    headers: fields(ANSWER, 6),
    cookies: fc.array(
      changed(ANSWER_COOKIES, 1).map((text) => text.replaceAll(/[^\x20-\x7e]/g, '')),
      { maxLength: 3 },
    ),
    content: fc.constantFrom('pages', 'documents', 'data'),
    download: fc.boolean(),
  }),
  check: ({ headers, cookies, content, download }) => {
    const { req } = exchangeFor({ fields: headers });
    const upstream = { ...req.headers, ...(cookies.length > 0 && { 'set-cookie': cookies }) };
    const told = toClientHeaders(upstream, OWN, { content: content, download });
    mustBeHeaders(told);
    const values = (name: string): string[] =>
      told.filter((_one, at) => at % 2 === 1 && told[at - 1] === name);
    for (const name of [
      'access-control-allow-origin',
      'strict-transport-security',
      'clear-site-data',
      'service-worker-allowed',
      'connection',
    ])
      must(values(name).length === 0, `${name} comes back`);
    must(values('x-content-type-options').join() === 'nosniff', 'its type may be guessed');
    for (const cookie of values('set-cookie'))
      must(!OWN.includes(nameOf(cookie)), 'it sets a cookie of ours');
    const isPage = /html|xml|svg/i.test(upstream['content-type'] ?? '');
    if (content === 'data' && isPage)
      must(values('content-security-policy').includes('sandbox'), 'a page of it runs');
    if (content !== 'pages')
      must(
        values('cache-control').every((one) => /private|no-store/i.test(one)),
        'others may keep it',
      );
    if (download && content !== 'pages')
      must(/^\s*attachment\b/i.test(values('content-disposition').join()), 'it is shown');
  },
});

/** Frames by RFC 6455 §5.2: a length in one of its three forms, masked or not. */
const frame = fc.record({
  first: fc.integer({ min: 0, max: 255 }),
  masked: fc.boolean(),
  length: fc.constantFrom(0, 1, 5, 125, 126, 300, 65_535, 65_536),
  form: fc.constantFrom(0, 2, 8),
});
function bytesOf({
  first,
  masked,
  length,
  form,
}: typeof frame extends fc.Arbitrary<infer T> ? T : never): Buffer {
  const size =
    form === 0 && length > 125
      ? length > 65_535
        ? 8
        : 2
      : form === 2 && length > 65_535
        ? 8
        : form;
  const head = Buffer.alloc(2 + size + (masked ? 4 : 0));
  head[0] = first;
  head[1] = (masked ? 0x80 : 0) | (size === 0 ? length : size === 2 ? 126 : 127);
  if (size === 2) head.writeUInt16BE(length, 2);
  if (size === 8) head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, Buffer.alloc(length)]);
}

const frames = target({
  name: 'frames of a websocket',
  files: ['proxy/frame-boundary.ts'],
  inputs: fc.record({
    frames: fc.array(frame, { maxLength: 4 }),
    cuts: fc.array(fc.integer({ min: 0, max: 1_000 }), { maxLength: 6 }),
  }),
  check: ({ frames: sent, cuts }) => {
    const all = sent.map(bytesOf);
    const whole = Buffer.concat(all);
    const ends = new Set([0]);
    let end = 0;
    for (const one of all) ends.add((end += one.length));
    const boundary = new FrameBoundary();
    const places = [
      ...cuts.map((cut) => Math.floor((whole.length * cut) / 1_000)),
      whole.length,
    ].toSorted((a, b) => a - b);
    let from = 0;
    for (const place of places) {
      boundary.pass(whole.subarray(from, place));
      from = place;
      must(boundary.isBetweenFrames === ends.has(place), `at ${place} it is not where it says`);
    }
  },
});

const UPSTREAMS = ['http://127.0.0.1:1', 'http://127.0.0.1:1/base', 'https://api.example/v1/x'];
const upstreamTarget = target({
  name: 'address of an API',
  files: ['proxy/upstream-target.ts'],
  inputs: fc.record({
    upstream: fc.constantFrom(...UPSTREAMS),
    rest: changed(['', '/orders', '/a//b', '/@evil', '/%2f']),
    search: fc.constantFrom('', '?a=b', '?//'),
  }),
  check: ({ upstream, rest, search }) => {
    const to = parseTarget(upstream, '/api');
    const { origin, path } = targetOf(to, exchangeFor({ path: `/api${rest}`, search }));
    must(
      upstream.startsWith(origin) && path.startsWith(to.base) && path.endsWith(search),
      'it leads elsewhere',
    );
    must(path === `${to.base}${rest || '/'}${search}`, 'it was changed');
  },
});

const ownPage = new OwnPage(config.csrf, config.server);
const SENDER = {
  origin: ['https://app.example.com', 'https://evil.example', 'null'],
  'sec-fetch-site': ['same-origin', 'cross-site', 'none', 'same-site'],
  'sec-fetch-mode': ['cors', 'no-cors', 'navigate', 'same-origin', 'websocket', 'nested-navigate'],
  'sec-fetch-dest': ['empty', 'image', 'document', 'iframe', 'serviceworker', 'script', 'object'],
  'x-csrf': ['1', '2'],
};
const routeCsrf = target({
  name: 'sender of a proxied call',
  files: ['proxy/route-csrf.ts', 'http/own-page.ts', 'http/csrf.ts'],
  inputs: fc.record({
    headers: fields(SENDER, 6),
    csrf: fc.constantFrom('header', 'fetch-metadata'),
    download: fc.boolean(),
  }),
  check: ({ headers, csrf, download }) => {
    const exchange = exchangeFor({ fields: headers });
    const route = { ...config.routes[0]!, csrf: csrf as 'header', download };
    if (!isOwnCall(exchange, route, ownPage)) return;
    const {
      'x-csrf': proof,
      'sec-fetch-site': site,
      'sec-fetch-dest': destination,
    } = exchange.req.headers;
    must(
      proof === '1' || (csrf === 'fetch-metadata' && site === 'same-origin'),
      'nothing proves it',
    );
    must(site === undefined || site === 'same-origin', 'another site calls');
    must(proof === '1' || destination !== 'iframe', 'a page of it inside of ours');
    must(proof === '1' || destination !== 'document' || download, 'it is opened as a page');
    must(
      ownPage.isClaimedBy(exchange) === (proof !== undefined) &&
        (!ownPage.isProvenBy(exchange) || ownPage.isSenderOf(exchange)),
      'proven and yet foreign',
    );
  },
});

export const proxyTargets: readonly FuzzTarget[] = [
  upstreamHeaders,
  clientHeaders,
  frames,
  upstreamTarget,
  routeCsrf,
];
