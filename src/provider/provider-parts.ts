import type { ProviderConfig } from '../config/provider-config.types.js';
import type { Clock } from '../domain/clock.js';
import type { EventLog } from '../logging/event-log.js';
import { createProviderFetch, type ProviderFetch } from './provider-fetch.js';
import { ProviderIdentity } from './provider-identity.js';
import { ProviderKeys } from './provider-keys.js';
import { ProviderMetadata } from './provider-metadata.js';
import { TokenEndpoint } from './token-endpoint.js';
import { TokenGrants } from './token-grants.js';
import { TokenVerifier } from './token-verifier.js';
import { UserinfoEndpoint } from './userinfo-endpoint.js';

/** What a provider's client is made of. */
export interface ProviderParts {
  readonly fetch: ProviderFetch;
  readonly metadata: ProviderMetadata;
  readonly tokenEndpoint: TokenEndpoint;
  readonly verifier: TokenVerifier;
  readonly identity: ProviderIdentity;
  readonly grants: TokenGrants;
}

/** The parts of one provider, which share its connections. */
export function providerParts(config: ProviderConfig, clock: Clock, log: EventLog): ProviderParts {
  const fetch = createProviderFetch(config.tls);
  const keys = (): ProviderKeys => new ProviderKeys(config, fetch, clock, log);
  const verifier = new TokenVerifier(config, keys(), keys(), clock);
  const userinfo = new UserinfoEndpoint(config, fetch, verifier);
  const identity = new ProviderIdentity(config, verifier, userinfo, clock, log);
  const tokenEndpoint = new TokenEndpoint(config, fetch, clock);
  return {
    fetch,
    metadata: new ProviderMetadata(config, fetch, clock, log),
    tokenEndpoint,
    verifier,
    identity,
    grants: new TokenGrants(config, tokenEndpoint, identity, verifier, clock, log),
  };
}
