import { VestibuleError } from '../errors/vestibule.error.js';

const LIMIT_BYTES = 1_048_576;

/**
 * Fetch for everything that a provider answers: no redirect is followed, and a body over 1 MiB is refused
 * while it arrives (openid-client reads without a limit: 30 MB were accepted). The time limit is the caller's signal.
 */
export async function providerFetch(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, { ...init, redirect: 'manual' });
  const body = await readBounded(response);
  // Responses of these statuses must not have a body (Fetch §null body status).
  const empty = [101, 103, 204, 205, 304].includes(response.status);
  return new Response(empty ? null : body, { status: response.status, headers: response.headers });
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
