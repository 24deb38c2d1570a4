import { decodeJwt, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import { VestibuleError } from '../errors/vestibule.error.js';

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const TOLERANCE_S = 30;
/** Where a provider states no expiry, the token may be this old (Back-Channel Logout §4 recommends two minutes). */
const MAX_AGE_S = 120;
/** Whatever its expiry says: older than this it might be a replay that nobody remembers (LogoutMarks, one hour). */
const MAX_REMEMBERED_S = 3_000;
const MAX_ID = 255;

export interface LogoutTokenExpectation {
  /** What `iss` may be, byte for byte. */
  readonly issuers: readonly string[];
  /** Under which name the provider's users are kept, whatever `iss` said. */
  readonly issuer: string;
  readonly clientId: string;
  readonly algorithm: string;
  readonly now: number;
}

/** What a valid logout token says: whose sessions end. */
export interface LogoutOrder {
  readonly issuer: string;
  readonly subject?: string;
  readonly providerSessionId?: string;
  readonly tokenId: string;
}

/**
 * Validates a logout token (Back-Channel Logout 1.0 §2.6, its steps in order): signature and algorithm as for
 * an ID token; iss, aud, iat, exp; sub or sid; the event; no nonce; jti.
 * @throws VestibuleError `logout_token_rejected`; jose's errors for signature and registered claims
 */
export async function verifyLogoutToken(
  token: string,
  keys: JWTVerifyGetKey,
  expected: LogoutTokenExpectation,
): Promise<LogoutOrder> {
  const { payload, protectedHeader } = await jwtVerify(token, keys, {
    algorithms: [expected.algorithm],
    issuer: [...expected.issuers],
    audience: expected.clientId,
    clockTolerance: TOLERANCE_S,
    currentDate: new Date(expected.now),
    requiredClaims: ['iss', 'aud', 'iat', 'jti'],
  });
  checkType(protectedHeader.typ);
  checkAge(payload, expected.now);
  checkEvent(payload);
  if (payload['nonce'] !== undefined) reject('nonce');
  return toOrder(payload, expected.issuer);
}

/** Issuer and audience that a token names, before anything of it is verified; undefined for what is no JWT. */
export function claimedParties(
  token: string,
): { readonly issuer: unknown; readonly audience: readonly unknown[] } | undefined {
  try {
    const { iss, aud } = decodeJwt(token);
    return { issuer: iss, audience: [aud].flat() };
  } catch {
    // Not even the shape of a JWT.
    return undefined;
  }
}

function reject(what: string): never {
  throw new VestibuleError('logout_token_rejected', { detail: `logout token: ${what}` });
}

/** Providers send `logout+jwt`, `JWT` or nothing (§2.4); an access token's type is a confusion of tokens. */
function checkType(type: string | undefined): void {
  const plain = type?.toLowerCase().replace(/^application\//, '');
  if (plain !== undefined && plain !== 'logout+jwt' && plain !== 'jwt') reject('typ');
}

function checkAge({ iat = 0, exp }: JWTPayload, now: number): void {
  const seconds = now / 1000;
  if (iat > seconds + TOLERANCE_S) reject('iat (clock?)');
  const oldest = exp === undefined ? MAX_AGE_S + TOLERANCE_S : MAX_REMEMBERED_S;
  if (iat < seconds - oldest) reject('iat (clock?)');
}

/** The event's value must be an object (§2.4); an ID token has none, which keeps the two apart. */
function checkEvent({ events }: JWTPayload): void {
  if (typeof events !== 'object' || events === null || !Object.hasOwn(events, EVENT))
    reject('events');
  const event: unknown = Reflect.get(events, EVENT);
  if (typeof event !== 'object' || event === null || Array.isArray(event)) reject('events');
}

function toOrder({ sub, sid, jti }: JWTPayload, issuer: string): LogoutOrder {
  const subject = identifier(sub, 'sub');
  const providerSessionId = identifier(sid, 'sid');
  if (subject === undefined && providerSessionId === undefined) reject('neither sub nor sid');
  const tokenId = identifier(jti, 'jti') ?? reject('jti');
  return {
    issuer,
    tokenId,
    ...(subject !== undefined && { subject }),
    ...(providerSessionId !== undefined && { providerSessionId }),
  };
}

function identifier(value: unknown, name: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  const limit = name === 'sid' ? 2_048 : MAX_ID;
  return typeof value === 'string' && value !== '' && value.length <= limit ? value : reject(name);
}
