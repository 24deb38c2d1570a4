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
  readonly returnTo: string;
  /** Allow-listed parameters for the provider. */
  readonly parameters: Readonly<Record<string, string>>;
  /** This login heals a stale callback. */
  readonly healed: boolean;
}

export type LoginRequestReading =
  | { readonly kind: 'request'; readonly request: LoginRequest }
  | { readonly kind: 'choose'; readonly providers: readonly string[] };

/** Reads the query of `/login`. */
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
    const provider = this.choose(single(query, 'provider'));
    if (provider === undefined) {
      return { kind: 'choose', providers: this.providers.all.map((one) => one.config.id) };
    }
    return {
      kind: 'request',
      request: {
        provider,
        redirectUri: this.redirectUri(provider),
        returnTo: this.returnTo.resolve(single(query, 'return_to')),
        parameters: this.parametersOf(query),
        healed: single(query, 'healed') === '1',
      },
    };
  }

  private choose(id: string | undefined): ProviderClient | undefined {
    if (id !== undefined) return this.providers.named(id);
    const { all } = this.providers;
    return all.length === 1 ? all[0] : undefined;
  }

  private parametersOf(query: URLSearchParams): Record<string, string> {
    const parameters: Record<string, string> = {};
    for (const name of this.config.parameters) {
      const value = single(query, name);
      if (value !== undefined && value !== '') parameters[name] = value;
    }
    const maxAge = parameters['max_age'];
    if (maxAge !== undefined && !/^\d{1,9}$/.test(maxAge)) {
      throw new VestibuleError('bad_request', { detail: 'max_age is no number of seconds' });
    }
    return parameters;
  }

  /** One provider: `/callback`; several: one URI each, so that answers cannot be mixed up (RFC 9700 §4.4.2). */
  private redirectUri(provider: ProviderClient): string {
    const several = this.providers.all.length > 1;
    return this.urls.absolute(several ? `/callback/${provider.config.id}` : '/callback');
  }
}
