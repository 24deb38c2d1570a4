import type { ErrorLevel } from '../errors/error-catalogue.js';

/**
 * Every event that Vestibule logs, with its level. An event carries only the fields named at its call,
 * each a short string, number or boolean; tokens, codes, cookies and session ids have no field to go into.
 */
export const LOG_EVENTS = {
  'config.notice': 'warn',
  'worker.exited': 'error',
  'workers.listening': 'info',
  'server.listening': 'info',
  'server.draining': 'info',
  'server.stopped': 'info',
  'request.completed': 'debug',
  'request.refused': 'info',
  'request.failed': 'error',
  'login.started': 'info',
  'login.succeeded': 'info',
  'login.healed': 'info',
  'session.started': 'info',
  'session.ended': 'info',
  'logout.backchannel': 'info',
  'session.unreadable': 'warn',
  'token.refreshed': 'info',
  'token.claims_dropped': 'info',
  'token.refresh_failed': 'warn',
  'token.revocation_failed': 'warn',
  'provider.discovered': 'info',
  'provider.discovery_failed': 'warn',
  'provider.misfit': 'error',
  'provider.client_refused': 'error',
  'provider.userinfo_failed': 'warn',
  'provider.keys_fetched': 'info',
  'provider.keys_failed': 'warn',
  'proxy.failed': 'warn',
  'service.refused': 'warn',
  'service.token_given': 'info',
  'service.sessions_ended': 'info',
  'gateway.not_trusted': 'warn',
  'limit.reached': 'warn',
  'store.connected': 'info',
  'store.disconnected': 'warn',
  'store.error': 'warn',
  'store.warning': 'warn',
  'framework.message': 'debug',
  'framework.problem': 'warn',
} as const satisfies Record<string, ErrorLevel>;

export type LogEventName = keyof typeof LOG_EVENTS;
