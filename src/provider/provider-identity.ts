import { decodeJwt, type JWTPayload } from 'jose';
import type { ServerMetadata } from 'openid-client';
import type { ProviderConfig } from '../config/provider-config.types.js';
import type { Clock } from '../domain/clock.js';
import type { Identity } from '../domain/identity.js';
import type { TokenSet } from '../domain/token-set.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import type { EventLog } from '../logging/event-log.js';
import { claimsOfRules, isAllowed } from './allow-rules.js';
import { claimAt } from './claim-path.js';
import { MAX_AGE_OF_TOKEN_S, type IdTokenExpectation } from './id-token.js';
import { toIdentity } from './identity.mapper.js';
import { mergeClaims } from './merged-claims.js';
import { errorName, toLoginError } from './provider-errors.js';
import type { TokenAnswer } from './token-answer.js';
import { isOfNow, TOLERANCE_S } from './token-times.js';
import type { TokenVerifier } from './token-verifier.js';
import type { UserinfoEndpoint } from './userinfo-endpoint.js';

const JWS_PARTS = 3;

type Claims = Readonly<Record<string, unknown>>;
type Proof = Claims & { readonly sub: string };
type OfTheRequest = Pick<IdTokenExpectation, 'nonce' | 'nonceOptional' | 'maxAge' | 'acrValues'>;

/** What is known of the request that the answer is to. */
type KnownRequest = Omit<OfTheRequest, 'nonceOptional'> & {
  /** Nothing else binds the answer to it. */
  readonly nonceBinds?: boolean;
};

export type Reestablished =
  /** `identity`: with the claims of now, where the answer brought any. */
  | { readonly kind: 'same'; readonly identity?: Identity }
  /** Keys or provider cannot be had, or the clocks differ: nothing is known against it. */
  | { readonly kind: 'unverifiable' }
  /** `cause`: class and code of what was wrong, for the log. */
  | { readonly kind: 'other'; readonly cause: string }
  | { readonly kind: 'not_allowed' };

/** Finds out who a token answer is about, by the proof that the configuration names. */
export class ProviderIdentity {
  constructor(
    private readonly config: ProviderConfig,
    private readonly verifier: TokenVerifier,
    private readonly userinfo: UserinfoEndpoint,
    private readonly clock: Clock,
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
    { nonce, maxAge, acrValues, nonceBinds = false }: KnownRequest,
  ): Promise<Identity> {
    if (nonceBinds && answer.idToken === undefined) return missing('id token');
    const proof = await this.prove(server, answer, {
      ...(nonce !== undefined && { nonce }),
      nonceOptional: this.config.nonce === 'optional' && !nonceBinds,
      ...(maxAge !== undefined && { maxAge }),
      ...(acrValues !== undefined && { acrValues }),
    });
    const userinfo = (await this.moreAbout(proof.sub, server, answer)) ?? {};
    const told = mergeClaims(proof, userinfo);
    const { id: provider, issuer, claims, allow } = this.config;
    const user = { provider, issuer, subject: proof.sub };
    if (!isAllowed(told, allow)) throw new VestibuleError('not_allowed', { about: user });
    return toIdentity({ ...user, proof, told }, claims);
  }

  /**
   * Judges what a refresh brings (OIDC Core §12.2): the same user, who may still come in, with claims that may have
   * changed. What an answer does not bring is not judged; facts of the login itself (auth_time, acr, sid) stay.
   */
  async reestablish(
    server: ServerMetadata,
    answer: TokenAnswer,
    before: TokenSet,
    identity: Identity,
  ): Promise<Reestablished> {
    try {
      const proof = await this.proveAgain(server, answer, before);
      if (proof !== undefined && proof.sub !== identity.subject)
        return { kind: 'other', cause: 'another subject' };
      if (proof !== undefined && !this.isTimely(proof, answer)) return this.untimely(proof, before);
      const userinfo = await this.moreNow(identity.subject, server, answer);
      // Userinfo that could not be had leaves all as it was: nobody is logged out because something is down.
      if (userinfo === undefined) return { kind: 'same' };
      return this.rejudge({ proof, userinfo, old: claimsOf(before.idToken) ?? {} }, identity);
    } catch (error) {
      const failure = toLoginError(error);
      return failure.code === 'login_rejected'
        ? { kind: 'other', cause: failure.detail ?? errorName(error) }
        : { kind: 'unverifiable' };
    }
  }

