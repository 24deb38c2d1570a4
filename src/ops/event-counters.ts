import { END_REASONS } from '../domain/session.js';
import { ERROR_CATALOGUE } from '../errors/error-catalogue.js';
import type { PublicRouteName } from '../http/route-table.js';
import type { EventFields } from '../logging/event-log.js';
import type { LogEventName } from '../logging/log-events.js';
import type { TokenFailure } from '../provider/provider-errors.js';

/** The names that an operator has given: with the catalogues all that a label may say. */
export interface KnownNames {
  readonly providers: readonly string[];
  readonly routes: readonly string[];
}

/** A counter of events. */
export interface EventCounter {
  readonly name: string;
  readonly help: string;
  /** Every value that a label may have. */
  readonly labels: Readonly<Record<string, readonly string[]>>;
  /** The events that it counts; from the fields of each the labels are taken, undefined where it is none of these. */
  readonly events: Partial<Record<LogEventName, (fields: EventFields) => EventFields | undefined>>;
}

const REFRESH_OUTCOMES = [
  'refreshed',
  'not_allowed',
  'invalid_grant',
  'invalid_client',
  'refused',
  'not_sent',
  'temporary',
  'unknown',
] as const satisfies readonly (TokenFailure | 'refreshed' | 'not_allowed')[];

/** Of everyday refusals no event tells: they are in the counts by status. */
const CODES = Object.entries(ERROR_CATALOGUE).flatMap(([code, { level }]) =>
  level === 'debug' ? [] : [code],
);

/** Where a login ends that is refused. */
const LOGIN_ROUTES: ReadonlySet<unknown> = new Set<PublicRouteName>([
  'login',
  'login.initiate',
  'callback',
  'callback.form',
  'callback.provider',
  'callback.provider.form',
]);

const ofLogins = (fields: EventFields): EventFields | undefined =>
  LOGIN_ROUTES.has(fields['route']) ? fields : undefined;
const asTheyAre = (fields: EventFields): EventFields => fields;
const failureOf =
  (what: string) =>
  ({ provider }: EventFields): EventFields => ({ provider, what });

/** All that is counted by passing events. */
export function eventCounters(names: KnownNames): readonly EventCounter[] {
  return [...sessionCounters(names), ...providerCounters(names), ...serviceCounters(names)];
}

function sessionCounters({ providers }: KnownNames): readonly EventCounter[] {
  return [
    {
      name: 'vestibule_logins_started_total',
      help: 'Logins that were sent to a provider.',
      labels: { provider: providers },
      events: { 'login.started': asTheyAre },
    },
    {
      name: 'vestibule_logins_succeeded_total',
      help: 'Logins that ended in a session.',
      labels: { provider: providers },
      events: { 'login.succeeded': asTheyAre },
    },
    {
      name: 'vestibule_logins_refused_total',
      help: 'Requests of a login or callback that were answered with an error, by its code.',
      labels: { code: CODES },
      events: { 'request.refused': ofLogins, 'request.failed': ofLogins },
    },
    {
      name: 'vestibule_sessions_started_total',
      help: 'Sessions that began here.',
      labels: {},
      events: { 'session.started': asTheyAre },
    },
    {
      name: 'vestibule_sessions_ended_total',
      help: 'Sessions that were ended here, by the reason; one that runs out while nobody asks for it is not among them.',
      labels: { reason: END_REASONS },
      events: { 'session.ended': asTheyAre },
    },
    {
      name: 'vestibule_sessions_unreadable_total',
      help: 'Records of sessions that no key opened: was a key taken away too early?',
      labels: {},
      events: { 'session.unreadable': asTheyAre },
    },
    {
      name: 'vestibule_backchannel_logouts_total',
      help: 'Logout tokens of providers that were carried out.',
      labels: { provider: providers },
      events: { 'logout.backchannel': asTheyAre },
    },
  ];
}

function providerCounters({ providers }: KnownNames): readonly EventCounter[] {
  return [
    {
      name: 'vestibule_token_refreshes_total',
      help: 'What came of tokens that were to be renewed.',
      labels: { provider: providers, outcome: REFRESH_OUTCOMES },
      events: {
        'token.refreshed': ({ provider }) => ({ provider, outcome: 'refreshed' }),
        'token.refresh_failed': ({ provider, failure }) => ({ provider, outcome: failure }),
      },
    },
    {
      name: 'vestibule_provider_failures_total',
      help: 'What a provider did not give; client_refused: it refuses our credentials.',
      labels: {
        provider: providers,
        what: ['discovery', 'keys', 'userinfo', 'revocation', 'client_refused'],
      },
      events: {
        'provider.discovery_failed': failureOf('discovery'),
        'provider.keys_failed': failureOf('keys'),
        'provider.userinfo_failed': failureOf('userinfo'),
        'token.revocation_failed': failureOf('revocation'),
        'provider.client_refused': failureOf('client_refused'),
      },
    },
  ];
}

function serviceCounters({ routes }: KnownNames): readonly EventCounter[] {
  return [
    {
      name: 'vestibule_refusals_total',
      help: 'Requests that were answered with an error that is logged, by its code.',
      labels: { code: CODES },
      events: {
        'request.refused': asTheyAre,
        'request.failed': asTheyAre,
      },
    },
    {
      name: 'vestibule_limits_reached_total',
      help: 'How often a network spent a quota, counted once by each instance that saw it.',
      labels: { policy: ['login', 'callback', 'backchannel', 'secrets'] },
      events: { 'limit.reached': asTheyAre },
    },
    {
      name: 'vestibule_proxy_failures_total',
      help: 'Calls that an API did not answer, or not to the end, by the name of its route; spa: the frontend.',
      labels: { route: [...routes, 'spa'] },
      events: { 'proxy.failed': asTheyAre },
    },
    {
      name: 'vestibule_audit_failures_total',
      help: 'How often lines of the audit stream could not be written.',
      labels: {},
      events: { 'audit.failed': asTheyAre },
    },
    {
      name: 'vestibule_store_disconnects_total',
      help: 'How often the store was lost.',
      labels: {},
      events: { 'store.disconnected': asTheyAre },
    },
  ];
}
