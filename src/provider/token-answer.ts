import type { AudienceToken, TokenSet } from '../domain/token-set.js';
import { VestibuleError } from '../errors/vestibule.error.js';

/** A year: what says more says nothing (RFC 6749 §5.1 sets no limit). */
const MAX_LIFE_S = 31_536_000;
const MAX_TOKEN = 65_536;

/** The JSON object of a token answer before anything of it is believed. */
export type RawTokenAnswer = Readonly<Record<string, unknown>>;

/** A token answer (RFC 6749 §5.1, OIDC Core §3.1.3.3) whose members have the right types. */
export interface TokenAnswer {
  readonly accessToken?: string;
  readonly refreshToken?: string;
  readonly idToken?: string;
  readonly scope?: string;
  /** Seconds. */
  readonly expiresIn?: number;
}

/**
 * Reads a token answer. A member that is null or empty is not there; a life that makes no sense is not stated.
 * @throws VestibuleError `login_rejected` for a member of another type, a token type that is not Bearer, an error
 *   dressed as success, or no access token where one is needed
 */
export function readTokenAnswer(
  raw: RawTokenAnswer,
  { accessTokenOptional }: { readonly accessTokenOptional: boolean },
): TokenAnswer {
  if (!isAbsent(raw['error'])) reject('error');
  const accessToken = member(raw, 'access_token');
  const refreshToken = member(raw, 'refresh_token');
  const idToken = member(raw, 'id_token');
  const expiresIn = lifeOf(raw['expires_in']);
  if (accessToken === undefined && !accessTokenOptional) reject('access_token');
  if (member(raw, 'token_type')?.toLowerCase() !== 'bearer') reject('token_type');
  return {
    ...(accessToken !== undefined && { accessToken }),
    ...(refreshToken !== undefined && { refreshToken }),
    ...(idToken !== undefined && { idToken }),
    ...scopeOf(raw['scope']),
    ...(expiresIn !== undefined && { expiresIn }),
  };
}

/** The tokens of an answer that was refused: what must be revoked, whatever else is wrong with it. */
export function tokensToRevoke(
  raw: RawTokenAnswer,
): Pick<TokenAnswer, 'accessToken' | 'refreshToken'> {
  const text = (name: string): string | undefined => {
    const value = raw[name];
    return typeof value === 'string' && value !== '' && value.length <= MAX_TOKEN
      ? value
      : undefined;
  };
  const [accessToken, refreshToken] = [text('access_token'), text('refresh_token')];
  return {
    ...(accessToken !== undefined && { accessToken }),
    ...(refreshToken !== undefined && { refreshToken }),
  };
}

/**
 * A token answer with absolute times. In a refresh, what the answer leaves out stays as it was
 * (RFC 6749 §6: refresh token and scope; OIDC Core §12.2: ID token).
 */
export function toTokenSet(answer: TokenAnswer, now: number, before?: TokenSet): TokenSet {
  const { accessToken, expiresIn } = answer;
  const { refreshToken, idToken, scope, nonce } = { ...before, ...answer };
  return {
    tokenType: 'Bearer',
    obtainedAt: now,
    ...(accessToken !== undefined && { accessToken }),
    ...(refreshToken !== undefined && { refreshToken }),
    ...(idToken !== undefined && { idToken }),
    ...(scope !== undefined && { scope }),
    ...(nonce !== undefined && { nonce }),
    ...(accessToken !== undefined &&
      expiresIn !== undefined && { accessTokenExpiresAt: now + Math.floor(expiresIn * 1000) }),
    ...(before?.audiences !== undefined && { audiences: before.audiences }),
  };
}

/**
 * A token for one API.
 * @throws VestibuleError `login_rejected` without an access token
 */
export function toAudienceToken(
  { accessToken, expiresIn }: TokenAnswer,
  now: number,
): AudienceToken {
  if (accessToken === undefined) return reject('access_token');
  return {
    accessToken,
    obtainedAt: now,
    ...(expiresIn !== undefined && { accessTokenExpiresAt: now + Math.floor(expiresIn * 1000) }),
  };
}

function reject(what: string): never {
  throw new VestibuleError('login_rejected', { detail: `token answer: ${what}` });
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

function member(raw: RawTokenAnswer, name: string): string | undefined {
  const value = raw[name];
  if (isAbsent(value)) return undefined;
  return typeof value === 'string' && value.length <= MAX_TOKEN ? value : reject(name);
}

/** A text, or a list of texts as some providers have it. Only told, so another shape is none. */
function scopeOf(value: unknown): Pick<TokenAnswer, 'scope'> {
  if (typeof value === 'string') return { scope: value };
  const isList = Array.isArray(value) && value.every((one) => typeof one === 'string');
  return isList ? { scope: value.join(' ') } : {};
}

/** Seconds of life: a number, or digits in a text. Zero, less and endless are no life that could be relied on. */
function lifeOf(value: unknown): number | undefined {
  const seconds = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  if (typeof seconds !== 'number' || !Number.isFinite(seconds) || seconds <= 0) return undefined;
  return Math.min(seconds, MAX_LIFE_S);
}
