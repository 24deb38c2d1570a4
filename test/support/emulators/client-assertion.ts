import { createHmac, timingSafeEqual, verify } from 'node:crypto';
import { readToken } from '../signing-key.js';
import type { EmulatedClient } from './emulator.types.js';

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const ALGORITHMS = { client_secret_jwt: 'HS256', private_key_jwt: 'RS256' } as const;

/** What an assertion is judged by (RFC 7523 §3, OIDC Core §9). */
export interface AssertionCheck {
  readonly client: EmulatedClient;
  /** The audiences that the provider takes for itself. */
  readonly audiences: readonly string[];
  /** Seconds since 1970. */
  readonly now: number;
  /** Every `jti` that came before; this one is added. */
  readonly seen: Set<string>;
}

/** Whether a token request is proven by an assertion of its client, made for this provider, and not used before. */
export function isProvenByAssertion(
  form: URLSearchParams,
  { client, audiences, now, seen }: AssertionCheck,
): boolean {
  const assertion = form.get('client_assertion') ?? '';
  if (form.get('client_assertion_type') !== ASSERTION_TYPE) return false;
  if (!isSignedBy(client, assertion)) return false;
  const { claims } = readToken(assertion);
  const { iss, sub, aud, exp, jti } = claims;
  const isOurs = iss === client.clientId && sub === client.clientId;
  const isForUs = typeof aud === 'string' && audiences.includes(aud);
  const isYoung = typeof exp === 'number' && exp > now && exp <= now + 300;
  if (!isOurs || !isForUs || !isYoung) return false;
  if (typeof jti !== 'string' || seen.has(jti)) return false;
  seen.add(jti);
  return true;
}

/** The client that an assertion claims to be of; '' for what is no JWT. */
export function claimedClient(form: URLSearchParams): string {
  const assertion = form.get('client_assertion') ?? '';
  if (!/^[\w-]+\.[\w-]+\.[\w-]*$/.test(assertion)) return '';
  const { sub } = readToken(assertion).claims;
  return typeof sub === 'string' ? sub : '';
}

function isSignedBy({ authMethod, clientSecret, publicKey }: EmulatedClient, jwt: string): boolean {
  if (authMethod !== 'client_secret_jwt' && authMethod !== 'private_key_jwt') return false;
  if (readToken(jwt).header['alg'] !== ALGORITHMS[authMethod]) return false;
  const at = jwt.lastIndexOf('.');
  const [input, signature] = [jwt.slice(0, at), Buffer.from(jwt.slice(at + 1), 'base64url')];
  if (authMethod === 'private_key_jwt')
    return publicKey !== undefined && verify('sha256', Buffer.from(input), publicKey, signature);
  const mac = createHmac('sha256', clientSecret ?? '')
    .update(input)
    .digest();
  return mac.length === signature.length && timingSafeEqual(mac, signature);
}
