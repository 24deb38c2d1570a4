import { Agent } from 'undici';
import { VestibuleError } from '../errors/vestibule.error.js';

const LIMIT_BYTES = 1_048_576;

/**
 * Connections to providers. A connection that is not made within three seconds was not used: the caller learns
 * that nothing was sent. Idle ones are closed early, before the provider closes them under a request.
 */
const agent = new Agent({ connect: { timeout: 3_000 }, keepAliveTimeout: 2_000 });

/**
 * Fetch for everything that a provider answers: no redirect is followed, and a body over 1 MiB is refused
 * while it arrives (openid-client reads without a limit: 30 MB were accepted). The time limit is the caller's signal.
 */
export async function providerFetch(url: string, init: RequestInit): Promise<Response> {
  // Node's own fetch takes a dispatcher of the package; only their type declarations differ.
  const dispatcher = agent as unknown as NonNullable<RequestInit['dispatcher']>;
  const response = await fetch(url, { ...init, redirect: 'manual', dispatcher });
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