  /**
   * The claims of a new ID token or signed access token, verified as of its own time; a nonce in it must be that of
   * the login.
   */
  private async proveAgain(
    server: ServerMetadata,
    answer: TokenAnswer,
    before: TokenSet,
  ): Promise<Proof | undefined> {
    const { idToken, accessToken } = answer;
    if (idToken !== undefined) {
      const nonce = before.nonce ?? claimsOf(before.idToken)?.['nonce'];
      const request = typeof nonce === 'string' ? { nonce, nonceOptional: true } : {};
      return this.verifier.idToken(server, { ...answer, idToken }, { ...request, atItsTime: true });
    }
    return this.config.identityFrom === 'access_token' && accessToken !== undefined
      ? this.verifier.accessToken(server, accessToken, { atItsTime: true })
      : undefined;
  }

  private isTimely(proof: Proof, { idToken }: TokenAnswer): boolean {
    const maxAgeS = idToken === undefined ? undefined : MAX_AGE_OF_TOKEN_S;
    return isOfNow(proof, this.clock.now(), maxAgeS);
  }

  /**
   * A proof that came just now and is not of now. If it is older than what we have, by the provider's own clock, it was
   * not made for this answer (OIDC Core §12.2). Else a clock is wrong, here or there, and that is no reason to log
   * somebody out; what it says of the user is not believed.
   */
  private untimely({ iat = 0 }: JWTPayload, before: TokenSet): Reestablished {
    const had = claimsOf(before.idToken)?.['iat'];
    if (typeof had === 'number' && iat < had - TOLERANCE_S)
      return { kind: 'other', cause: 'id token: iat' };
    const aheadS = Math.round(iat - this.clock.now() / 1000);
    this.log.event('provider.clock_differs', { provider: this.config.id, ahead_s: aheadS });
    return { kind: 'unverifiable' };
  }

  /** Without a new proof what userinfo says now wins over what the ID token of the login said. */
  private rejudge(
    {
      proof,
      userinfo,
      old,
    }: { readonly proof: Claims | undefined; readonly userinfo: Claims; readonly old: Claims },
    identity: Identity,
  ): Reestablished {
    const { id: provider, issuer, claims, allow } = this.config;
    const wanted = [...claims.map(({ source }) => source), ...claimsOfRules(allow)];
    const brought = mergeClaims(proof ?? {}, userinfo);
    if (!wanted.some((path) => path !== 'sub' && claimAt(brought, path) !== undefined))
      return { kind: 'same' };
    const [first, second] = proof === undefined ? [userinfo, old] : [proof, userinfo];
    const told = mergeClaims(first, second);
    if (!isAllowed(told, allow)) return { kind: 'not_allowed' };
    const { subject } = identity;
    const next = toIdentity({ provider, issuer, subject, proof: first, told }, claims);
    const sessionExpiry = (proof && next.sessionExpiry) ?? identity.sessionExpiry;
    return {
      kind: 'same',
      identity: {
        ...identity,
        claims: next.claims,
        ...(sessionExpiry !== undefined && { sessionExpiry }),
      },
    };
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

  /** The same for a refresh, which asks userinfo also where that is what says who it is. */
  private async moreNow(
    subject: string,
    server: ServerMetadata,
    answer: TokenAnswer,
  ): Promise<Claims | undefined> {
    return this.config.identityFrom === 'userinfo'
      ? this.askUserinfo(subject, server, answer.accessToken)
      : this.moreAbout(subject, server, answer);
  }

  private async moreAbout(
    subject: string,
    server: ServerMetadata,
    { accessToken }: TokenAnswer,
  ): Promise<Claims | undefined> {
    const { userinfo: asked, identityFrom } = this.config;
    if (!asked || identityFrom === 'userinfo') return {};
    if (server.userinfo_endpoint === undefined) return {};
    return this.askUserinfo(subject, server, accessToken);
  }

  /**
   * Userinfo of the same subject (OIDC Core §5.3.2); undefined from a provider that does not answer, or not to this
   * token. One that answers for another subject, or whose signature is wrong, is not to be trusted with this login.
   */
  private async askUserinfo(
    subject: string,
    server: ServerMetadata,
    accessToken: string | undefined,
  ): Promise<Claims | undefined> {
    if (accessToken === undefined) return {};
    const claims = await this.userinfo.ask(server, accessToken).catch((error: unknown) => {
      if (toLoginError(error).code === 'login_rejected') throw error;
      const cause = errorName(error);
      this.log.event('provider.userinfo_failed', { provider: this.config.id, cause });
      return undefined;
    });
    if (claims === undefined || claims.sub === subject) return claims;
    throw new VestibuleError('login_rejected', { detail: 'userinfo: sub' });
  }
}

function missing(what: string): never {
  throw new VestibuleError('login_rejected', { detail: `no ${what}` });
}

/** The claims of an ID token that was verified when it came; undefined where there is none to be read. */
function claimsOf(idToken: string | undefined): Claims | undefined {
  return idToken?.split('.').length === JWS_PARTS ? decodeJwt(idToken) : undefined;
}
