import { Inject, Injectable } from '@nestjs/common';
import { LoginConfig } from '../config/config.types.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import { single } from '../http/form.js';
import { PublicUrl } from '../http/public-url.js';
import type { ProviderClient } from '../provider/provider-client.js';
import { ProviderRegistry } from '../provider/provider-registry.js';
import { ReturnTo } from './return-to.js';

/** What a person asked `/login` for, judged. */
export interface LoginRequest {
  readonly provider: ProviderClient;
  readonly redirectUri: string;
  /** The redirect URI is the application's own: its script hands the answer in. */
  readonly forApp: boolean;
  readonly returnTo: string;
  /** Allow-listed parameters for the provider. */
  readonly parameters: Readonly<Record<string, string>>;
  /** This login heals a stale callback. */
  readonly healed: boolean;
}

/** A query of `/login`: what was judged, and nothing else of what came. */
export type LoginQuery = Readonly<Record<string, string>>;

export interface LoginChoice {
  readonly label: string;
  readonly query: LoginQuery;
}

export type LoginRequestReading =
  | { readonly kind: 'request'; readonly request: LoginRequest }
  /** Several providers would do; `query` asks the same again. */
  | {
      readonly kind: 'choose';
      readonly choices: readonly LoginChoice[];
      readonly query: LoginQuery;
    };

/** A request before a provider is chosen. */
interface Wish extends Pick<LoginRequest, 'returnTo' | 'parameters' | 'healed'> {
  readonly candidates: readonly ProviderClient[];
  /** The application's own redirect URI. */
  readonly appUri?: string;
}

const MAX_LOGIN_HINT = 1_024;

/** Reads the query of `/login`, or the form that a third party sends in its place. */
@Injectable()
export class LoginRequests {
  constructor(
    private readonly providers: ProviderRegistry,
    private readonly returnTo: ReturnTo,
    private readonly urls: PublicUrl,
    @Inject(LoginConfig) private readonly config: LoginConfig,
  ) {}

  /** @throws VestibuleError `unknown_provider`, `bad_request` */
  read(query: URLSearchParams): LoginRequestReading {
    const wish = query.has('iss') ? this.wishOfThirdParty(query) : this.wishOfOwnPage(query);
    const [provider, ...others] = wish.candidates;
    if (provider !== undefined && others.length === 0)
      return { kind: 'request', request: this.requestAt(provider, wish) };
    const same = this.queryOf(wish);
    const choices = wish.candidates.map(({ config }) => ({
      label: config.label,
      query: { ...same, provider: config.id },
    }));
    return { kind: 'choose', choices, query: same };
  }

  /**
   * The login that a third party initiates, as a query of `/login` (OIDC Core §4).
   * @throws VestibuleError `unknown_provider`, `bad_request`
   */
  initiated(form: URLSearchParams): LoginQuery {
    const { returnTo, parameters } = this.wishOfThirdParty(form);
    return { ...parameters, iss: form.get('iss') ?? '', target_link_uri: returnTo };
  }

  private wishOfOwnPage(query: URLSearchParams): Wish {
    const appUri = single(query, 'redirect_uri');
    return {
      candidates: this.candidates(single(query, 'provider'), appUri),
      returnTo: this.returnTo.resolve(single(query, 'return_to')),
      parameters: this.parametersOf(query),
      healed: single(query, 'healed') === '1',
      ...(appUri !== undefined && { appUri }),
    };
  }

  /** Nothing but a hint and a place is taken from a third party: it must not choose scopes or prompts (ATK-25). */
  private wishOfThirdParty(query: URLSearchParams): Wish {
    const issuer = single(query, 'iss');
    if (query.has('provider')) refuse('iss and provider exclude each other');
    const candidates = this.providers.all.filter(
      ({ config }) =>
        issuer !== undefined && [config.issuer, ...config.tokenIssuers].includes(issuer),
    );
    if (candidates.length === 0) throw new VestibuleError('unknown_provider');
    return {
      candidates,
      returnTo: this.returnTo.resolve(single(query, 'target_link_uri')),
      parameters: this.hintOf(query),
      healed: false,
    };
  }

  /** An application's redirect URI narrows the choice to the providers that list it, byte for byte (RFC 9700 §2.1). */
  private candidates(id: string | undefined, appUri: string | undefined): ProviderClient[] {
    const named = id === undefined ? [...this.providers.all] : [this.providers.named(id)];
    if (appUri === undefined) return named;
    const listing = named.filter(({ config }) => config.redirectUris.includes(appUri));
    if (listing.length === 0) refuse('redirect_uri is in no list redirectUris');
    return listing;
  }

  private parametersOf(query: URLSearchParams): Record<string, string> {
    const parameters: Record<string, string> = {};
    for (const name of this.config.parameters) {
      const value = single(query, name);
      if (value !== undefined && value !== '') parameters[name] = value;
    }
    const maxAge = parameters['max_age'];
    if (maxAge !== undefined && !/^\d{1,9}$/.test(maxAge))
      refuse('max_age is no number of seconds');
    return parameters;
  }

  private hintOf(query: URLSearchParams): Record<string, string> {
    const hint = single(query, 'login_hint') ?? '';
    if (hint.length > MAX_LOGIN_HINT) refuse('login_hint is too long');
    return hint === '' || !this.config.parameters.includes('login_hint')
      ? {}
      : { login_hint: hint };
  }

  private requestAt(provider: ProviderClient, wish: Wish): LoginRequest {
    const { appUri, returnTo, parameters, healed } = wish;
    return {
      provider,
      redirectUri: appUri ?? this.ownRedirectUri(provider),
      forApp: appUri !== undefined,
      returnTo,
      parameters,
      healed,
    };
  }

  private queryOf({ returnTo, parameters, healed, appUri }: Wish): LoginQuery {
    return {
      ...parameters,
      ...(returnTo !== this.returnTo.resolve(undefined) && { return_to: returnTo }),
      ...(appUri !== undefined && { redirect_uri: appUri }),
      ...(healed && { healed: '1' }),
    };
  }

  /** One provider: `/callback`; several: one URI each, so that answers cannot be mixed up (RFC 9700 §4.4.2). */
  private ownRedirectUri(provider: ProviderClient): string {
    const several = this.providers.all.length > 1;
    return this.urls.absolute(several ? `/callback/${provider.config.id}` : '/callback');
  }
}

function refuse(detail: string): never {
  throw new VestibuleError('bad_request', { detail });
}
