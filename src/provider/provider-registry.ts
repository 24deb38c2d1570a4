import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { ProvidersConfig, type ProviderConfig } from '../config/config.types.js';
import { Clock } from '../domain/clock.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import { EventLog } from '../logging/event-log.js';
import { claimedParties } from './logout-token.js';
import { ProviderClient } from './provider-client.js';
import { ProviderKeys } from './provider-keys.js';
import { ProviderMetadata } from './provider-metadata.js';

/** The configured providers by id. */
@Injectable()
export class ProviderRegistry implements OnApplicationBootstrap {
  private readonly clients: ReadonlyMap<string, ProviderClient>;

  constructor(
    @Inject(ProvidersConfig) configs: readonly ProviderConfig[],
    @Inject(Clock) clock: Clock,
    @Inject(EventLog) log: EventLog,
  ) {
    this.clients = new Map(configs.map((config) => [config.id, createClient(config, clock, log)]));
  }

  /** Metadata are fetched ahead, but nobody waits: the process starts without its providers. */
  onApplicationBootstrap(): void {
    for (const client of this.clients.values()) void client.warmUp();
  }

  get all(): readonly ProviderClient[] {
    return [...this.clients.values()];
  }

  /** Undefined for a provider that is not configured (any more). */
  find(id: string): ProviderClient | undefined {
    return this.clients.get(id);
  }

  /**
   * The provider that a token claims to come from; unverified, it only chooses who verifies. Of several
   * registrations at one issuer it is the one that the token is meant for.
   */
  issuing(token: string): ProviderClient | undefined {
    const claimed = claimedParties(token);
    const sharing = this.all.filter(({ config }) => config.issuer === claimed?.issuer);
    return sharing.find(({ config }) => claimed?.audience.includes(config.clientId)) ?? sharing[0];
  }

  /** @throws VestibuleError `unknown_provider` */
  named(id: string): ProviderClient {
    const client = this.find(id);
    if (client === undefined) throw new VestibuleError('unknown_provider');
    return client;
  }
}

function createClient(config: ProviderConfig, clock: Clock, log: EventLog): ProviderClient {
  const metadata = new ProviderMetadata(config, clock, log);
  const keys = new ProviderKeys(config.id, config.timeoutMs, clock, log);
  const logoutKeys = new ProviderKeys(config.id, config.timeoutMs, clock, log);
  return new ProviderClient(config, metadata, keys, logoutKeys, clock, log);
}
