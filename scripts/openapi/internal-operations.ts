import { z } from 'zod';
import type { InternalRouteName } from '../../src/http/route-table.js';
import { form, json, query, type Answer, type Operation } from './operation.ts';
import {
  device,
  ended,
  introspection,
  introspectionRequest,
  jwks,
  oauthError,
  readiness,
  tokenRequest,
  tokenResponse,
} from './schemas.ts';

const refusedByOAuth = (description: string): Answer => ({
  description,
  bodies: json(oauthError),
});

const OAUTH_ANSWERS = {
  400: refusedByOAuth('`invalid_request` and its kin.'),
  401: refusedByOAuth('`invalid_client`.'),
  429: refusedByOAuth('Too many failures.'),
  503: refusedByOAuth('`temporarily_unavailable`: nobody knows at the moment.'),
} as const;

const WHOM = [
  query('sub', 'The subject.', true),
  query('provider', 'The id of the provider.'),
] as const;

const ADMIN_ERRORS = [
  'bad_request',
  'invalid_client',
  'too_many_failures',
  'service_not_permitted',
  'store_unavailable',
] as const;

/** Of every route of the internal listener. A route without an entry does not compile. */
export const INTERNAL_OPERATIONS: Readonly<Record<InternalRouteName, Operation>> = {
  healthz: {
    summary: 'Liveness',
    answers: { 200: { description: 'It runs.', bodies: json(z.object({ status: z.string() })) } },
  },
  readyz: {
    summary: 'Readiness',
    answers: {
      200: { description: 'Traffic may come.', bodies: json(readiness) },
      503: { description: 'It may not.', bodies: json(readiness) },
    },
  },
  metrics: {
    summary: 'Metrics for Prometheus',
    answers: {
      200: {
        description: 'Text exposition format.',
        bodies: [{ type: 'text/plain', schema: z.string() }],
      },
    },
  },
  openapi: {
    summary: 'This document',
    answers: {
      200: { description: 'OpenAPI 3.1.', bodies: json(z.looseObject({ openapi: z.string() })) },
    },
  },
  jwks: {
    summary: 'The keys of the identity assertion',
    answers: { 200: { description: 'RFC 7517 §5.', bodies: json(jwks) } },
  },
  verify: {
    summary: 'May this request pass, and whose is it? For gateways',
    description:
      'Any method, any suffix; the query is never read. `/verify` is the policy `default`. Every answer carries every managed header (`X-Auth-*`, `X-Auth-Assertion`), empty where there is no value.',
    answers: {
      200: { description: 'It may; the headers tell whose it is.' },
      302: { description: 'To the login, where the policy says `redirect`.' },
    },
    errors: [
      'bad_request',
      'ambiguous_path',
      'unauthenticated',
      'step_up_required',
      'csrf_refused',
      'insufficient_scope',
      'not_allowed',
      'not_found',
      'provider_unreachable',
      'store_unavailable',
    ],
  },
  introspect: {
    summary: 'Is this session, or this assertion, alive? (RFC 7662)',
    request: [form(introspectionRequest)],
    answers: {
      200: { description: 'Alive or not.', bodies: json(introspection) },
      403: refusedByOAuth('The service may not ask.'),
      ...OAUTH_ANSWERS,
    },
  },
  token: {
    summary: 'Redeems a code, or exchanges a session for an access token (RFC 6749, RFC 8693)',
    request: [form(tokenRequest), ...json(tokenRequest)],
    answers: {
      200: { description: 'Tokens.', bodies: json(tokenResponse) },
      502: refusedByOAuth('`server_error`: the provider failed.'),
      ...OAUTH_ANSWERS,
    },
  },
  'admin.sessions': {
    summary: 'The sessions of a user',
    parameters: WHOM,
    answers: {
      200: { description: 'Devices.', bodies: json(z.object({ sessions: z.array(device) })) },
    },
    errors: ADMIN_ERRORS,
  },
  'admin.sessions.end-all': {
    summary: 'Ends all sessions of a user',
    parameters: [WHOM[0], { ...WHOM[1], required: true }],
    answers: { 200: { description: 'Done.', bodies: json(ended) } },
    errors: ADMIN_ERRORS,
  },
  'admin.sessions.end': {
    summary: 'Ends one session',
    answers: { 204: { description: 'Ended.' } },
    errors: [...ADMIN_ERRORS, 'not_found'],
  },
};
