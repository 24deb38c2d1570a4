import { allowInsecureRequests, Configuration, customFetch } from 'openid-client';
import type { ProviderConfig } from '../config/config.types.js';
import { clientAuthentication } from './client-auth.js';
import { providerFetch } from './provider-fetch.js';

interface ReceivedTokens {
  readonly access_token?: string;
  readonly refresh_token?: string;
}

/**
 * A configuration for one redemption that remembers what the token endpoint answered. openid-client throws
 * away an answer that it refuses, and with it the tokens that we then must revoke.
 */
export function watchTokenCall(
  base: Configuration,
  provider: ProviderConfig,
): { readonly configuration: Configuration; readonly received: () => Promise<ReceivedTokens> } {
  const server = base.serverMetadata();
  const configuration = new Configuration(
    server,
    provider.clientId,
    base.clientMetadata(),
    clientAuthentication(provider),
  );
  const tokenEndpoint = server.token_endpoint && new URL(server.token_endpoint).href;
  let answer: Response | undefined;
  configuration.timeout = provider.timeoutMs / 1000;
  configuration[customFetch] = async (url, options) => {
    const response = await providerFetch(url, options as RequestInit);
    // The library hands on the address as it parsed it.
    if (url === tokenEndpoint) answer = response.clone();
    return response;
  };
  if (new URL(server.issuer).protocol === 'http:') allowInsecureRequests(configuration);
  return { configuration, received: () => readTokens(answer) };
}

async function readTokens(answer: Response | undefined): Promise<ReceivedTokens> {
  if (answer === undefined || !answer.ok) return {};
  const body: unknown = await answer.json().catch(() => undefined);
  if (typeof body !== 'object' || body === null) return {};
  const text = (name: string): string | undefined => {
    const value: unknown = Reflect.get(body, name);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const access = text('access_token');
  const refresh = text('refresh_token');
  return {
    ...(access !== undefined && { access_token: access }),
    ...(refresh !== undefined && { refresh_token: refresh }),
  };
}
