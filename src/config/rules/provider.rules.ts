import type { Report } from '../report.js';
import type { FoundConfig } from '../sections.js';
import { checkClientAuth, isMac } from './client-auth.rules.js';

type Provider = FoundConfig['providers'][number];

/** What must hold for each provider, and between them. */
export function checkProviders({ providers, server }: FoundConfig, report: Report): void {
  const ids = new Set<string>();
  for (const provider of providers) {
    // What else an entry needs depends on its profile.
    if (provider.values.profile !== undefined) {
      checkClientAuth(provider, report);
      checkEndpoints(provider, report);
    }
    checkScope(provider, report);
    checkMaxAge(provider, report);
    checkBinding(provider, report);
    checkDecryption(provider, report);
    checkAllow(provider, report);
    checkResponseMode(provider, server, report);
    checkId(provider, ids, report);
  }
}

/** The id of a provider; without one it is called like its profile. */
export function idOf({ values, written }: Provider): string | undefined {
  return written('id') ? values.id : values.profile;
}

function checkId(provider: Provider, earlier: Set<string>, report: Report): void {
  const id = idOf(provider);
  if (id === undefined) return;
  if (earlier.has(id)) {
    report.problem(
      provider.key('id'),
      'is the id of an earlier provider (without an id it is the profile)',
      'give every provider its own id',
    );
  }
  earlier.add(id);
}

/** OpenID Connect is spoken only when `openid` is asked for (OIDC Core §3.1.2.1). */
function checkScope({ values, key }: Provider, report: Report): void {
  const { scope, identityFrom } = values;
  if (identityFrom !== 'id_token' || scope === undefined) return;
  if (scope.split(' ').includes('openid')) return;
  report.problem(
    key('scope'),
    "must contain 'openid', without which there is no ID token",
    `add it, or set ${key('identityFrom')} to userinfo for plain OAuth 2.0`,
  );
}

/** The answer is checked against it (OIDC Core §3.1.3.7-13). */
function checkMaxAge({ values, key }: Provider, report: Report): void {
  const maxAge = values.authorizationParams?.find(({ name }) => name === 'max_age')?.value;
  if (maxAge === undefined || /^\d{1,9}$/.test(maxAge)) return;
  report.problem(
    key('authorizationParams'),
    'has a max_age that is no number of seconds',
    'write digits, such as max_age=3600',
  );
}

/** Without metadata the endpoints that a login needs must be there. */
function checkEndpoints({ values, key }: Provider, report: Report): void {
  const { discovery, identityFrom, idTokenAlg } = values;
  if (discovery !== false || idTokenAlg === undefined) return;
  const byUserinfo = identityFrom === 'userinfo';
  const needed = [
    ['authorizationEndpoint', true],
    ['tokenEndpoint', true],
    ['userinfoEndpoint', byUserinfo],
    ['jwksUri', !byUserinfo && !isMac(idTokenAlg)],
  ] as const;
  for (const [field, isNeeded] of needed) {
    if (!isNeeded || values[field] !== undefined) continue;
    report.missing(
      key(field),
      `is missing, and with ${key('discovery')} false nothing else tells it`,
      'set it, or let the metadata be fetched',
    );
  }
}

/** What keeps a code that was stolen, or slipped to somebody, from being redeemed (RFC 9700 §2.1.1). */
function checkBinding({ values, key }: Provider, report: Report): void {
  const { pkce, nonce, identityFrom, clientAuth } = values;
  if (pkce !== 'none') return;
  if (nonce === 'optional' || identityFrom !== 'id_token') {
    report.notice(
      `With ${key('pkce')} none and no nonce that must come back, nothing but the state binds a code to its login.`,
    );
  }
  if (clientAuth === 'none') {
    report.notice(
      `With ${key('pkce')} none and ${key('clientAuth')} none, whoever gets hold of a code can redeem it.`,
    );
  }
}

/** Keys are encrypted to, or agreed on, with RSA, EC and X25519 (RFC 7518 §4.1, RFC 8037 §3.2). */
function checkDecryption({ values, key }: Provider, report: Report): void {
  if (values.decryptionKeys?.some((one) => one.key.asymmetricKeyType === 'ed25519') !== true)
    return;
  report.problem(
    key('decryptionKeys'),
    'holds a key that can only sign',
    'make an RSA, EC or X25519 key for it',
  );
}

/** A claim to compare with, and nothing that is compared, reads like a rule and is none. */
function checkAllow({ key, written }: Provider, report: Report): void {
  const pairs = [
    ['domainClaim', 'allowDomains'],
    ['groupsClaim', 'allowGroups'],
  ] as const;
  for (const [claim, rule] of pairs) {
    if (!written(claim) || written(rule)) continue;
    report.problem(
      key(claim),
      `is set without ${key(rule)}, so that nothing is compared with it`,
      `set ${key(rule)}, or remove it`,
    );
  }
}

/**
 * A form_post answer is a cross-site POST: only a SameSite=None cookie comes along, and browsers take one
 * with Secure only (RFC 6265bis §5.7). Over http, loopback included, the login could never be bound.
 */
function checkResponseMode(
  { values, key }: Provider,
  server: FoundConfig['server'],
  report: Report,
): void {
  if (values.responseMode !== 'form_post' || server.values.publicUrl?.https !== false) return;
  report.problem(
    key('responseMode'),
    'is form_post, whose cookie must be SameSite=None, which browsers take over https only',
    `use query, or an https ${server.key('publicUrl')}`,
  );
}
