import type { PublicRouteName } from '../../src/http/route-table.js';
import { csrfHeader, form, json, page, query, type Answer, type Operation } from './operation.ts';
import { callbackBody, device, ended, location, noSession, sessionView } from './schemas.ts';
import { z } from 'zod';

const toProvider: Answer = { description: 'To the provider.' };
const onwards: Answer = { description: 'To a page of ours that goes on to `return_to`.' };
const asSession = { description: 'Who is logged in.', bodies: json(sessionView) } as const;

const CALLBACK_ERRORS = [
  'not_a_navigation',
  'login_state_missing',
  'login_state_unknown',
  'too_many_requests',
  'login_rejected',
  'login_denied',
  'not_allowed',
  'provider_unreachable',
  'provider_misconfigured',
  'store_unavailable',
] as const;

const callback: Operation = {
  summary: 'Takes the answer of the provider',
  parameters: [
    query('code', 'The authorization code.'),
    query('state', 'The state of the login.'),
    query('iss', 'The issuer (RFC 9207).'),
    query('error', 'Why there is no code.'),
  ],
  answers: { 303: onwards },
  errors: CALLBACK_ERRORS,
};

const callbackForm: Operation = {
  summary: 'Takes the answer of the provider by form, or the code of an application as JSON',
  description: 'JSON needs the static header and a redirect URI of the application.',
  request: [form(callbackBody), ...json(callbackBody)],
  answers: { 200: asSession, 303: onwards },
  errors: ['csrf_refused', 'unsupported_media_type', 'payload_too_large', ...CALLBACK_ERRORS],
};

/** Of every route that browsers reach. A route without an entry does not compile. */
export const PUBLIC_OPERATIONS: Readonly<Record<PublicRouteName, Operation>> = {
  login: {
    summary: 'Starts a login',
    description:
      'A navigation is redirected to the provider; a fetch with the static header and `Accept: application/json` gets the address.',
    parameters: [
      query('return_to', 'Where to go afterwards: a local path, or an origin that is allowed.'),
      query('provider', 'Which provider, where there are several.'),
      query('prompt', 'Handed on to the provider, as are the other configured parameters.'),
      query('redirect_uri', 'A redirect URI of an application that takes the code itself.'),
    ],
    answers: {
      200: { description: 'For a fetch.', bodies: json(location) },
      302: toProvider,
    },
    errors: [
      'not_a_navigation',
      'unknown_provider',
      'too_many_requests',
      'provider_unreachable',
      'store_unavailable',
    ],
  },
  'login.initiate': {
    summary: 'Starts a login for a third party (OIDC Core §4)',
    request: [
      form(
        z.looseObject({
          iss: z.string(),
          login_hint: z.string().optional(),
          target_link_uri: z.string().optional(),
        }),
      ),
    ],
    answers: { 303: { description: 'To the same question as a GET.' } },
    errors: ['bad_request', 'unknown_provider'],
  },
  'login.required': {
    summary:
      "For gateways' error pages: sends a page to the login, tells a script that it needs one",
    parameters: [
      {
        name: 'X-Original-URI',
        in: 'header',
        description: 'What was asked for; believed from a trusted gateway alone.',
      },
      { name: 'X-Forwarded-Uri', in: 'header', description: 'The same.' },
    ],
    answers: { 302: { description: 'A navigation: to the login.' } },
    errors: ['unauthenticated', 'bad_request'],
  },
  'login.return': {
    summary: 'Goes on to the application after a login',
    answers: { 200: page },
  },
  callback,
  'callback.form': callbackForm,
  'callback.provider': callback,
  'callback.provider.form': callbackForm,
  session: {
    summary: 'Who is logged in',
    parameters: [query('touch', '`false` does not extend the idle time.')],
    answers: { 200: asSession, 401: { description: 'Nobody.', bodies: json(noSession) } },
    errors: ['csrf_refused', 'store_unavailable'],
  },
  'session.refresh': {
    summary: 'Renews tokens and claims now',
    description:
      'Tokens that came in the last 5 seconds stay as they are: the answer is that of `GET /session`.',
    parameters: [csrfHeader],
    answers: { 200: asSession },
    errors: ['unauthenticated', 'csrf_refused', 'provider_unreachable', 'store_unavailable'],
  },
  'session.events': {
    summary: 'Server-sent events: `expiring`, `renewed`, `ended`',
    answers: {
      200: {
        description: 'The stream. A dead session gets one `ended`.',
        bodies: [{ type: 'text/event-stream', schema: z.string() }],
      },
      204: { description: 'It has been told that it is over.' },
    },
    errors: ['csrf_refused', 'store_unavailable'],
  },
  sessions: {
    summary: "The user's sessions",
    answers: {
      200: { description: 'All devices.', bodies: json(z.object({ sessions: z.array(device) })) },
    },
    errors: ['unauthenticated', 'csrf_refused', 'store_unavailable'],
  },
  'sessions.revoke-others': {
    summary: "Ends all other sessions of the user's",
    parameters: [csrfHeader],
    answers: { 200: { description: 'Done.', bodies: json(ended) } },
    errors: ['unauthenticated', 'csrf_refused', 'store_unavailable'],
  },
  'sessions.revoke': {
    summary: "Ends one of the user's sessions",
    parameters: [csrfHeader],
    answers: { 204: { description: 'Ended.' } },
    errors: ['unauthenticated', 'csrf_refused', 'not_found', 'store_unavailable'],
  },
  'backchannel-logout': {
    summary: 'The provider ends sessions (OIDC Back-Channel Logout 1.0)',
    request: [form(z.object({ logout_token: z.string() }))],
    answers: { 200: { description: 'Ended, or nothing to end.' } },
    errors: [
      'logout_token_rejected',
      'too_many_requests',
      'store_unavailable',
      'provider_unreachable',
    ],
  },
  'frontchannel-logout': {
    summary: 'The provider ends the session of this browser (OIDC Front-Channel Logout 1.0)',
    parameters: [query('iss', 'The issuer.'), query('sid', "The provider's session.")],
    answers: { 200: page },
  },
  logout: {
    summary: 'Logs out',
    description: 'With the static header, or from our own confirmation form.',
    answers: {
      200: { description: 'For a fetch.', bodies: json(location) },
      303: { description: 'For the form: on to the provider.' },
    },
    errors: ['csrf_refused', 'store_unavailable'],
  },
  'logout.page': {
    summary: 'Logs out with the token of `logout_url`, else asks',
    parameters: [query('token', 'Of `logout_url`.')],
    answers: { 200: page, 302: { description: 'On to the provider.' } },
    errors: ['store_unavailable'],
  },
  'logout.done': {
    summary: 'Where a logout at the provider comes back to',
    parameters: [query('state', 'Of the logout.')],
    answers: { 200: page, 302: { description: 'To `POST_LOGOUT_URL`.' } },
  },
};
