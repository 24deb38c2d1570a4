import type { Answer, Call } from '../op-host.js';
import type { TokenClaims } from '../signing-key.js';
import { json, type OAuthError } from './answers.js';
import type { Authorization } from './emulator.types.js';
import type { Issued } from './grants.js';
import { randomText } from './provider-core.js';
import { halfHash } from './provider-key.js';
import { TokenRequestCheck } from './token-request-check.js';
import { claimsOfScope } from './user-claims.js';

/** What the token endpoint gives (RFC 6749 §5; OIDC Core §3.1.3.3). */
export abstract class TokenIssuer extends TokenRequestCheck {
  codeSeconds = 60;
  accessTokenSeconds = 300;
  refreshTokenSeconds = 86_400;
  /** An error in the provider's own shape. */
  protected tokenError({ error, description, status = 400 }: OAuthError): Answer {
    const challenge = status === 401 ? { 'www-authenticate': 'Basic realm="token"' } : {};
    return json(status, { error, error_description: description }, challenge);
  }

  protected async token(call: Call): Promise<Answer> {
    if (call.method !== 'POST') return this.wrongMethod();
    const grant = this.checkTokenRequest(call);
    if (grant.kind === 'refused') return this.tokenError(grant.error);
    const { from, grantType } = grant;
    const body = this.tokenBody(from, grantType === 'refresh_token');
    const given = body['access_token'];
    const accessToken = typeof given === 'string' ? given : '';
    const { authorization } = from;
    const answer = this.tokenAnswer(body);
    const told = await this.tamper.token?.(answer, {
      call,
      grantType,
      authorization,
      nonce: authorization.nonce,
      accessToken,
      idTokenClaims: this.idTokenClaims(authorization, accessToken, grantType === 'refresh_token'),
      sign: (claims, header) => this.signFor(authorization.client, claims, header),
    });
    return told ?? answer;
  }

  protected tokenAnswer(body: Readonly<Record<string, unknown>>): Answer {
    return json(200, body);
  }

  /** All that stands in a token answer; issues what it names. */
  protected tokenBody(from: Issued, refreshed: boolean): Record<string, unknown> {
    const { authorization } = from;
    const access = this.issueAccess(from);
    const refreshToken = this.refreshTokenFor(from, refreshed);
    return {
      access_token: access.value,
      token_type: 'Bearer',
      expires_in: this.accessTokenSeconds,
      scope: authorization.scope,
      ...(refreshToken !== undefined && { refresh_token: refreshToken }),
      ...(this.givesIdToken(authorization, refreshed) && {
        id_token: this.idToken(authorization, access.value, refreshed),
      }),
    };
  }

  protected givesIdToken(authorization: Authorization, _refreshed: boolean): boolean {
    return authorization.scope.split(' ').includes('openid');
  }

  protected givesRefreshToken(authorization: Authorization): boolean {
    return authorization.scope.split(' ').includes('offline_access');
  }

  protected newAccessToken(_authorization: Authorization): string {
    return randomText();
  }

  protected newRefreshToken(_authorization: Authorization): string {
    return randomText();
  }

  /** Claims of an ID token (OIDC Core §2); a refreshed one repeats the nonce, as many do. */
  protected idTokenClaims(
    authorization: Authorization,
    accessToken: string,
    _refreshed: boolean,
  ): TokenClaims {
    const iat = this.seconds();
    const { client, nonce, scope, user, sid, authTime } = authorization;
    return {
      ...claimsOfScope(user, scope),
      iss: this.tokenIssuer,
      aud: client.clientId,
      iat,
      exp: iat + 3600,
      auth_time: authTime,
      sid,
      ...(accessToken !== '' && { at_hash: halfHash(this.idTokenAlg, accessToken) }),
      ...(nonce !== undefined && { nonce }),
    };
  }

  protected idToken(authorization: Authorization, accessToken: string, refreshed: boolean): string {
    const claims = this.idTokenClaims(authorization, accessToken, refreshed);
    return this.signFor(authorization.client, claims);
  }

  private issueAccess(from: Issued): Issued {
    const { authorization } = from;
    const expiresAt = this.now() + this.accessTokenSeconds * 1000;
    const value = this.newAccessToken(authorization);
    return this.grants.issue({ kind: 'access', value, authorization, expiresAt }, from);
  }

  private refreshTokenFor(from: Issued, refreshed: boolean): string | undefined {
    const { authorization } = from;
    if (refreshed ? this.rotation === 'none' : !this.givesRefreshToken(authorization))
      return undefined;
    const expiresAt = this.now() + this.refreshTokenSeconds * 1000;
    const value = this.newRefreshToken(authorization);
    return this.grants.issue({ kind: 'refresh', value, authorization, expiresAt }, from).value;
  }
}
