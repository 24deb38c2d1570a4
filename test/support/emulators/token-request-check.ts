import { createHash } from 'node:crypto';
import type { Call } from '../op-host.js';
import type { OAuthError } from './answers.js';
import { claimedClient, isProvenByAssertion } from './client-assertion.js';
import {
  authenticate,
  FAILED,
  shownCredentials,
  type BasicEncoding,
  type ShownCredentials,
} from './client-check.js';
import type { Authorization, EmulatedClient } from './emulator.types.js';
import type { Issued } from './grants.js';
import {
  checkParameters,
  optional,
  required,
  type ParameterRule,
  type RuleSet,
} from './parameter-rules.js';
import { ProviderCore } from './provider-core.js';

/** What the rule tables say of the requests of each kind. */
export interface TokenRules {
  readonly authorization_code: RuleSet;
  /** Absent where a provider has no refresh. */
  readonly refresh_token?: RuleSet;
}

/** Where a document says nothing of PKCE, a strict provider refuses it; RFC 6749 §3.1 says to ignore it. */
export type PkceHandling = 'verify' | 'ignore' | 'refuse';

/** What a token request may have tokens for, or why it may not. */
export type Grant =
  | { readonly kind: 'granted'; readonly from: Issued; readonly grantType: string }
  | { readonly kind: 'refused'; readonly error: OAuthError };

const CREDENTIALS: readonly ParameterRule[] = optional(
  'client_id',
  'client_secret',
  'client_assertion',
  'client_assertion_type',
);
const FORM = 'application/x-www-form-urlencoded';

/** Who may have tokens, and for what (RFC 6749 §3.2, §4.1.3, §6; RFC 7636 §4.6). */
export abstract class TokenRequestCheck extends ProviderCore {
  basicEncoding: BasicEncoding = 'form';
  pkce: PkceHandling = 'verify';
  /** What dies when a code comes a second time (RFC 6749 §4.1.2 says: all of it, if possible). */
  protected readonly replayKills: 'nothing' | 'refresh' | 'all' = 'all';
  /** What a refresh does to the refresh token: it stays, a new one comes, or a second use kills the family too. */
  protected readonly rotation: 'none' | 'rotate' | 'detect' = 'detect';

  private readonly assertions = new Set<string>();

  protected get tokenRules(): TokenRules {
    return {
      authorization_code: {
        rules: [
          ...required('grant_type', 'code', 'redirect_uri'),
          ...CREDENTIALS,
          ...this.pkceRules('code_verifier'),
        ],
        others: 'ignore',
      },
      refresh_token: {
        rules: [...required('grant_type', 'refresh_token'), ...CREDENTIALS, ...optional('scope')],
        others: 'ignore',
      },
    };
  }

  protected pkceRules(...names: readonly string[]): readonly ParameterRule[] {
    return this.pkce === 'refuse' ? [] : optional(...names);
  }

  protected clientOf(id: string): EmulatedClient | undefined {
    return this.clients.get(id);
  }

  /** Who sends, or what is wrong with how they say so. */
  protected authenticated(
    authorization: string | undefined,
    form: URLSearchParams,
  ): EmulatedClient | OAuthError {
    if (form.has('client_assertion')) return this.asserted(authorization, form);
    const shown: ShownCredentials | OAuthError = shownCredentials(
      authorization,
      form,
      this.basicEncoding,
    );
    return 'error' in shown ? shown : authenticate(shown, this.clientOf(shown.clientId));
  }

  private asserted(
    authorization: string | undefined,
    form: URLSearchParams,
  ): EmulatedClient | OAuthError {
    const client = this.clientOf(claimedClient(form));
    const audiences = [this.issuer, this.endpoints.token ?? ''];
    const one = authorization === undefined && !form.has('client_secret');
    const check = { audiences, now: this.seconds(), seen: this.assertions };
    return one && client !== undefined && isProvenByAssertion(form, { ...check, client })
      ? client
      : FAILED;
  }

  protected formOf({ headers, body }: Call): URLSearchParams | OAuthError {
    const type = String(headers['content-type']).split(';', 1)[0]?.trim().toLowerCase();
    return type === FORM
      ? new URLSearchParams(body)
      : { error: 'invalid_request', description: `Content-Type must be ${FORM}` };
  }

