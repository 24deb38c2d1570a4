type Claims = Readonly<Record<string, unknown>>;

/**
 * What a provider says of a user, by its proof of who it is and by userinfo: the proof wins, and a null hides
 * nothing. `email_verified` is about the address beside it: one source's word must not make another's address
 * pass as verified.
 */
export function mergeClaims(proof: Claims, userinfo: Claims): Claims {
  const sources = [withoutNulls(proof), withoutNulls(userinfo)] as const;
  const { email_verified: _either, ...merged }: Claims = { ...sources[1], ...sources[0] };
  const verified = sources
    .filter(({ email }) => email === merged['email'])
    .map((source) => source['email_verified'])
    .find((one) => one !== undefined);
  return verified === undefined ? merged : { ...merged, email_verified: verified };
}

function withoutNulls(claims: Claims): Claims {
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== null));
}
