import type { ServerKey } from '../crypto/key-ring.js';
import type { AudienceRequest } from '../domain/token-set.js';
import type { ClaimMapping, PrivateJwk, ProviderConfig } from './provider-config.types.js';

/** The configuration after parsing: frozen, complete, every instant and duration in milliseconds. */
export interface VestibuleConfig {
  readonly server: ServerConfig;
  readonly cookie: CookieConfig;
  readonly csrf: CsrfConfig;
  readonly session: SessionConfig;
  readonly store: StoreConfig;
  readonly providers: readonly ProviderConfig[];
  readonly login: LoginConfig;
  readonly limits: LimitsConfig;
  readonly tokens: TokenConfig;
  readonly routes: readonly ProxyRouteConfig[];
  readonly policies: readonly PolicyConfig[];
  readonly services: readonly ServiceConfig[];
  readonly claims: ClaimsConfig;
  readonly assertion: AssertionConfig;
  readonly spa: SpaConfig;
  readonly log: LogConfig;
}

export interface ServerConfig {
  /** Scheme and authority of PUBLIC_URL, as a browser writes an Origin. */
  readonly origin: string;
  /** '' or '/path' without a trailing slash. */
  readonly basePath: string;
  readonly https: boolean;
  readonly port: number;
  readonly host: string;
  readonly internalPort: number;
  readonly internalHost: string;
  /** Processes behind the ports; `auto`: as many as there are processors. */
  readonly workers: number | 'auto';
  /** Addresses or ranges whose forwarding headers are believed; empty is nobody. */
  readonly trustProxy: readonly string[];
  readonly allowedOrigins: readonly string[];
  readonly returnOrigins: readonly string[];
  readonly shutdownDelayMs: number;
  /** How long requests may still run after the delay. */
  readonly shutdownTimeoutMs: number;
}

export interface CookieConfig {
  readonly name: string;
  readonly loginName: string;
  readonly sameSite: 'strict' | 'lax' | 'none';
  readonly secure: boolean;
  /** Lasts to the absolute deadline instead of the browser session. */
  readonly persistent: boolean;
}

export interface CsrfConfig {
  /** Lower case. */
  readonly header: string;
  readonly value: string;
}

export interface SessionConfig {
  readonly keys: readonly ServerKey[];
  readonly idleMs: number;
  readonly absoluteMs: number;
  /** Live sessions that one user may have; 0 is any number. */
  readonly maxPerUser: number;
}

export type StoreConfig =
  | { readonly kind: 'memory' }
  | {
      readonly kind: 'redis';
      readonly connection: RedisConnection;
      readonly prefix: string;
      readonly commandTimeoutMs: number;
      /** How long a session may be known in this process without asking Redis; absent: not at all. */
      readonly nearCacheMs?: number;
    };

/** How Redis is run, and so how it is reached. */
export type RedisConnection = {
  readonly credentials?: RedisCredentials;
  /** Absent: no TLS, unless a `rediss:` URL asks for it. */
  readonly tls?: RedisTls;
} & (
  | {
      readonly kind: 'standalone';
      /** `redis:` or `rediss:`; may hold the credentials instead. */
      readonly url: string;
    }
  | {
      readonly kind: 'sentinel';
      readonly sentinels: readonly HostAndPort[];
      /** What the Sentinels call the primary that they watch. */
      readonly name: string;
      readonly sentinelCredentials?: RedisCredentials;
    }
  | { readonly kind: 'cluster'; readonly nodes: readonly HostAndPort[] }
);

export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

export interface RedisCredentials {
  /** Absent: the user `default`. */
  readonly username?: string;
  readonly password: string;
}

export interface RedisTls {
  /** PEM; takes the place of the authorities that Node knows. */
  readonly ca?: string;
}

export interface LoginConfig {
  /** Parameters of `/login` that are handed on to the provider. */
  readonly parameters: readonly string[];
  readonly transactionMs: number;
  readonly stubMs: number;
  readonly transactionsPerBrowser: number;
  /** Browsers that may have logins open. */
  readonly browsers: number;
  /** Where `/logout/done` leads: a local path. */
  readonly postLogoutUrl: string;
  readonly idTokenHint: boolean;
}

/** How often one network may do what costs something; the names are those of the quota policies in the header fields. */
export interface LimitsConfig {
  readonly login: Quota | 'off';
  readonly callback: Quota | 'off';
  /** Of failures alone. */
  readonly backchannel: Quota | 'off';
  /** Of failures alone. */
  readonly secrets: Quota | 'off';
}

export interface Quota {
  readonly quota: number;
  /** Whole seconds. */
  readonly windowMs: number;
}

export interface TokenConfig {
  /** Renew this long before the access token ends. */
  readonly leewayMs: number;
  /** Renew this long before the end beside a request that does not wait; 0 is off. */
  readonly aheadMs: number;
  readonly lockMs: number;
  /** How long a request waits for another's refresh. */
  readonly waitMs: number;
}

