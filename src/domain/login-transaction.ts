/** What the server remembers of one login between `/login` and `/callback`; sealed, in the store, taken once. */
export interface LoginTransaction {
  readonly provider: string;
  /** The issuer at the time of the request; compared on return (RFC 9700 §4.4.2). */
  readonly issuer: string;
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
  readonly redirectUri: string;
  /** The redirect URI is the application's own: its script hands the answer in, the browser does not. */
  readonly forApp?: boolean;
  readonly returnTo: string;
  readonly createdAt: number;
  /** Handle of the session that this login replaces. */
  readonly replaces?: string;
  /** Seconds; must be handed to the validation again (OIDC Core §3.1.3.7). */
  readonly maxAge?: number;
  readonly acrValues?: string;
  readonly prompt?: string;
  /** Set when this login was started to heal a stale callback: it is not healed twice. */
  readonly healed?: boolean;
}

/** What stays of a consumed transaction: enough to bring the person where they wanted to go. */
export interface LoginStub {
  readonly returnTo: string;
  readonly healed: boolean;
}

export type TransactionTaking =
  | { readonly kind: 'taken'; readonly transaction: LoginTransaction }
  | { readonly kind: 'consumed'; readonly stub: LoginStub }
  | { readonly kind: 'unknown' };
