import {
  allowInsecureRequests,
  customFetch,
  discovery,
  type ClientMetadata,
  type Configuration,
} from 'openid-client';
import type { ProviderConfig } from '../config/config.types.js';
import type { Clock } from '../domain/clock.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import type { EventLog } from '../logging/event-log.js';
import { clientAuthentication } from './client-auth.js';
import { errorName } from './provider-errors.js';
import { providerFetch } from './provider-fetch.js';

const REFRESH_MS = 6 * 60 * 60 * 1000;
const BACK_OFF_MS = { first: 1_000, most: 30_000 } as const;

/**
 * A provider's metadata by discovery (OIDC Discovery §4): lazy, one request at a time, kept, refreshed, and
 * after a failure not asked again before a growing pause. The last good metadata survive a failing refresh.
 */
export class ProviderMetadata {
  private current: { readonly configuration: Configuration; readonly at: number } | undefined;
  private running: Promise<Configuration> | undefined;
  private failures = 0;
  private retryAt = 0;

  constructor(
    private readonly provider: ProviderConfig,
    private readonly clock: Clock,
    private readonly log: EventLog,
  ) {}

  /** @throws VestibuleError `provider_unreachable` when nothing usable is known */
  async get(): Promise<Configuration> {
    const now = this.clock.now();
    if (this.current !== undefined && now - this.current.at < REFRESH_MS)
      return this.current.configuration;
    const discovery = now >= this.retryAt || this.running !== undefined ? this.once() : undefined;
    // What is old is refreshed beside the request; nobody waits for it (a failure is logged there).
    if (this.current !== undefined) return this.current.configuration;
    if (discovery !== undefined) return discovery;
    throw new VestibuleError('provider_unreachable', { detail: 'discovery failed a moment ago' });
  }

  private once(): Promise<Configuration> {
    this.running ??= this.discover().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  /** What is known now, without asking. */
  get known(): boolean {
    return this.current !== undefined;
  }

  private async discover(): Promise<Configuration> {
    try {
      const configuration = await this.request();
      this.current = { configuration, at: this.clock.now() };
      this.failures = 0;
      this.log.event('provider.discovered', { provider: this.provider.id });
      return configuration;
    } catch (error) {
      this.failures += 1;
      this.retryAt =
        this.clock.now() + Math.min(BACK_OFF_MS.first * 2 ** (this.failures - 1), BACK_OFF_MS.most);
      this.log.event('provider.discovery_failed', {
        provider: this.provider.id,
        cause: errorName(error),
      });
      if (this.current !== undefined) return this.current.configuration;
      throw new VestibuleError('provider_unreachable', { cause: error });
    }
  }

  private async request(): Promise<Configuration> {
    const { issuer, clientId, clientSecret, idTokenAlg, timeoutMs } = this.provider;
    const client: Partial<ClientMetadata> = { id_token_signed_response_alg: idTokenAlg };
    if (clientSecret !== undefined) client.client_secret = clientSecret;
    const found = await discovery(
      new URL(issuer),
      clientId,
      client,
      clientAuthentication(this.provider),
      {
        timeout: timeoutMs / 1000,
        [customFetch]: (url, options) => providerFetch(url, options as RequestInit),
        // The configuration allows an http issuer on loopback only.
        execute: new URL(issuer).protocol === 'http:' ? [allowInsecureRequests] : [],
      },
    );
    // openid-client compares parsed URLs, to which a slash at the end is the same; Discovery §4.3 wants identity.
    if (found.serverMetadata().issuer === issuer) return found;
    throw new VestibuleError('provider_misconfigured', {
      detail: 'the metadata name another issuer',
    });
  }
}