export interface ProxyRouteConfig {
  readonly name: string;
  /** Path prefix without base path, '/api'. */
  readonly prefix: string;
  /** Origin and path of the upstream, without trailing slash. */
  readonly upstream: string;
  readonly methods: readonly string[];
  readonly token: 'required' | 'optional' | 'none';
  /** For which API the token is; absent: the session's own access token. */
  readonly audience?: AudienceRequest;
  /** `fetch-metadata`: what a page links to or streams, told by the browser itself. */
  readonly csrf: 'header' | 'fetch-metadata';
  /** The upstream's pages run as pages of our origin. */
  readonly documents: boolean;
  /** A person may open it as a page; it is saved, not shown. */
  readonly download: boolean;
  readonly websocket: boolean;
  /** What the upstream is told of who calls; the assertion's audience is the route's name. */
  readonly identity: IdentityTelling;
  readonly stepUp: StepUpConfig;
  /** How long the upstream may be silent. */
  readonly timeoutMs: number;
}

/** How strong and how recent a login must be (RFC 9470). Empty lists and an absent age ask for nothing. */
export interface StepUpConfig {
  readonly acr: readonly string[];
  readonly maxAgeS?: number;
  readonly scopes: readonly string[];
}

/** How an API is told who is there. */
export type IdentityTelling = 'assertion' | 'headers' | 'both' | 'none';

/** Which of a session's claims are told to whom. */
export interface ClaimsConfig {
  /** Absent: all of them. */
  readonly page?: readonly string[];
  /** `name` is the end of the header's name: `email` for X-Auth-Email. */
  readonly headers: readonly ClaimMapping[];
  readonly assertion: readonly ClaimMapping[];
}

export interface AssertionConfig {
  readonly lifetimeMs: number;
  readonly algorithm: 'EdDSA' | 'ES256';
  /** Absent: derived from the server keys. The first one signs. */
  readonly keys?: readonly PrivateJwk[];
}

/** What a gateway may ask at `/verify/{name}`. */
export interface PolicyConfig {
  readonly name: string;
  /** `aud` of the assertion. */
  readonly audience: string;
  readonly identity: IdentityTelling;
  readonly stepUp: StepUpConfig;
  /** One of them is enough; empty asks for none. */
  readonly groups: readonly string[];
  readonly groupsClaim: string;
  readonly csrf: boolean;
  readonly origin: boolean;
  readonly preflight: boolean;
  readonly redirect: boolean;
  readonly authorization: boolean;
}

export type ServiceScope = 'introspect' | 'token' | 'code' | 'sessions';

/** An internal service that may ask. */
export interface ServiceConfig {
  readonly id: string;
  readonly auth: 'client_secret_basic' | 'client_secret_post' | 'none';
  /** SHA-256 of the secret; absent for `none`. */
  readonly secretHash?: Buffer;
  readonly scopes: readonly ServiceScope[];
  /** Id of the provider whose codes it redeems; absent: the request says. */
  readonly provider?: string;
  readonly redirectUris: readonly string[];
  /** `plain`: a code alone, for the only redirect URI. */
  readonly codeShape: 'standard' | 'plain';
  readonly audiences: readonly string[];
  readonly resources: readonly string[];
  readonly tokenVia: 'refresh' | 'exchange';
  readonly refreshTokens: boolean;
}

export type SpaConfig =
  | { readonly kind: 'none' }
  | { readonly kind: 'folder'; readonly dir: string; readonly login: SpaLogin }
  /** A frontend that serves itself, such as a development server. */
  | { readonly kind: 'upstream'; readonly url: string; readonly login: SpaLogin };

/** `required`: the pages themselves are for those who are logged in. */
export type SpaLogin = 'open' | 'required';

export interface LogConfig {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly audit: AuditTarget;
}

/** Where the audit stream goes. */
export type AuditTarget =
  { readonly kind: 'off' | 'stdout' | 'stderr' } | { readonly kind: 'file'; readonly path: string };

/** One token per section, so that a class is given no more than it needs. */
export const VestibuleConfig = Symbol('VestibuleConfig');
export const ServerConfig = Symbol('ServerConfig');
export const CookieConfig = Symbol('CookieConfig');
export const CsrfConfig = Symbol('CsrfConfig');
export const SessionConfig = Symbol('SessionConfig');
export const StoreConfig = Symbol('StoreConfig');
export const ProvidersConfig = Symbol('ProvidersConfig');
export const LoginConfig = Symbol('LoginConfig');
export const LimitsConfig = Symbol('LimitsConfig');
export const TokenConfig = Symbol('TokenConfig');
export const ProxyRoutesConfig = Symbol('ProxyRoutesConfig');
export const PoliciesConfig = Symbol('PoliciesConfig');
export const ServicesConfig = Symbol('ServicesConfig');
export const ClaimsConfig = Symbol('ClaimsConfig');
export const AssertionConfig = Symbol('AssertionConfig');
export const SpaConfig = Symbol('SpaConfig');
export const LogConfig = Symbol('LogConfig');
