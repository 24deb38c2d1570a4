import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { ProvidersConfig } from '../config/config.types.js';
import type { ProviderConfig } from '../config/provider-config.types.js';
import { Clock } from '../domain/clock.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import { EventLog } from '../logging/event-log.js';
import { decryptToken, isEncrypted } from './encrypted-token.js';
import { claimedParties } from './logout-token.js';
import { ProviderClient } from './provider-client.js';
import { providerParts } from './provider-parts.js';

/** The configured providers by id. */
@Injectable()
export class ProviderRegistry implements OnApplicationBootstrap {
  private readonly clients: ReadonlyMap<string, ProviderClient>;

  constructor(
    @Inject(ProvidersConfig) configs: readonly ProviderConfig[],
    @Inject(Clock) clock: Clock,
    @Inject(EventLog) log: EventLog,
  ) {
    this.clients = new Map(
      configs.map((config) => [
        config.id,
        new ProviderClient(config, providerParts(config, clock, log), clock, log),
      ]),
    );
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
  async issuing(token: string): Promise<ProviderClient | undefined> {
    const claimed = claimedParties(await this.opened(token));
    const sharing = this.all.filter(({ config }) =>
      config.tokenIssuers.some((issuer) => issuer === claimed?.issuer),
    );
    return sharing.find(({ config }) => claimed?.audience.includes(config.clientId)) ?? sharing[0];
  }

  /** An encrypted token says nothing about itself before one of our keys has opened it. */
  private async opened(token: string): Promise<string> {
    if (!isEncrypted(token)) return token;
    const keys = this.all.flatMap(({ config }) => config.decryptionKeys);
    return decryptToken(token, keys).catch(() => token);
  }

  /** @throws VestibuleError `unknown_provider` */
  named(id: string): ProviderClient {
    const client = this.find(id);
    if (client === undefined) throw new VestibuleError('unknown_provider');
    return client;
  }
}
