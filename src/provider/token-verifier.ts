import type { ServerMetadata, TokenEndpointResponse } from 'openid-client';
import type { ProviderConfig } from '../config/config.types.js';
import type { Clock } from '../domain/clock.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import { verifyIdToken, type IdTokenClaims, type IdTokenExpectation } from './id-token.js';
import { verifyLogoutToken, type LogoutOrder } from './logout-token.js';
import type { ProviderKeys } from './provider-keys.js';

/** What a login remembers of its request; a refresh has nothing of it. */
type OfTheRequest = Pick<IdTokenExpectation, 'nonce' | 'maxAge' | 'acrValues'>;

/** Verifies what one provider signs, with its keys and the algorithm of our configuration. */
export class TokenVerifier {
  constructor(
    private readonly config: ProviderConfig,
    private readonly keys: ProviderKeys,
    /** A cool-down of its own: a flood of logout tokens must not keep a login from seeing a rotated key. */
    private readonly logoutKeys: ProviderKeys,
    private readonly clock: Clock,
  ) {}

  /** @throws VestibuleError `login_rejected`, `provider_unreachable`, `provider_misconfigured`; jose's errors */
  idToken(
    server: ServerMetadata,
    answer: TokenEndpointResponse,
    { nonce, maxAge, acrValues }: OfTheRequest,
  ): Promise<IdTokenClaims> {
    const { id_token: idToken, access_token: accessToken } = answer;
    if (idToken === undefined) {
      throw new VestibuleError('login_rejected', { detail: 'no id token' });
    }
    return this.keys.verifyWith(jwksUriOf(server), (keys) =>
      verifyIdToken(idToken, keys, {
        ...this.expected(server),
        accessToken,
        ...(nonce !== undefined && { nonce }),
        ...(maxAge !== undefined && { maxAge }),
        ...(acrValues !== undefined && { acrValues }),
      }),
    );
  }

  /** @throws VestibuleError `logout_token_rejected`, `provider_unreachable`, `provider_misconfigured` */
  async logoutToken(server: ServerMetadata, token: string): Promise<LogoutOrder> {
    try {
      return await this.logoutKeys.verifyWith(jwksUriOf(server), (keys) =>
        verifyLogoutToken(token, keys, this.expected(server)),
      );
    } catch (error) {
      if (error instanceof VestibuleError) throw error;
      throw new VestibuleError('logout_token_rejected', { cause: error });
    }
  }

  private expected({ issuer }: ServerMetadata): IdTokenExpectation {
    const { clientId, idTokenAlg: algorithm } = this.config;
    return { issuer, clientId, algorithm, now: this.clock.now() };
  }
}

function jwksUriOf({ jwks_uri: jwksUri }: ServerMetadata): string {
  if (jwksUri !== undefined) return jwksUri;
  throw new VestibuleError('provider_misconfigured', { detail: 'the metadata name no jwks_uri' });
}
