import type { KeyObject } from 'node:crypto';

/** How a client proves itself at the token endpoint (OIDC Core §9, RFC 8705 §2.1). */
export const CLIENT_AUTH_METHODS = [
  'client_secret_basic',
  'client_secret_post',
  'client_secret_jwt',
  'private_key_jwt',
  'tls_client_auth',
  'none',
] as const;
export type ClientAuthMethod = (typeof CLIENT_AUTH_METHODS)[number];

/** Signatures and MACs that tokens and assertions may have (RFC 7518 §3.1, RFC 8037 §3.1). */
export const SIGNATURE_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'HS256',
  'HS384',
  'HS512',
] as const;

/** One login provider: everything that is known of it, and everything in which it differs from the textbook. */
export interface ProviderConfig {
  readonly id: string;
  /** What a person reads where several providers are offered. */
  readonly label: string;
  readonly profile: string;
  /** The name under which users of this provider are kept, whatever its tokens call it. */
  readonly issuer: string;
  /** What `iss` of a token or an authorization response may say, byte for byte; never empty. */
  readonly tokenIssuers: readonly string[];
  readonly metadata: MetadataSource;
  readonly clientId: string;
  readonly credentials: ClientCredentials;
  readonly tls: ProviderTls;
  readonly scope: string;
  /** Parameters of every authorization request; those of `/login` win. */
  readonly authorizationParams: Readonly<Record<string, string>>;
  /** APIs that every login asks for (RFC 8707 §2). */
  readonly resources: readonly string[];
  readonly responseMode: 'query' | 'form_post';
  readonly pkce: 'S256' | 'none';
  readonly tokenRequest: TokenRequestConfig;
  /** Which proof says who logged in. */
  readonly identityFrom: 'id_token' | 'access_token' | 'userinfo';
  /** `optional`: an ID token without a nonce passes; a wrong one never does. */
  readonly nonce: 'required' | 'optional';
  /** The one signature algorithm that tokens of this provider may have (OIDC Core §3.1.3.7-7). */
  readonly idTokenAlg: string;
  /** With a key here, an ID token that is not encrypted is refused (OIDC Core §3.1.3.7-1). */
  readonly decryptionKeys: readonly PrivateJwk[];
  /** Ask the userinfo endpoint at login, where the provider has one (OIDC Core §5.3). */
  readonly userinfo: boolean;
  /** Claims of the ID token and of userinfo that go into the session and to the page. */
  readonly claims: readonly ClaimMapping[];
  readonly allow: AllowRules;
  /** Redirect URIs of applications that take the code themselves and post it here. */
  readonly redirectUris: readonly string[];
  /** Template of the address at which a browser logs out there; wins over the metadata. */
  readonly logoutUrl?: string;
  /** OAuth errors by which this provider says that a refresh token is dead. */
  readonly deadGrantErrors: readonly string[];
  /** How long after its use the provider takes a refresh token once more; 0 where that is theft (RFC 9700 §4.14.2). */
  readonly refreshGraceMs: number;
  readonly timeoutMs: number;
}

/** Where the provider's metadata come from (OIDC Discovery §4); what is written by hand wins. */
export interface MetadataSource {
  /** Absent: nothing is fetched, the endpoints are all that is known. */
  readonly discoveryUrl?: string;
  readonly byHand: Readonly<Record<string, string>>;
}

export interface ClientCredentials {
  readonly method: ClientAuthMethod;
  readonly secret?: string;
  readonly basicEncoding: 'form' | 'raw';
  /** The first signs assertions. */
  readonly keys: readonly PrivateJwk[];
  readonly assertionAudience: 'issuer' | 'token_endpoint';
  /** Absent: what suits the key. */
  readonly assertionAlg?: string;
}

export interface PrivateJwk {
  readonly key: KeyObject;
  readonly kid?: string;
  readonly alg?: string;
}

/** PEM. */
export interface ProviderTls {
  readonly ca?: string;
  readonly certificate?: string;
  readonly key?: string;
}

export interface TokenRequestConfig {
  readonly format: 'form' | 'json';
  /** Send `state` along with the code. */
  readonly state: boolean;
  /** Take an answer that has an ID token only. */
  readonly accessTokenOptional: boolean;
}

/** `name` in the session comes from `source`: a claim of this name, else a path of names joined by dots. */
export interface ClaimMapping {
  readonly name: string;
  readonly source: string;
}

/** Who may log in; every rule that is there must hold. Domains and e-mail addresses are one rule. */
export interface AllowRules {
  readonly domains: readonly string[];
  readonly emails: readonly string[];
  readonly groups: readonly string[];
  readonly claims: readonly ClaimRule[];
  /** The claim that names the user's domain; absent: the part of a verified `email` after the @. */
  readonly domainClaim?: string;
  readonly groupsClaim: string;
}

export interface ClaimRule {
  readonly claim: string;
  readonly value: string;
}