  /** Anything else that a provider wants of a request for a code's tokens. */
  protected alsoWrong(_form: URLSearchParams, _code: Issued): OAuthError | undefined {
    return undefined;
  }

  protected badCode(description: string): OAuthError {
    return { error: 'invalid_grant', description };
  }

  protected unknownCode(): OAuthError {
    return this.badCode('Invalid authorization code');
  }

  protected badRefreshToken(_token: Issued | undefined): OAuthError {
    return { error: 'invalid_grant', description: 'Invalid refresh token' };
  }

  protected badGrantType(grantType: string): OAuthError {
    return { error: 'unsupported_grant_type', description: `Invalid grant_type: ${grantType}` };
  }

  protected checkTokenRequest(call: Call): Grant {
    const form = this.formOf(call);
    if ('error' in form) return refuse(form);
    const grantType = form.get('grant_type') ?? '';
    const rules = this.rulesOf(grantType);
    if (rules === undefined) return refuse(this.badGrantType(grantType));
    const wrong = checkParameters(form, rules);
    if (wrong !== undefined) return refuse(wrong);
    const client = this.authenticated(call.headers.authorization, form);
    if ('error' in client) return refuse(client);
    const found =
      grantType === 'refresh_token' ? this.rotated(form, client) : this.redeemed(form, client);
    return 'error' in found ? refuse(found) : { kind: 'granted', from: found, grantType };
  }

  /** A missing grant_type is judged by the rules of a code. */
  private rulesOf(grantType: string): RuleSet | undefined {
    if (grantType === 'refresh_token') return this.tokenRules.refresh_token;
    const known = grantType === '' || grantType === 'authorization_code';
    return known ? this.tokenRules.authorization_code : undefined;
  }

  private redeemed(form: URLSearchParams, client: EmulatedClient): Issued | OAuthError {
    const code = this.grants.find('code', form.get('code') ?? '');
    if (code === undefined) return this.unknownCode();
    if (code.state !== 'live') return this.replayed(code);
    const { authorization } = code;
    if (code.expiresAt <= this.now()) return this.badCode('authorization code expired');
    if (authorization.client.clientId !== client.clientId)
      return this.badCode('authorization code of another client');
    if (!this.sameRedirectUri(form.get('redirect_uri') ?? '', authorization))
      return this.wrongRedirectUri();
    if (!this.verifies(form.get('code_verifier'), authorization))
      return this.badCode('PKCE verification failed');
    const wrong = this.alsoWrong(form, code);
    if (wrong !== undefined) return wrong;
    code.state = 'used';
    return code;
  }

  protected sameRedirectUri(given: string, authorization: Authorization): boolean {
    return given === authorization.redirectUri;
  }

  /** RFC 7636 §4.6; a verifier without a challenge is as wrong as a challenge without a verifier. */
  protected verifies(
    verifier: string | null,
    { challenge, challengeMethod }: Authorization,
  ): boolean {
    if (this.pkce !== 'verify') return true;
    if (challenge === undefined) return verifier === null;
    if (verifier === null || !/^[A-Za-z0-9._~-]{43,128}$/.test(verifier)) return false;
    if (challengeMethod === 'plain') return verifier === challenge;
    const digest = createHash(`sha${challengeMethod.slice(1)}`).update(verifier);
    return digest.digest('base64url') === challenge;
  }

  protected wrongRedirectUri(): OAuthError {
    return this.badCode('redirect_uri mismatch');
  }

  private replayed(code: Issued): OAuthError {
    if (this.replayKills === 'all') this.grants.kill(code);
    if (this.replayKills === 'refresh') this.grants.kill(code, ['refresh']);
    return this.badCode('authorization code already used');
  }

  private rotated(form: URLSearchParams, client: EmulatedClient): Issued | OAuthError {
    const token = this.grants.find('refresh', form.get('refresh_token') ?? '');
    const ours = token !== undefined && token.authorization.client.clientId === client.clientId;
    if (!ours) return this.badRefreshToken(undefined);
    if (token.state === 'used' && this.rotation === 'detect') this.grants.kill(token);
    if (token.state !== 'live' || token.expiresAt <= this.now()) return this.badRefreshToken(token);
    if (this.rotation !== 'none') token.state = 'used';
    return token;
  }
}

function refuse(error: OAuthError): Grant {
  return { kind: 'refused', error };
}
