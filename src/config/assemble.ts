import type {
  AssertionConfig,
  ClaimsConfig,
  CookieConfig,
  ServerConfig,
  SpaConfig,
  VestibuleConfig,
} from './config.types.js';
import { assemblePolicy } from './assemble-policy.js';
import { assembleProvider } from './assemble-provider.js';
import { assembleRoute } from './assemble-route.js';
import { assembleService } from './assemble-service.js';
import { assembleStore } from './assemble-store.js';
import { resolveHost, resolveShutdownDelay } from './rules/server.rules.js';
import { complete, type FoundConfig } from './sections.js';
import type { PublicUrl } from './values/web-url.js';

/** The configuration out of what was read; only to be called when no problem was found. */
export function assemble(found: FoundConfig): VestibuleConfig {
  const { publicUrl } = complete(found.server);
  return {
    server: assembleServer(found.server),
    cookie: assembleCookie(found.cookie, publicUrl),
    csrf: complete(found.csrf),
    session: complete(found.session),
    store: assembleStore(found.store),
    providers: found.providers.map(assembleProvider),
    login: complete(found.login),
    limits: complete(found.limits),
    tokens: complete(found.tokens),
    routes: found.routes.map(assembleRoute),
    policies: found.policies.map(assemblePolicy),
    services: found.services.map(assembleService),
    claims: assembleClaims(found.claims),
    assertion: assembleAssertion(found.assertion),
    spa: assembleSpa(found.spa),
    log: complete(found.log),
  };
}

function assembleServer(section: FoundConfig['server']): ServerConfig {
  const { publicUrl, host, shutdownDelayMs, ...rest } = complete(section);
  return {
    ...rest,
    origin: publicUrl.origin,
    https: publicUrl.https,
    host: resolveHost(host, publicUrl),
    shutdownDelayMs: resolveShutdownDelay(shutdownDelayMs, publicUrl),
  };
}

/**
 * `__Host-` needs Secure and Path=/ (RFC 6265bis §4.1.3.2), hence https. On http the port stands in the
 * name, because cookies do not tell ports apart (RFC 6265 §8.5) and loopback has many applications.
 */
function assembleCookie(section: FoundConfig['cookie'], publicUrl: PublicUrl): CookieConfig {
  const { stem, sameSite, persistent } = complete(section);
  const { https, port } = publicUrl;
  return {
    name: https ? `__Host-${stem}` : `${stem}-${port}`,
    loginName: https ? `__Host-${stem}-login` : `${stem}-login-${port}`,
    sameSite,
    secure: https,
    persistent,
  };
}

function assembleClaims(section: FoundConfig['claims']): ClaimsConfig {
  const { page, ...rest } = complete(section);
  return { ...rest, ...(page !== undefined && { page }) };
}

function assembleAssertion(section: FoundConfig['assertion']): AssertionConfig {
  const { keys, ...rest } = complete(section);
  return { ...rest, ...(keys !== undefined && { keys }) };
}

function assembleSpa(section: FoundConfig['spa']): SpaConfig {
  const { dir, url, login } = complete(section);
  if (dir !== undefined) return { kind: 'folder', dir, login };
  return url === undefined ? { kind: 'none' } : { kind: 'upstream', url, login };
}
