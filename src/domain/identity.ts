export type Json =
  string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type Claims = Readonly<Record<string, Json>>;

/**
 * Who is logged in: the verified facts of one login, without any token.
 * `issuer` and `subject` together name the user, byte for byte (OIDC Core §2).
 */
export interface Identity {
  readonly provider: string;
  readonly issuer: string;
  readonly subject: string;
  /** The provider's session id (`sid`), when it tells one; the key of back-channel logout. */
  readonly providerSessionId?: string;
  /** Epoch seconds, as the provider states it. */
  readonly authTime?: number;
  /** Epoch seconds at which the provider wants the session to end (`session_expiry`). */
  readonly sessionExpiry?: number;
  readonly acr?: string;
  readonly amr?: readonly string[];
  /** The claims that the configuration lets into the session; nothing else is kept. */
  readonly claims: Claims;
}
