import type { AllowRules } from '../config/provider-config.types.js';
import { claimAt } from './claim-path.js';

type Claims = Readonly<Record<string, unknown>>;

/**
 * Whether a provider's user may log in: every rule that is there must hold. Domains and addresses are one rule,
 * of which either half is enough. Values are compared whole and byte for byte, but for the case of addresses and
 * domains, which the configuration has in lower case.
 */
export function isAllowed(claims: Claims, rules: AllowRules): boolean {
  return (
    passesAddress(claims, rules) &&
    passesGroups(claims, rules) &&
    rules.claims.every(({ claim, value }) => holds(claims, claim, value))
  );
}

/** What the rules look at: paths of claims. */
export function claimsOfRules(rules: AllowRules): readonly string[] {
  const { domains, emails, domainClaim, groups, groupsClaim, claims } = rules;
  const byAddress = domains.length > 0 || emails.length > 0;
  return [
    ...(byAddress ? ['email', ...(domainClaim === undefined ? [] : [domainClaim])] : []),
    ...(groups.length > 0 ? [groupsClaim] : []),
    ...claims.map(({ claim }) => claim),
  ];
}

function passesGroups(claims: Claims, { groups, groupsClaim }: AllowRules): boolean {
  return groups.length === 0 || groups.some((group) => holds(claims, groupsClaim, group));
}

function passesAddress(claims: Claims, { domains, emails, domainClaim }: AllowRules): boolean {
  if (domains.length === 0 && emails.length === 0) return true;
  const address = verifiedAddress(claims);
  if (address !== undefined && emails.includes(address.whole)) return true;
  if (domainClaim === undefined) return address !== undefined && domains.includes(address.domain);
  const domain = claimAt(claims, domainClaim);
  return typeof domain === 'string' && domains.includes(lowerCase(domain));
}

/** Exactly one @, nothing quoted or unseen, no dot at the end: what could be read in two ways is no address. */
const ADDRESS = /^[^\s\p{C}@"(),:;<>[\\\]]{1,64}@((?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{2,63})$/u;

/** The address that the provider has verified; one that is not verified is anybody's. */
function verifiedAddress({
  email,
  email_verified: verified,
}: Claims): { readonly whole: string; readonly domain: string } | undefined {
  if (typeof email !== 'string' || (verified !== true && verified !== 'true')) return undefined;
  const domain = ADDRESS.exec(email)?.[1];
  return domain === undefined ? undefined : { whole: lowerCase(email), domain: lowerCase(domain) };
}

/** Of ASCII only: beyond it other letters turn into ours, as the Kelvin sign into a k. */
function lowerCase(text: string): string {
  return text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** A claim has the value, or is a list that does. Numbers and booleans are compared as they are written. */
function holds(claims: Claims, path: string, value: string): boolean {
  const found = claimAt(claims, path);
  return [found].flat().some((one) => isScalar(one) && String(one) === value);
}

function isScalar(value: unknown): value is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}
