import type { OAuthError } from './answers.js';
import type { ClientAuthMethod, EmulatedClient } from './emulator.types.js';

/** How a request proves who sends it, as far as one can see. */
export interface ShownCredentials {
  readonly method: ClientAuthMethod;
  readonly clientId: string;
  readonly clientSecret?: string;
}

/** `form`: both parts are form-urlencoded (RFC 6749 §2.3.1); `raw`: they stand as they are. */
export type BasicEncoding = 'form' | 'raw';

/** No client, or none that is proven (RFC 6749 §5.2). */
export const FAILED: OAuthError = {
  error: 'invalid_client',
  description: 'client authentication failed',
  status: 401,
};

/** Reads the credentials of a token request; two methods at once are an error (RFC 6749 §2.3). */
export function shownCredentials(
  authorization: string | undefined,
  form: URLSearchParams,
  encoding: BasicEncoding,
): ShownCredentials | OAuthError {
  const [id, secret] = [form.get('client_id') ?? '', form.get('client_secret')];
  if (authorization === undefined) {
    return secret === null
      ? { method: 'none', clientId: id }
      : { method: 'client_secret_post', clientId: id, clientSecret: secret };
  }
  const basic = readBasic(authorization, encoding);
  if (basic === undefined) return FAILED;
  const contradicts = secret !== null || (id !== '' && id !== basic.clientId);
  return contradicts
    ? { error: 'invalid_request', description: 'client credentials given twice' }
    : basic;
}

/** The client, when the credentials are those that it is registered with, shown the way it is registered for. */
export function authenticate(
  shown: ShownCredentials,
  client: EmulatedClient | undefined,
): EmulatedClient | OAuthError {
  if (client === undefined || shown.method !== client.authMethod) return FAILED;
  const secret = client.authMethod === 'none' ? undefined : client.clientSecret;
  return shown.clientSecret === secret ? client : FAILED;
}

function readBasic(authorization: string, encoding: BasicEncoding): ShownCredentials | undefined {
  const encoded = /^Basic ([A-Za-z0-9+/]+={0,2})$/.exec(authorization)?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const at = text.indexOf(':');
  if (at < 0) return undefined;
  const read = encoding === 'raw' ? (part: string) => part : formDecoded;
  return {
    method: 'client_secret_basic',
    clientId: read(text.slice(0, at)),
    clientSecret: read(text.slice(at + 1)),
  };
}

function formDecoded(part: string): string {
  return new URLSearchParams(`part=${part}`).get('part') ?? '';
}
