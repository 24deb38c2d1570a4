import { ClientSecretPost, None, type ClientAuth } from 'openid-client';
import type { ProviderConfig } from '../config/config.types.js';

/** How we authenticate at the token endpoint (RFC 6749 §2.3, OIDC Core §9). */
export function clientAuthentication(provider: ProviderConfig): ClientAuth {
  const secret = provider.clientSecret ?? '';
  switch (provider.clientAuth) {
    case 'client_secret_basic':
      return clientSecretBasic(secret);
    case 'client_secret_post':
      return ClientSecretPost(secret);
    case 'none':
      return None();
    default: {
      const unknown: never = provider.clientAuth;
      return unknown;
    }
  }
}

/**
 * Basic with both parts form-urlencoded first (RFC 6749 §2.3.1), exactly as
 * `application/x-www-form-urlencoded` does it, which leaves `* - . _` alone. openid-client's own encodes
 * these as well and is then refused by providers that compare without decoding.
 */
function clientSecretBasic(secret: string): ClientAuth {
  return (_server, client, _body, headers) => {
    const credentials = `${formEncode(client.client_id)}:${formEncode(secret)}`;
    headers.set('authorization', `Basic ${Buffer.from(credentials).toString('base64')}`);
  };
}

function formEncode(value: string): string {
  return new URLSearchParams({ v: value }).toString().slice('v='.length);
}
