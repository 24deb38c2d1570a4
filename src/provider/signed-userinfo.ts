import { jwtVerify, type JWTVerifyGetKey } from 'jose';

const TOLERANCE_S = 30;

/**
 * Userinfo as a signed JWT (OIDC Core §5.3.2), whose `iss` and `aud` we insist on: without them it might have
 * been made for another client.
 * @throws jose's errors
 */
export async function verifyUserinfo(
  token: string,
  keys: JWTVerifyGetKey,
  expected: {
    readonly issuers: readonly string[];
    readonly clientId: string;
    readonly algorithm: string;
    readonly now: number;
  },
): Promise<Readonly<Record<string, unknown>>> {
  const { payload } = await jwtVerify(token, keys, {
    algorithms: [expected.algorithm],
    clockTolerance: TOLERANCE_S,
    currentDate: new Date(expected.now),
    issuer: [...expected.issuers],
    audience: expected.clientId,
  });
  return payload;
}
