import type { Fields } from '../inputs/requests.js';

/** A request as a browser, a provider or a service sends it. Words in braces stand for what is known of the member. */
export interface Step {
  readonly listener?: 'internal';
  readonly method: string;
  readonly target: string;
  readonly fields?: Fields;
  readonly type?: string;
  readonly body?: string;
  /** It says what only the member, the provider or a service can say: the member's session may end by it. */
  readonly mayEnd?: true;
}

const NAVIGATION: Fields = [
  ['sec-fetch-mode', 'navigate'],
  ['sec-fetch-dest', 'document'],
  ['sec-fetch-site', 'same-origin'],
];
const CALL: Fields = [
  ['x-csrf', '1'],
  ['sec-fetch-site', 'same-origin'],
  ['sec-fetch-mode', 'cors'],
  ['accept', 'application/json'],
];
const FORM = 'application/x-www-form-urlencoded';
const JSON_TYPE = 'application/json';
const SERVICE: Fields = [['authorization', '{basic}']];
const ASKED: Fields = [
  ['x-forwarded-method', 'GET'],
  ['x-forwarded-uri', '/orders?a=b'],
];

const navigation = (target: string): Step => ({ method: 'GET', target, fields: NAVIGATION });
const call = (method: string, target: string): Step => ({ method, target, fields: CALL });
const asService = (method: string, target: string): Step => ({
  listener: 'internal',
  method,
  target,
  fields: SERVICE,
});
const asking = (target: string, body: string): Step => ({
  ...asService('POST', target),
  type: FORM,
  body,
});

/** What people, providers and services do, each thing in the way in which it works. */
export const STEPS: Readonly<Record<string, Step>> = {
  'logout by fetch': { ...call('POST', '/logout'), mayEnd: true },
  'logout by form': {
    method: 'POST',
    target: '/logout',
    fields: NAVIGATION,
    type: FORM,
    body: 'token={token}',
    mayEnd: true,
  },
  'logout by link': { ...navigation('/logout?token={token}'), mayEnd: true },
  'logout page': navigation('/logout'),
  'logout page again': navigation('/logout?again=1'),
  'logged out': navigation('/logout/done?state={state}'),
  'framed logout': {
    method: 'GET',
    target: '/frontchannel-logout?iss={iss}&sid={sid}',
    mayEnd: true,
  },
  'framed logout of nobody': { method: 'GET', target: '/frontchannel-logout' },
  'logout behind the back': {
    method: 'POST',
    target: '/backchannel-logout',
    type: FORM,
    body: 'logout_token={logout_token}',
    mayEnd: true,
  },
  login: navigation('/login?return_to=/orders&prompt=none'),
  'login by fetch': call('GET', '/login?return_to=/orders'),
  'login by a third party': {
    method: 'POST',
    target: '/login',
    fields: NAVIGATION,
    type: FORM,
    body: 'iss={iss}&target_link_uri=/x&login_hint=a',
  },
  'login required': { method: 'GET', target: '/login/required', fields: [...NAVIGATION, ...ASKED] },
  'login required of a script': call('GET', '/login/required?acr_values=loa2&max_age=5'),
  'answer of the provider': navigation('/callback/generic?state={state}&code=c&iss={iss}'),
  'failed answer': navigation('/callback/generic?state={state}&error=login_required'),
  'denied answer': navigation('/callback?state={state}&error=access_denied'),
  'posted answer': {
    method: 'POST',
    target: '/callback/generic',
    fields: NAVIGATION,
    type: FORM,
    body: 'state={state}&error=login_required',
  },
  'answer of the application': {
    ...call('POST', '/callback/generic'),
    type: JSON_TYPE,
    body: '{"state":"{state}","code":"c"}',
  },
  'failed answer of the application': {
    ...call('POST', '/callback'),
    type: JSON_TYPE,
    body: '{"state":"{state}","error":"login_required"}',
  },
  'way back': navigation('/login/return?return_to=/orders'),
  'way back healed': navigation('/login/return?return_to=/orders&heal=1'),
  'way back healed twice': navigation('/login/return?return_to=/orders&heal=2'),
  session: call('GET', '/session?touch=false'),
  'session of a stranger': { method: 'GET', target: '/session', fields: [['cookie', 'x=y']] },
  devices: call('GET', '/sessions'),
  'end of other devices': call('DELETE', '/sessions'),
  'end of this device': { ...call('DELETE', '/sessions/{handle}'), mayEnd: true },
  refresh: call('POST', '/session/refresh'),
  events: { ...call('GET', '/session/events'), fields: [...CALL, ['accept', 'text/event-stream']] },
  preflight: {
    method: 'OPTIONS',
    target: '/session',
    fields: [
      ['origin', 'http://localhost:9'],
      ['access-control-request-method', 'PUT'],
    ],
  },
  websocket: {
    method: 'GET',
    target: '/calls/ws',
    fields: [
      ['upgrade', 'websocket'],
      ['connection', 'Upgrade'],
      ['origin', '{origin}'],
      ['sec-websocket-key', 'dGhlIHNhbXBsZSBub25jZQ=='],
      ['sec-websocket-version', '13'],
    ],
  },
  'call of an API': call('POST', '/calls/x?a=b'),
  'page of an API': { ...navigation('/open/page') },
  'page of the application': navigation('/orders/7'),
  'file of the application': call('GET', '/index.html'),
  introspection: asking('/introspect', 'token={value}'),
  'introspection of an assertion': asking('/introspect', 'token={assertion}'),
  'sessions of a user': asService('GET', '/admin/sessions?sub={sub}&provider=generic'),
  'end of the sessions of a user': {
    ...asService('DELETE', '/admin/sessions?sub={sub}&provider=generic'),
    mayEnd: true,
  },
  'end of a session': { ...asService('DELETE', '/admin/sessions/{handle}'), mayEnd: true },
  'token for a service': asking(
    '/token',
    'grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token={value}',
  ),
  question: { listener: 'internal', method: 'GET', target: '/verify', fields: ASKED },
};
