import type { IncomingHttpHeaders } from 'node:http';
import { pairsOf, type FlatHeaders } from '../http/flat-headers.js';
import {
  toClientHeaders,
  toUpstreamHeaders as flat,
  type AnswerPolicy,
  type ForwardedBy,
} from './upstream-headers.js';

/** The flat list as an object; a name that comes twice would show. */
function asObject(headers: FlatHeaders): Record<string, unknown> {
  const named = Object.groupBy(pairsOf(headers), ([name]) => name);
  return Object.fromEntries(
    Object.entries(named).map(([name, all = []]) => {
      const values = all.map(([, value]) => value);
      return [name, values.length === 1 ? values[0] : values];
    }),
  );
}

const toUpstreamHeaders = (client: IncomingHttpHeaders, by: ForwardedBy) =>
  asObject(flat(client, by));

const DATA: AnswerPolicy = { content: 'data', download: false };

const OWN = ['__Host-vestibule', '__Host-vestibule-login'];
const by: ForwardedBy = {
  clientAddress: '203.0.113.7',
  proto: 'https',
  host: 'app.example',
  requestId: 'request-1',
  identity: [],
  ownCookies: OWN,
};
const OURS = {
  'x-forwarded-for': '203.0.113.7',
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'app.example',
  'x-request-id': 'request-1',
};

describe('what goes to the upstream', () => {
  it('is what the client sent, and what we say', () => {
    const client = {
      accept: '*/*',
      'content-type': 'text/plain',
      range: 'bytes=0-1',
      'x-csrf': '1',
    };
    expect(toUpstreamHeaders(client, by)).toEqual({ ...client, ...OURS });
  });

  it('carries our access token instead of whatever the client sent', () => {
    const headers = toUpstreamHeaders(
      { authorization: 'Basic x' },
      { ...by, accessToken: 'access' },
    );
    expect(headers['authorization']).toBe('Bearer access');
    expect(toUpstreamHeaders({ authorization: 'Basic x' }, by)).toEqual(OURS);
  });

  it.each([
    'connection',
    'keep-alive',
    'proxy-authenticate',
    'proxy-authorization',
    'proxy-connection',
    'te',
    'trailer',
    'transfer-encoding',
    'upgrade',
    'host',
    'expect',
    'forwarded',
    'x-real-ip',
    'x-request-id',
    'x-forwarded-for',
    'x-forwarded-proto',
    'x-forwarded-host',
    'x-forwarded-prefix',
    'x-forwarded-client-cert',
    'x-original-url',
    'x-original-host',
    'x-rewrite-url',
    'x-auth-subject',
    'x-auth-assertion',
    'x_auth_subject',
    'x.auth.subject',
    'x-auth_subject',
    'x~auth!subject',
    'x*forwarded*for',
    'x_forwarded_for',
    'x_real_ip',
    'authorization',
    'transfer_encoding',
  ])('does not carry the client’s %s (H-15)', (name) => {
    const headers = toUpstreamHeaders({ [name]: 'from the client' }, by);
    expect(Object.values(headers)).not.toContain('from the client');
    expect(headers).toEqual(OURS);
  });

  it('does not carry what Connection names, however it is written (RFC 9110 §7.6.1)', () => {
    const client = { connection: 'X-Hop ,close,  Cookie', 'x-hop': '1', 'x-kept': '2', close: 'x' };
    expect(toUpstreamHeaders(client, by)).toEqual({ ...OURS, 'x-kept': '2' });
  });

  it('cannot be robbed of our headers by Connection', () => {
    const client = { connection: 'authorization, x-forwarded-for, x-request-id' };
    expect(toUpstreamHeaders(client, { ...by, accessToken: 'access' })).toEqual({
      ...OURS,
      authorization: 'Bearer access',
    });
  });

  it.each([
    ['__Host-vestibule=s; theme=dark', 'theme=dark'],
    ['theme=dark;__Host-vestibule=s;__Host-vestibule-login=b; lang=de', 'theme=dark; lang=de'],
    [' __Host-vestibule = s ; a=1', 'a=1'],
    ['__Host-vestibule=a; __Host-vestibule=b', undefined],
    ['__Host-vestibule', undefined],
    ['__Host-vestibule=s', undefined],
    ['', undefined],
    ['x__Host-vestibule=1', 'x__Host-vestibule=1'],
  ])('keeps our cookies here: %p', (cookie, forwarded) => {
    expect(toUpstreamHeaders({ cookie }, by)['cookie']).toBe(forwarded);
  });
});

