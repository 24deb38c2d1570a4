import {
  allowInsecureRequests,
  Configuration,
  customFetch,
  type ServerMetadata,
} from 'openid-client';
import type { ProviderConfig } from '../config/provider-config.types.js';
import type { Clock } from '../domain/clock.js';
import { clientAuthentication } from './client-auth.js';
import type { ProviderFetch } from './provider-fetch.js';

/** openid-client for one provider: who we are there, how we prove it, and how requests go out. */
export function oauthClient(
  server: ServerMetadata,
  provider: ProviderConfig,
  fetch: ProviderFetch,
  clock: Clock,
): Configuration {
  const { clientId, credentials, timeoutMs } = provider;
  const configuration = new Configuration(
    server,
    clientId,
    { use_mtls_endpoint_aliases: credentials.method === 'tls_client_auth' },
    clientAuthentication(credentials, clock),
  );
  configuration.timeout = timeoutMs / 1000;
  configuration[customFetch] = (url, options) => fetch(url, options as RequestInit);
  // http gets as far as here on loopback only, be it an address by hand beside an https issuer: the configuration
  // and the reading of the metadata have seen to it.
  allowInsecureRequests(configuration);
  return configuration;
}
