import type { TokenClaims } from '../signing-key.js';

/** What a scope brings (OIDC Core §5.4). */
const OF_SCOPE: Readonly<Record<string, readonly string[]>> = {
  profile: [
    'name',
    'given_name',
    'family_name',
    'middle_name',
    'nickname',
    'preferred_username',
    'profile',
    'picture',
    'website',
    'gender',
    'birthdate',
    'zoneinfo',
    'locale',
    'updated_at',
  ],
  email: ['email', 'email_verified'],
  phone: ['phone_number', 'phone_number_verified'],
  address: ['address'],
};

export const ALICE: TokenClaims = {
  sub: 'alice',
  name: 'Alice Archer',
  given_name: 'Alice',
  family_name: 'Archer',
  preferred_username: 'alice',
  email: 'alice@example.com',
  email_verified: true,
  picture: 'https://images.example.com/alice.png',
  locale: 'en',
};

/** Names of the claims that a scope brings, `sub` not among them. */
export function claimNamesOfScope(scope: string): string[] {
  return scope.split(' ').flatMap((part) => OF_SCOPE[part] ?? []);
}

/** `sub` and the claims of a scope; `more` are names that come with any scope. */
export function claimsOfScope(
  user: TokenClaims,
  scope: string,
  more: readonly string[] = [],
): TokenClaims {
  const names = claimNamesOfScope(scope);
  return Object.fromEntries(
    ['sub', ...names, ...more].filter((name) => name in user).map((name) => [name, user[name]]),
  );
}
