import type { ProviderConfig } from '../../src/config/provider-config.types.js';
import { configOf, LOOPBACK_ENV } from './config-env.js';

/** A provider as the configuration makes it, with some options changed. */
export function providerConfig(more: Partial<ProviderConfig> = {}): ProviderConfig {
  const [provider] = configOf(LOOPBACK_ENV).providers;
  if (provider === undefined) throw new Error('the configuration has no provider');
  return { ...provider, ...more };
}

/** The same for a provider that listens at `issuer`, with its metadata below it. */
export function providerAt(issuer: string, more: Partial<ProviderConfig> = {}): ProviderConfig {
  const [provider] = configOf({ ...LOOPBACK_ENV, OIDC_ISSUER: issuer }).providers;
  if (provider === undefined) throw new Error('the configuration has no provider');
  return { ...provider, ...more };
}
