import type { ServerMetadata } from 'openid-client';
import type { ProviderConfig } from '../config/provider-config.types.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import { isJson, jsonObjectOf, type ProviderFetch } from './provider-fetch.js';

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 307, 308]);
const TEXTS = [
  'authorization_endpoint',
  'token_endpoint',
  'userinfo_endpoint',
  'jwks_uri',
  'revocation_endpoint',
  'end_session_endpoint',
] as const;
const LISTS = [
  'token_endpoint_auth_methods_supported',
  'code_challenge_methods_supported',
  'id_token_signing_alg_values_supported',
  'response_modes_supported',
  'prompt_values_supported',
] as const;

const SCHEME = /^https?:\/\//i;

type Document = Readonly<Record<string, unknown>>;
type JsonValue = ServerMetadata[string];

/**
 * A provider's metadata (OIDC Discovery §4, RFC 8414 §3), or what was written by hand where there are none.
 * Of the document only what Vestibule uses is kept; what is not of the right type counts as not there.
 * @throws VestibuleError `provider_misconfigured` for another issuer or a foreign redirect (Discovery §4.3);
 *   `provider_unreachable`, caused by the answer, for one that is no metadata document; errors of the network
 */
export async function fetchServerMetadata(
  { issuer, metadata, timeoutMs }: ProviderConfig,
  fetch: ProviderFetch,
): Promise<ServerMetadata> {
  const { discoveryUrl, byHand } = metadata;
  if (discoveryUrl === undefined) return { issuer, ...byHand };
  const signal = AbortSignal.timeout(timeoutMs);
  const document = await readDocument(await getOnOrigin(discoveryUrl, fetch, signal));
  if (document['issuer'] !== issuer)
    throw new VestibuleError('provider_misconfigured', {
      detail: 'the metadata name another issuer',
    });
  return { ...pickKnown(document, new URL(issuer).protocol), issuer, ...byHand };
}

/** One redirect is followed, on the same origin: some providers answer with one, none has a reason to send us away. */
async function getOnOrigin(
  url: string,
  fetch: ProviderFetch,
  signal: AbortSignal,
): Promise<Response> {
  const init = { headers: { accept: 'application/json' }, signal };
  const response = await fetch(url, init);
  if (!REDIRECTS.has(response.status)) return response;
  const location = response.headers.get('location') ?? '';
  const target = URL.parse(location, url);
  if (target?.origin !== new URL(url).origin)
    throw new VestibuleError('provider_misconfigured', {
      detail: 'the metadata document redirects to another host',
    });
  return fetch(target.href, init);
}

async function readDocument(response: Response): Promise<Document> {
  const document = response.status === 200 && isJson(response) && (await jsonObjectOf(response));
  if (document) return document;
  throw new VestibuleError('provider_unreachable', {
    detail: `metadata: no document, status ${response.status}`,
    cause: response,
  });
}

/** Beside an https issuer only https addresses count (Discovery §3, RFC 8414 §2): tokens and keys go there. */
function pickKnown(document: Document, protocol: string): Omit<ServerMetadata, 'issuer'> {
  const isAddress = (value: unknown): value is string => {
    const url = typeof value === 'string' && SCHEME.test(value) ? URL.parse(value) : null;
    return url !== null && (protocol === 'http:' || url.protocol === protocol);
  };
  const known: Record<string, JsonValue> = {
    authorization_response_iss_parameter_supported:
      document['authorization_response_iss_parameter_supported'] === true,
  };
  for (const name of TEXTS) {
    const value = document[name];
    if (isAddress(value)) known[name] = value;
  }
  for (const name of LISTS) {
    const list = document[name];
    if (Array.isArray(list)) known[name] = list.filter((one) => typeof one === 'string');
  }
  const aliases = document['mtls_endpoint_aliases'];
  if (typeof aliases === 'object' && aliases !== null) {
    const entries = Object.entries(aliases) as [string, unknown][];
    known['mtls_endpoint_aliases'] = Object.fromEntries(
      entries.filter((entry): entry is [string, string] => isAddress(entry[1])),
    );
  }
  return known;
}