describe('what comes back to the browser', () => {
  const back = (headers: Parameters<typeof toClientHeaders>[0]) =>
    asObject(toClientHeaders(headers, OWN, DATA));
  const ALWAYS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

  it('may ask a server in front not to hold a stream back', () => {
    const answer = { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' };
    expect(back(answer)).toMatchObject(answer);
  });

  it('is what the upstream sent, not to be kept by anybody, not to be guessed at', () => {
    const answer = { 'content-type': 'application/json', etag: '"1"', location: '/x', 'x-a': 'b' };
    expect(back(answer)).toEqual({ ...answer, ...ALWAYS });
  });

  it.each([
    'connection',
    'keep-alive',
    'transfer-encoding',
    'upgrade',
    'proxy-authenticate',
    'access-control-allow-origin',
    'access-control-allow-credentials',
    'clear-site-data',
    'strict-transport-security',
    'x-request-id',
    'alt-svc',
    'nel',
    'report-to',
    'reporting-endpoints',
    'surrogate-control',
    'edge-control',
    'cdn-cache-control',
    'cloudflare-cdn-cache-control',
    'x-accel-expires',
    'x-accel-redirect',
    'x-sendfile',
    'service-worker-allowed',
  ])('does not carry %s, which would speak in our name', (name) => {
    expect(back({ [name]: 'x' })).toEqual(ALWAYS);
  });

  it('does not carry what Connection names', () => {
    expect(back({ connection: 'X-Hop', 'x-hop': '1' })).toEqual(ALWAYS);
  });

  it('cannot set our cookies, but its own', () => {
    const cookies = [
      '__Host-vestibule=evil; Path=/',
      ' __Host-vestibule-login=evil',
      'theme=dark; Path=/',
    ];
    expect(back({ 'set-cookie': cookies })['set-cookie']).toBe('theme=dark; Path=/');
    expect(back({ 'set-cookie': cookies.slice(0, 2) })).toEqual(ALWAYS);
  });

  it.each([
    ['private, max-age=60', 'private, max-age=60'],
    ['Private', 'Private'],
    ['no-store', 'no-store'],
    ['max-age=60,private', 'max-age=60,private'],
    ['public, max-age=60', 'no-store'],
    ['max-age=60', 'no-store'],
    ['no-cache', 'no-store'],
    ['x-private', 'no-store'],
    [undefined, 'no-store'],
  ])('is kept by no shared cache: %p', (given, sent) => {
    const headers = back(given === undefined ? {} : { 'cache-control': given });
    expect(headers['cache-control']).toBe(sent);
  });

  it.each([
    ['text/html'],
    ['TEXT/HTML; charset=utf-8'],
    ['application/xhtml+xml'],
    ['image/svg+xml'],
    ['text/xml'],
    ['application/atom+xml'],
  ])('cannot run as a page of our origin: %s', (type) => {
    const headers = back({ 'content-type': type, 'content-security-policy': 'default-src *' });
    expect(headers['content-security-policy']).toBe('sandbox');
  });

  it.each([['application/json'], ['text/plain'], ['image/png'], ['text/event-stream']])(
    'is left alone where it is no page: %s',
    (type) => {
      expect(back({ 'content-type': type })).not.toHaveProperty('content-security-policy');
    },
  );
});
