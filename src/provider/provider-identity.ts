import type { ServerMetadata } from 'openid-client';
import type { ProviderConfig } from '../config/provider-config.types.js';
import type { Identity } from '../domain/identity.js';
import type { LoginTransaction } from '../domain/login-transaction.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import type { EventLog } from '../logging/event-log.js';
import { isAllowed } from './allow-rules.js';
import type { IdTokenExpectation } from './id-token.js';
import { toIdentity } from './identity.mapper.js';
import { mergeClaims } from './merged-claims.js';
import { errorName, toLoginError } from './provider-errors.js';
import type { TokenAnswer } from './token-answer.js';
import type { TokenVerifier } from './token-verifier.js';
import type { UserinfoEndpoint } from './userinfo-endpoint.js';

type Claims = Readonly<Record<string, unknown>>;
type Proof = Claims & { readonly sub: string };
type OfTheRequest = Pick<IdTokenExpectation, 'nonce' | 'nonceOptional' | 'maxAge' | 'acrValues'>;

/** Finds out who a token answer is about, by the proof that the configuration names. */
export class ProviderIdentity {
  constructor(
    private readonly config: ProviderConfig,
    private readonly verifier: TokenVerifier,
    private readonly userinfo: UserinfoEndpoint,
    private readonly log: EventLog,
  ) {}

  /**
   * Proof, then userinfo of the same subject, then the `allow` rules, then the claims that may stay.
   * @throws VestibuleError `login_rejected`, `not_allowed`, `provider_unreachable`, `provider_misconfigured`;
   *   jose's errors
   */
  async establish(
    server: ServerMetadata,
    answer: TokenAnswer,
    { nonce, maxAge, acrValues }: LoginTransaction,
  ): Promise<Identity> {
    const proof = await this.prove(server, answer, {
      nonce,
      nonceOptional: this.config.nonce === 'optional',
      ...(maxAge !== undefined && { maxAge }),
      ...(acrValues !== undefined && { acrValues }),
    });
    const userinfo = await this.moreAbout(proof.sub, server, answer);
    const told = mergeClaims(proof, userinfo);
    const { id: provider, issuer, claims, allow } = this.config;
    if (!isAllowed(told, allow)) throw new VestibuleError('not_allowed');
    return toIdentity({ provider, issuer, subject: proof.sub, proof, told }, claims);
  }

  /**
   * The verified claims that say who it is. An ID token that comes along although another proof is configured is
   * verified as well, and must name the same subject.
   * @throws as `establish`
   */
  async prove(server: ServerMetadata, answer: TokenAnswer, request: OfTheRequest): Promise<Proof> {
    const { identityFrom } = this.config;
    const { idToken, accessToken } = answer;
    if (idToken === undefined && identityFrom === 'id_token') return missing('id token');
    const fromIdToken =
      idToken === undefined
        ? undefined
        : await this.verifier.idToken(server, { ...answer, idToken }, request);
    if (fromIdToken !== undefined && identityFrom === 'id_token') return fromIdToken;
    if (accessToken === undefined) return missing('access token');
    const proof =
      identityFrom === 'userinfo'
        ? await this.userinfo.ask(server, accessToken)
        : await this.verifier.accessToken(server, accessToken);
    if (fromIdToken !== undefined && fromIdToken.sub !== proof.sub)
      throw new VestibuleError('login_rejected', { detail: `${identityFrom}: sub` });
    return { ...proof, ...fromIdToken };
  }

  /**
   * Userinfo of the same subject (OIDC Core §5.3.2). A provider that does not answer, or not to this token,
   * adds no claims; one that answers for another subject, or whose signature is wrong, is not to be trusted with this login.
   */
  private async moreAbout(
    subject: string,
    server: ServerMetadata,
    { accessToken }: TokenAnswer,
  ): Promise<Claims> {
    const { userinfo: asked, identityFrom } = this.config;
    if (!asked || identityFrom === 'userinfo') return {};
    if (accessToken === undefined || server.userinfo_endpoint === undefined) return {};
    const claims = await this.userinfo.ask(server, accessToken).catch((error: unknown) => {
      if (toLoginError(error).code === 'login_rejected') throw error;
      const cause = errorName(error);
      this.log.event('provider.userinfo_failed', { provider: this.config.id, cause });
      return undefined;
    });
    if (claims === undefined) return {};
    if (claims.sub === subject) return claims;
    throw new VestibuleError('login_rejected', { detail: 'userinfo: sub' });
  }
}

function missing(what: string): never {
  throw new VestibuleError('login_rejected', { detail: `no ${what}` });
}
