import type { ServerMetadata } from 'openid-client';
import {
  CLIENT_AUTH_METHODS,
  SIGNATURE_ALGORITHMS,
  type ProviderConfig,
} from '../config/provider-config.types.js';
import type { Misfit } from '../domain/provider-inspection.js';

/** Everything in which a provider's entry and its metadata (RFC 8414 §2) do not go together. */
export function findMisfits(provider: ProviderConfig, server: ServerMetadata): readonly Misfit[] {
  return [
    ...missingEndpoints(provider, server),
    ...methodNotOffered(provider, server),
    ...pkceNotOffered(provider, server),
    ...algorithmNotOffered(provider, server),
    ...responseModeNotOffered(provider, server),
  ];
}

/** Whether the provider says that it knows no S256: then PKCE would protect nobody (RFC 9700 §2.1.1). */
export function refusesS256({ pkce }: ProviderConfig, server: ServerMetadata): boolean {
  return pkce === 'S256' && isNotAmong('S256', server.code_challenge_methods_supported);
}

/** Whether the provider says that it knows none, or not each, of these prompts (Initiating User Registration via OpenID Connect 1.0). */
export function refusesPrompt(prompt: string, server: ServerMetadata): boolean {
  const offered = server['prompt_values_supported'];
  if (!Array.isArray(offered)) return false;
  const names = offered.filter((one) => typeof one === 'string');
  return prompt.split(' ').some((one) => isNotAmong(one, names));
}

/** A list that is absent or empty says nothing. */
function isNotAmong(value: string, offered: readonly string[] = []): boolean {
  return offered.length > 0 && !offered.includes(value);
}

function missingEndpoints(provider: ProviderConfig, server: ServerMetadata): Misfit[] {
  const { identityFrom, idTokenAlg } = provider;
  const byUserinfo = identityFrom === 'userinfo';
  const needed: [name: keyof ServerMetadata & string, option: string, isNeeded: boolean][] = [
    ['authorization_endpoint', 'endpoints.authorization', true],
    ['token_endpoint', 'endpoints.token', true],
    ['userinfo_endpoint', 'endpoints.userinfo', byUserinfo],
    ['jwks_uri', 'endpoints.jwks', !byUserinfo && !idTokenAlg.startsWith('HS')],
  ];
  return needed
    .filter(([name, , isNeeded]) => isNeeded && server[name] === undefined)
    .map(([name, option]) => ({
      option,
      fault: `is not set, and the metadata have no ${name}`,
      remedy: 'write it by hand, or check that the issuer is right',
    }));
}

/** Values that are not registered (IANA, OAuth parameters) say nothing: a list of nothing else is no list. */
function methodNotOffered(
  { credentials: { method } }: ProviderConfig,
  { token_endpoint_auth_methods_supported: offered = [] }: ServerMetadata,
): Misfit[] {
  const registered = CLIENT_AUTH_METHODS.filter((one) => offered.includes(one));
  if (!isNotAmong(method, registered)) return [];
  return [notOffered('clientAuth', method, `use ${registered.join(' or ')}, as registered there`)];
}

function pkceNotOffered(provider: ProviderConfig, server: ServerMetadata): Misfit[] {
  if (!refusesS256(provider, server)) return [];
  return [notOffered('pkce', 'S256', 'set it to none; then the nonce alone binds a code')];
}

/** The list is about ID tokens (OIDC Discovery §3); of access tokens it says nothing. */
function algorithmNotOffered(
  { idTokenAlg, identityFrom }: ProviderConfig,
  { id_token_signing_alg_values_supported: offered }: ServerMetadata,
): Misfit[] {
  if (identityFrom !== 'id_token' || !isNotAmong(idTokenAlg, offered)) return [];
  const known = SIGNATURE_ALGORITHMS.filter((one) => offered?.includes(one));
  const remedy =
    known.length > 0 ? `use ${known.join(' or ')}` : 'ask the provider which one it signs with';
  return [notOffered('idTokenAlg', idTokenAlg, remedy)];
}

/** `query` is what a code comes back by when nothing is asked for (OAuth Multiple Response Types §2.1). */
function responseModeNotOffered(
  { responseMode }: ProviderConfig,
  { response_modes_supported: offered }: ServerMetadata,
): Misfit[] {
  if (responseMode === 'query' || !isNotAmong(responseMode, offered)) return [];
  return [notOffered('responseMode', responseMode, 'use query')];
}

function notOffered(option: string, value: string, remedy: string): Misfit {
  return { option, fault: `is ${value}, which the provider does not offer`, remedy };
}
