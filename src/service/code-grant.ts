import { Injectable } from '@nestjs/common';
import type { ServiceConfig } from '../config/config.types.js';
import type { TokenSet } from '../domain/token-set.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import type { CodeRequest, ProviderClient } from '../provider/provider-client.js';
import { ProviderRegistry } from '../provider/provider-registry.js';
import { refuseRequest, requiredParameter, type Parameters } from './request-parameters.js';
import type { ServiceCall } from './service-call.js';
import { tokenResponse, type TokenResponse } from './token-response.js';

/** RFC 7636 §4.1. */
const VERIFIER = /^[A-Za-z0-9._~-]{43,128}$/;

/** `authorization_code`: redeems a code that a service received at a redirect URI of its own (RFC 6749 §4.1.3). */
@Injectable()
export class CodeGrant {
  constructor(private readonly providers: ProviderRegistry) {}

  /**
   * The provider's tokens, after all that a login verifies. No session is made of them.
   * @throws VestibuleError `bad_request`, `invalid_grant`, `invalid_scope`, and for what the provider does wrong
   *   `login_rejected`, `not_allowed`, `provider_unreachable`, `provider_misconfigured`
   */
  async redeem({ service, parameters }: ServiceCall): Promise<TokenResponse> {
    const code = requiredParameter(parameters, 'code');
    const provider = this.providerFor(service, parameters);
    const request = requestOf(service, parameters, provider);
    const outcome = await provider.redeemHandedIn(code, request);
    if (outcome.kind === 'refused') throw new VestibuleError(outcome.error);
    return answerOf(outcome.tokens, service);
  }

  /** The service's own, the one that the request names, or the only one. */
  private providerFor({ provider: own }: ServiceConfig, parameters: Parameters): ProviderClient {
    const wanted = parameters.get('provider') ?? own;
    if (own !== undefined && wanted !== own)
      refuseRequest('provider is not the one of the service');
    const [first, ...others] = this.providers.all;
    if (wanted === undefined && others.length > 0) refuseRequest('provider is missing');
    const found = wanted === undefined ? first : this.providers.find(wanted);
    return found ?? refuseRequest('provider is not known');
  }
}

function requestOf(
  service: ServiceConfig,
  parameters: Parameters,
  provider: ProviderClient,
): CodeRequest {
  const redirectUri = redirectUriOf(service, parameters);
  const [codeVerifier, nonce] = [parameters.get('code_verifier'), parameters.get('nonce')];
  if (codeVerifier !== undefined && !VERIFIER.test(codeVerifier))
    refuseRequest('code_verifier is malformed');
  // A provider that knows no PKCE takes any verifier, so that it would prove nothing.
  const verifierBinds = codeVerifier !== undefined && provider.config.pkce === 'S256';
  if (!verifierBinds && nonce === undefined && service.codeShape === 'standard')
    refuseRequest('code_verifier or nonce is missing');
  return {
    redirectUri,
    nonceBinds: nonce !== undefined && !verifierBinds,
    ...(codeVerifier !== undefined && { codeVerifier }),
    ...(nonce !== undefined && { nonce }),
  };
}

/** One of the list, byte for byte: a code that came elsewhere is not this service's (RFC 6749 §5.2, `invalid_grant`). */
function redirectUriOf({ codeShape, redirectUris }: ServiceConfig, parameters: Parameters): string {
  const only = codeShape === 'plain' ? redirectUris[0] : undefined;
  const given = parameters.get('redirect_uri') ?? only ?? refuseRequest('redirect_uri is missing');
  if (!redirectUris.includes(given))
    throw new VestibuleError('invalid_grant', { detail: 'redirect_uri is not of the service' });
  return given;
}

/**
 * A refresh token that the service does not get is dropped, not revoked: revoking it may end the access token as well
 * (RFC 7009 §2.1).
 */
function answerOf(tokens: TokenSet, { refreshTokens }: ServiceConfig): TokenResponse {
  const { idToken, refreshToken } = tokens;
  return {
    ...tokenResponse(tokens, tokens.obtainedAt),
    ...(idToken !== undefined && { id_token: idToken }),
    ...(refreshTokens && refreshToken !== undefined && { refresh_token: refreshToken }),
  };
}
