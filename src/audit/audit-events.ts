import { END_REASONS } from '../domain/session.js';
import { ERROR_CODES, type ErrorCode } from '../errors/error-catalogue.js';

/** Rises when a line changes so that a reader of the old one would misread it; a new event or field is no such change. */
export const AUDIT_VERSION = 1;

/** What each field is, as JSON Schema. No field is there for a token, a code, a cookie or a session id. */
export const AUDIT_FIELDS = {
  reason: { type: 'string', description: 'Why; one of the words below.' },
  provider: { type: 'string', description: 'Id of the provider in the configuration.' },
  issuer: { type: 'string', description: 'With the subject, who it is about.' },
  subject: { type: 'string', description: '`sub`, byte for byte as the provider says it.' },
  session: {
    type: 'string',
    description: 'The public handle (`session_id`), which authenticates nothing.',
  },
  sessions: { type: 'integer', description: 'How many sessions ended.' },
  by: {
    type: 'string',
    enum: ['user', 'service', 'operator'],
    description:
      'Who did it: the user themself, a registered service, or `vestibule sessions revoke`.',
  },
  service: {
    type: 'string',
    description: 'Id of the registered service; absent for an unknown one.',
  },
  grant: { type: 'string', enum: ['code', 'exchange'], description: 'What it got a token for.' },
  route: {
    type: 'string',
    description: 'Name of our route, or of the proxied one; `other` where none was found.',
  },
  request_id: {
    type: 'string',
    description: '`X-Request-Id` of the answer; absent where no request is the cause.',
  },
  client: {
    type: 'object',
    properties: {
      address: { type: 'string', description: 'By `TRUST_PROXY`.' },
      agent: { type: 'string', description: 'The first 200 characters of User-Agent.' },
    },
    required: ['address', 'agent'],
    additionalProperties: false,
    description: 'Where the request came from.',
  },
} as const satisfies Readonly<Record<string, JsonSchema>>;

export type AuditField = keyof typeof AUDIT_FIELDS;
export interface JsonSchema {
  readonly type: 'string' | 'integer' | 'object';
  readonly description: string;
  readonly [keyword: string]: unknown;
}

interface EventSpec {
  readonly outcome: 'success' | 'failure';
  readonly doc: string;
  readonly required: readonly AuditField[];
  readonly optional: readonly AuditField[];
  /** The words that `reason` may be; none where the event has no reason. */
  readonly reasons: readonly string[];
}

const WHO = ['provider', 'issuer', 'subject', 'session'] as const;
const WHERE = ['request_id', 'client'] as const;

/** Refusals of somebody who is known, or of a page that is not ours; that nobody is logged in is none. */
export const ACCESS_REFUSALS = [
  'csrf_refused',
  'not_allowed',
  'step_up_required',
  'insufficient_scope',
] as const satisfies readonly ErrorCode[];

/** Every event of the audit stream. Types, JSON Schema and the README's table are made from this. */
export const AUDIT_EVENTS = {
  login: {
    outcome: 'success',
    doc: 'A login ended in a session.',
    required: [...WHO, ...WHERE],
    optional: [],
    reasons: [],
  },
  login_refused: {
    outcome: 'failure',
    doc: "A provider's answer ended in no session. Who it was is there when that was verified.",
    required: ['reason', 'route', ...WHERE],
    optional: ['provider', 'issuer', 'subject'],
    reasons: ERROR_CODES,
  },
  refresh: {
    outcome: 'success',
    doc: 'The tokens of a session were renewed. Of requests that share a renewal the first is named.',
    required: WHO,
    optional: WHERE,
    reasons: [],
  },
  refresh_failed: {
    outcome: 'failure',
    doc: 'They were not. If that ends the session, `session_ended` follows.',
    required: ['reason', ...WHO],
    optional: WHERE,
    reasons: [
      'invalid_grant',
      'invalid_client',
      'refused',
      'not_sent',
      'temporary',
      'unknown',
      'not_allowed',
    ],
  },
  logout: {
    outcome: 'success',
    doc: 'A user logged out here (`logout`), in a frame of the provider (`frontchannel`), or the provider told so (`backchannel`: who is as far as its token says, with the number of sessions).',
    required: ['reason', 'provider', 'issuer', ...WHERE],
    optional: ['subject', 'session', 'sessions'],
    reasons: ['logout', 'frontchannel', 'backchannel'],
  },
  logout_refused: {
    outcome: 'failure',
    doc: 'A logout token was refused.',
    required: ['reason', ...WHERE],
    optional: [],
    reasons: ['logout_token_rejected'],
  },
  revocation: {
    outcome: 'success',
    doc: 'Sessions were ended from elsewhere: one (`session`), or all of a user (`subject`).',
    required: ['by', 'sessions'],
    optional: ['service', ...WHO, ...WHERE],
    reasons: [],
  },
  session_ended: {
    outcome: 'success',
    doc: 'A session ended by itself or by a rule. One that nobody asks for any more runs out unseen.',
    required: ['reason', 'session'],
    optional: ['provider', 'issuer', 'subject', ...WHERE],
    reasons: END_REASONS,
  },
  access_refused: {
    outcome: 'failure',
    doc: 'A request was refused that was not one of our own page, or of somebody who may not.',
    required: ['reason', 'route', ...WHERE],
    optional: WHO,
    reasons: ACCESS_REFUSALS,
  },
  service_token: {
    outcome: 'success',
    doc: 'A service was given tokens. Of a session that is there, it is named.',
    required: ['service', 'grant', ...WHERE],
    optional: WHO,
    reasons: [],
  },
  service_refused: {
    outcome: 'failure',
    doc: 'A service did not prove who it is, or may not do what it asked for.',
    required: ['reason', ...WHERE],
    optional: ['service'],
    reasons: [
      'invalid_client',
      'too_many_failures',
      'service_not_permitted',
      'unauthorized_client',
    ],
  },
} as const satisfies Readonly<Record<string, EventSpec>>;

export type AuditEventName = keyof typeof AUDIT_EVENTS;

export interface AuditClient {
  readonly address: string;
  readonly agent: string;
}

type ValueOf<F extends AuditField> = (typeof AUDIT_FIELDS)[F] extends { readonly type: 'integer' }
  ? number
  : (typeof AUDIT_FIELDS)[F] extends { readonly type: 'object' }
    ? AuditClient
    : (typeof AUDIT_FIELDS)[F] extends { readonly enum: readonly (infer Word)[] }
      ? Word
      : string;
type ValueIn<N extends AuditEventName, F extends AuditField> = F extends 'reason'
  ? (typeof AUDIT_EVENTS)[N]['reasons'][number]
  : ValueOf<F>;
type Fields<N extends AuditEventName> = {
  readonly [F in (typeof AUDIT_EVENTS)[N]['required'][number]]: ValueIn<N, F>;
} & {
  readonly [F in (typeof AUDIT_EVENTS)[N]['optional'][number]]?: ValueIn<N, F> | undefined;
};

/** One event with all that its line says, but for version, time and outcome, which whoever writes it adds. */
export type AuditEvent = {
  [N in AuditEventName]: { readonly event: N } & Fields<N>;
}[AuditEventName];

/** The same before it is known which request it belongs to. */
export type AuditEntry = {
  [N in AuditEventName]: { readonly event: N } & Omit<Fields<N>, (typeof WHERE)[number]>;
}[AuditEventName];
