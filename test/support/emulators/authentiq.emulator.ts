import type { Answer } from '../op-host.js';
import { EmulatedProvider } from './emulated-provider.js';
import type { Endpoints } from './emulator.types.js';
import type { Issued } from './grants.js';
import { CODE_ONLY, optional, required, type RuleSet } from './parameter-rules.js';
import type { PkceHandling, TokenRules } from './token-request-check.js';

/** Authentiq Connect (seed 001): no discovery, an issuer that ends in a slash, tokens under the client's secret. */
export class AuthentiqEmulator extends EmulatedProvider {
  override idTokenAlg = 'HS256';
  override issInCallback = false;
  /** Whether the answer leaves out what only OpenID Connect, or only OAuth, asks for. */
  leaveOut: 'access_token' | 'id_token' | undefined;
  override pkce: PkceHandling = 'refuse';
  protected override readonly replayKills = 'nothing';

  /** The table of `GET /authorize`: `state` is required. */
  protected override get authorizeRules(): RuleSet {
    return {
      rules: [
        ...required('client_id', 'redirect_uri', 'scope', 'state'),
        CODE_ONLY,
        { name: 'response_mode', values: ['query'] },
        { name: 'display', values: ['page', 'popup', 'modal'] },
        ...optional('nonce', 'prompt', 'max_age', 'ui_locales'),
        ...this.pkceRules('code_challenge', 'code_challenge_method'),
      ],
      others: 'refuse',
    };
  }

  /** The table of the seed, and nothing beside it: there is no refresh. */
  protected override get tokenRules(): TokenRules {
    return {
      authorization_code: {
        rules: [
          ...required('grant_type', 'code', 'redirect_uri'),
          ...optional('client_id', 'client_secret'),
          ...this.pkceRules('code_verifier'),
        ],
        others: 'refuse',
      },
    };
  }

  override get issuer(): string {
    return `${this.origin}/`;
  }

  override get endpoints(): Endpoints {
    return {
      authorize: `${this.issuer}authorize`,
      token: `${this.issuer}token`,
      userinfo: `${this.issuer}userinfo`,
    };
  }

  protected override tokenBody(from: Issued, refreshed: boolean): Record<string, unknown> {
    const body = super.tokenBody(from, refreshed);
    const expiresAt = this.seconds() + this.accessTokenSeconds;
    const all: Record<string, unknown> = { ...body, expires_at: expiresAt };
    return Object.fromEntries(Object.entries(all).filter(([name]) => name !== this.leaveOut));
  }

  protected override givesRefreshToken(): boolean {
    return false;
  }

  /** RFC 9457, as everywhere but at the token endpoint. */
  protected override errorPage(error: string): Answer {
    return {
      status: 400,
      headers: { 'content-type': 'application/problem+json' },
      body: JSON.stringify({ title: 'Bad Request', status: 400, detail: error }),
    };
  }
}
