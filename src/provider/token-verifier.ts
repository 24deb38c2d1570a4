import type { ServerMetadata } from 'openid-client';
import type { ProviderConfig } from '../config/provider-config.types.js';
import type { Clock } from '../domain/clock.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import { verifyAccessToken, type AccessTokenClaims } from './access-token.js';
import { decryptToken, isEncrypted } from './encrypted-token.js';
import { verifyIdToken, type IdTokenClaims, type IdTokenExpectation } from './id-token.js';
import { verifyLogoutToken, type LogoutOrder } from './logout-token.js';
import { claimDetail } from './provider-errors.js';
import type { ProviderKeys } from './provider-keys.js';
import { verifyUserinfo } from './signed-userinfo.js';
import type { TokenAnswer } from './token-answer.js';
import { madeAt } from './token-times.js';
import { verifyWithKeys } from './verification-keys.js';

/** What a login remembers of its request; a refresh has little of it. */
type OfTheRequest = Pick<IdTokenExpectation, 'nonce' | 'nonceOptional' | 'maxAge' | 'acrValues'>;

/** How its times are judged: by our clock, or as of the time at which it says it was made. */
interface Judged {
  readonly atItsTime?: boolean;
}

/** What every kind of token is compared with. */
type Expected = Pick<IdTokenExpectation, 'issuers' | 'clientId' | 'algorithm' | 'now'>;

/** Verifies what one provider signs, with its keys and the algorithm of our configuration. */
export class TokenVerifier {
  constructor(
    private readonly config: ProviderConfig,
    private readonly keys: ProviderKeys,
    /** A cool-down of its own: a flood of logout tokens must not keep a login from seeing a rotated key. */
    private readonly logoutKeys: ProviderKeys,
    private readonly clock: Clock,
  ) {}

  /**
   * `accessToken` is the one that came along, for `at_hash`.
   * @throws VestibuleError `login_rejected`, `provider_unreachable`, `provider_misconfigured`; jose's errors
   */
  async idToken(
    server: ServerMetadata,
    { idToken, accessToken }: { readonly idToken: string; readonly accessToken?: string },
    { atItsTime, ...request }: OfTheRequest & Judged,
  ): Promise<IdTokenClaims> {
    const signed = await this.decrypted(idToken);
    return verifyWithKeys(this.config, server, this.keys, (keys) =>
      verifyIdToken(signed, keys, {
        ...this.expected(atItsTime === true ? signed : undefined),
        ...request,
        ...(accessToken !== undefined && { accessToken }),
      }),
    );
  }

  /** @throws as `idToken` */
  accessToken(
    server: ServerMetadata,
    accessToken: string,
    { atItsTime }: Judged = {},
  ): Promise<AccessTokenClaims> {
    const expected = this.expected(atItsTime === true ? accessToken : undefined);
    return verifyWithKeys(this.config, server, this.keys, (keys) =>
      verifyAccessToken(accessToken, keys, expected),
    );
  }

  /** @throws as `idToken` */
  userinfo(server: ServerMetadata, token: string): Promise<Readonly<Record<string, unknown>>> {
    return verifyWithKeys(this.config, server, this.keys, (keys) =>
      verifyUserinfo(token, keys, this.expected()),
    );
  }

  /** @throws VestibuleError `logout_token_rejected`, `provider_unreachable`, `provider_misconfigured` */
  async logoutToken(server: ServerMetadata, token: string): Promise<LogoutOrder> {
    try {
      const signed = isEncrypted(token)
        ? await decryptToken(token, this.config.decryptionKeys)
        : token;
      return await verifyWithKeys(this.config, server, this.logoutKeys, (keys) =>
        verifyLogoutToken(signed, keys, { ...this.expected(), issuer: this.config.issuer }),
      );
    } catch (error) {
      if (error instanceof VestibuleError && error.code !== 'login_rejected') throw error;
      throw new VestibuleError('logout_token_rejected', { cause: error, ...claimDetail(error) });
    }
  }

  /**
   * A token answer as it may be kept: with the ID token that was inside an encrypted one, because as a hint only
   * that can be read by the provider (OIDC Core §3.1.2.1).
   */
  async readable(answer: TokenAnswer): Promise<TokenAnswer> {
    const { idToken } = answer;
    if (idToken === undefined || !isEncrypted(idToken)) return answer;
    return { ...answer, idToken: await decryptToken(idToken, this.config.decryptionKeys) };
  }

  /** Where encryption was agreed, a token without it is refused (OIDC Core §3.1.3.7-1). */
  private async decrypted(idToken: string): Promise<string> {
    const { decryptionKeys } = this.config;
    if (decryptionKeys.length === 0 && !isEncrypted(idToken)) return idToken;
    if (!isEncrypted(idToken))
      throw new VestibuleError('login_rejected', { detail: 'id token: not encrypted' });
    return decryptToken(idToken, decryptionKeys);
  }

  /** `ofTime`: a token whose own time counts. */
  private expected(ofTime?: string): Expected {
    const { tokenIssuers: issuers, clientId, idTokenAlg: algorithm } = this.config;
    const now = this.clock.now();
    return {
      issuers,
      clientId,
      algorithm,
      now: ofTime === undefined ? now : madeAt(ofTime, now),
    };
  }
}
