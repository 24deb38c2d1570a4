import type { KeyObject } from 'node:crypto';
import type { Answer, AnsweredCall, Call } from '../op-host.js';
import type { TokenClaims } from '../signing-key.js';

export type EndpointName =
  'discovery' | 'authorize' | 'token' | 'userinfo' | 'jwks' | 'revoke' | 'endSession';

/** Where each endpoint is; a provider has no endpoint that is not named. */
export type Endpoints = Readonly<Partial<Record<EndpointName, string>>>;

/** A call and its answer; `path` is the real one, `endpoint` says what it is. */
export interface EmulatedCall extends AnsweredCall {
  readonly origin: string;
  readonly endpoint: EndpointName | undefined;
}

export type ClientAuthMethod =
  'client_secret_basic' | 'client_secret_post' | 'client_secret_jwt' | 'private_key_jwt' | 'none';

/** An application as the provider's console knows it. */
export interface EmulatedClient {
  readonly clientId: string;
  /** Also of a client whose method is `none`, where tokens are signed with it. */
  readonly clientSecret?: string;
  readonly authMethod: ClientAuthMethod;
  /** For `private_key_jwt`. */
  readonly publicKey?: KeyObject;
  readonly redirectUris: readonly string[];
  readonly postLogoutRedirectUris?: readonly string[];
}

/** What a code, and everything that came of it, was given for. */
export interface Authorization {
  readonly client: EmulatedClient;
  readonly redirectUri: string;
  readonly scope: string;
  readonly state: string | undefined;
  readonly nonce: string | undefined;
  readonly challenge: string | undefined;
  readonly challengeMethod: string;
  /** All that stood in the request to the authorization endpoint. */
  readonly request: Readonly<Record<string, string>>;
  readonly user: TokenClaims;
  /** The login at the provider. */
  readonly sid: string;
  /** Seconds since 1970. */
  readonly authTime: number;
}

/** A token answer of status 200, and what whoever changes it needs to know. */
export interface TokenContext {
  readonly call: Call;
  readonly grantType: string;
  readonly authorization: Authorization;
  readonly nonce: string | undefined;
  readonly accessToken: string;
  /** Claims of the ID token in the answer, or, where there is none, those it would have. */
  readonly idTokenClaims: TokenClaims;
  /** Signs as the provider does for this client: a key of `jwks`, or the client's secret. */
  readonly sign: (claims: TokenClaims, header?: Readonly<Record<string, unknown>>) => string;
}

export interface UserinfoContext {
  readonly call: Call;
  readonly authorization: Authorization;
  readonly claims: TokenClaims;
}

export interface CallbackContext {
  readonly call: Call;
  readonly authorization: Authorization;
}

export interface CallContext {
  readonly call: Call;
}

/** Makes another answer of what the provider says; a promise that never settles is an answer that never comes. */
export type Tamper<Context> = (answer: Answer, context: Context) => Answer | Promise<Answer>;

/** The places where a provider can be made to lie. Only answers of success come here; `any` sees every answer, last. */
export interface Tampers {
  discovery?: Tamper<CallContext>;
  /** The redirect with the code. */
  callback?: Tamper<CallbackContext>;
  token?: Tamper<TokenContext>;
  jwks?: Tamper<CallContext>;
  userinfo?: Tamper<UserinfoContext>;
  any?: Tamper<CallContext>;
}
