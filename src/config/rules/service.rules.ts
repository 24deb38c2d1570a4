import type { Report } from '../report.js';
import type { FoundConfig } from '../sections.js';
import { isLoopbackHost } from '../values/loopback.js';
import { isOwnCallback } from './own-callback.js';
import { idOf } from './provider.rules.js';

type Service = FoundConfig['services'][number];

/** What must hold for each internal service, and between them. */
export function checkServices(found: FoundConfig, report: Report): void {
  const ids = new Set<string>();
  for (const service of found.services) {
    const { id } = service.values;
    if (id !== undefined && ids.has(id)) {
      report.problem(
        service.key('id'),
        'is the id of an earlier service',
        'give every service its own id',
      );
    }
    if (id !== undefined) ids.add(id);
    checkSecret(service, found.server, report);
    checkMethod(service, report);
    checkCode(service, report);
    checkProvider(service, found.providers, report);
    checkRedirectUris(service, found, report);
  }
}

/** Only a service on this machine may come without a secret. */
function checkSecret(
  { values, key, written }: Service,
  server: FoundConfig['server'],
  report: Report,
): void {
  if (values.auth !== 'none') {
    if (!written('secretHash')) {
      report.problem(
        key('secretHash'),
        'is missing',
        'run `vestibule keys generate --service` and put the hash here',
      );
    }
    return;
  }
  const { internalHost = '' } = server.values;
  if (!isLoopbackHost(internalHost) && internalHost !== '::1') {
    report.problem(
      key('auth'),
      'is none, but the internal listener is open to the network',
      `give the service a secret, or set ${server.key('internalHost')} to 127.0.0.1`,
    );
  }
  if (values.scopes?.some((scope) => scope !== 'code') === true) {
    report.problem(
      key('auth'),
      'is none, but the service may do more than redeem codes',
      'give it a secret, or reduce its scopes to code',
    );
  }
}

/** `/admin/sessions` is asked by GET and DELETE, which have no form that a secret could stand in. */
function checkMethod({ values, key }: Service, report: Report): void {
  if (values.auth !== 'client_secret_post' || values.scopes?.includes('sessions') !== true) return;
  report.problem(
    key('auth'),
    'is client_secret_post, but the service may list and end sessions, which takes no form',
    'set it to client_secret_basic, or take sessions out of its scopes',
  );
}

/** A code is redeemed for a redirect URI that is known beforehand. */
function checkCode({ values, key }: Service, report: Report): void {
  const { scopes = [], redirectUris = [], codeShape } = values;
  const redeems = scopes.includes('code');
  if (redeems && redirectUris.length === 0) {
    report.problem(
      key('redirectUris'),
      'is empty, but the service redeems codes',
      'list the redirect URIs at which it receives them',
    );
  }
  if (codeShape !== 'plain') return;
  if (!redeems || redirectUris.length !== 1) {
    report.problem(
      key('codeShape'),
      'is plain, which needs the scope code and exactly one redirect URI',
      'list one redirect URI, or set it to standard',
    );
  }
}

function checkProvider(
  { values, key }: Service,
  providers: FoundConfig['providers'],
  report: Report,
): void {
  const ids = providers.map(idOf);
  const { provider, codeShape } = values;
  if (provider !== undefined && !ids.includes(provider)) {
    report.problem(
      key('provider'),
      'is no provider of this configuration',
      `write one of ${ids.filter((id) => id !== undefined).join(', ')}`,
    );
  }
  if (codeShape === 'plain' && provider === undefined && providers.length > 1) {
    report.problem(
      key('provider'),
      'is missing: a code alone does not say which of several providers gave it',
      'name the provider',
    );
  }
}

/** A code that comes to a browser's login here must not be redeemed for a service, nor the reverse. */
function checkRedirectUris(
  { values, key }: Service,
  { providers, server }: FoundConfig,
  report: Report,
): void {
  const { redirectUris = [] } = values;
  if (redirectUris.some((uri) => isOwnCallback(server, uri))) {
    report.problem(
      key('redirectUris'),
      'names the callback of the logins here',
      'give the service a redirect URI of its own, and register that at the provider as well',
    );
  }
  const ofApplications = providers.flatMap((provider) => provider.values.redirectUris ?? []);
  if (redirectUris.some((uri) => ofApplications.includes(uri))) {
    report.problem(
      key('redirectUris'),
      'has a redirect URI of an application that logs in here',
      'give the service a redirect URI of its own',
    );
  }
}
