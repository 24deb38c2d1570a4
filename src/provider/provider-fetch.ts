import { Agent } from 'undici';
import type { ProviderTls } from '../config/provider-config.types.js';
import { VestibuleError } from '../errors/vestibule.error.js';

const LIMIT_BYTES = 1_048_576;
export const PROVIDER_CONNECT_MS = 3_000;

/** Fetch as the relying party may use it: the time limit is the caller's signal. */
export type ProviderFetch = (url: string, init: RequestInit) => Promise<Response>;

/**
 * Fetch for everything that one provider answers: no redirect is followed, and a body over 1 MiB is refused while
 * it arrives (openid-client reads without a limit: 30 MB were accepted). A connection that is not made within
 * three seconds was not used: the caller learns that nothing was sent. Idle ones are closed early, before the
 * provider closes them under a request. With a certificate it is shown on every connection (RFC 8705 §2).
 */
export function createProviderFetch({ ca, certificate, key }: ProviderTls): ProviderFetch {
  const agent = new Agent({
    connect: {
      timeout: PROVIDER_CONNECT_MS,
      ...(ca !== undefined && { ca }),
      ...(certificate !== undefined && key !== undefined && { cert: certificate, key }),
    },
    keepAliveTimeout: 2_000,
  });
  // Node's own fetch takes a dispatcher of the package; only their type declarations differ.
  const dispatcher = agent as unknown as NonNullable<RequestInit['dispatcher']>;
  return async (url, init) => {
    const response = await fetch(url, { ...init, redirect: 'manual', dispatcher });
    const body = await readBounded(response);
    // Responses of these statuses must not have a body (Fetch §null body status).
    const empty = [101, 103, 204, 205, 304].includes(response.status);
    const { status, headers } = response;
    return new Response(empty ? null : body, { status, headers });
  };
}

/** The JSON object of an answer, whatever its content type says; undefined when it is none. */
export async function jsonObjectOf(
  response: Response,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => undefined);
  const isObject = typeof body === 'object' && body !== null && !Array.isArray(body);
  return isObject ? (body as Readonly<Record<string, unknown>>) : undefined;
}

/** Whether an answer calls itself JSON (RFC 8259 §11, RFC 6838 §4.2.8 for `+json`). */
export function isJson(response: Response): boolean {
  const [type = ''] = (response.headers.get('content-type') ?? '').toLowerCase().split(';', 1);
  return /^application\/(?:[a-z0-9!#$&^_.+-]+\+)?json$/.test(type.trim());
}

async function readBounded(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  if (response.body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.byteLength;
    if (size > LIMIT_BYTES)
      throw new VestibuleError('provider_unreachable', { detail: 'the answer is too large' });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
