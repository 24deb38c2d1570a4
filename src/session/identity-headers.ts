import type { Json } from '../domain/identity.js';
import type { LiveSession } from '../domain/session.js';

/** The headers by which an API is told who calls; no client can send one of them through. */
export const IDENTITY_HEADERS = [
  'x-auth-subject',
  'x-auth-issuer',
  'x-auth-provider',
  'x-auth-session',
  'x-auth-email',
  'x-auth-name',
  'x-auth-groups',
] as const;

/**
 * Characters of an encoded claim. Servers read some 16 KiB of headers in all, the access token among them, and refuse
 * the whole request for more (ATK-09).
 */
const MAX_CLAIM = 1_024;
const MAX_GROUPS = 4_096;

export type IdentityHeaders = Readonly<Record<(typeof IDENTITY_HEADERS)[number], string>>;

/**
 * Who is there, each header always set: an empty one says that there is no value, where a missing one would let
 * an alias of it through (ATK-05, ATK-07). What is not plain ASCII is percent-encoded, groups are a JSON array,
 * so that no name of a group can look like two. A claim that is too long counts as none: half a list of groups
 * would be a wrong one.
 */
export function identityHeaders(session: LiveSession | undefined): IdentityHeaders {
  const identity = session?.record.identity;
  const claims = identity?.claims ?? {};
  return {
    'x-auth-subject': encoded(identity?.subject),
    'x-auth-issuer': encoded(identity?.issuer),
    'x-auth-provider': encoded(identity?.provider),
    'x-auth-session': encoded(session?.handle),
    'x-auth-email': upTo(MAX_CLAIM, encoded(claims['email'])),
    'x-auth-name': upTo(MAX_CLAIM, encoded(claims['name'])),
    'x-auth-groups': upTo(MAX_GROUPS, groupsOf(claims['groups'])),
  };
}

function upTo(most: number, value: string): string {
  return value.length <= most ? value : '';
}

function encoded(value: Json | undefined): string {
  if (typeof value !== 'string') return '';
  return value.replaceAll(/[^\x21-\x24\x26-\x7e ]|^ | $/gu, (character) =>
    percentEncoded(character),
  );
}

/** UTF-8 in percent-encoding; half a surrogate pair, which JSON may hold, becomes the replacement character. */
function percentEncoded(character: string): string {
  return Buffer.from(character).toString('hex').replaceAll(/../g, '%$&').toUpperCase();
}

function groupsOf(value: Json | undefined): string {
  const groups = [value].flat().filter((group) => typeof group === 'string');
  return groups.length === 0 ? '' : asciiJson(groups);
}

/** JSON of which every character is ASCII (RFC 8259 §7 allows an escape for each). */
function asciiJson(value: readonly string[]): string {
  return JSON.stringify(value).replaceAll(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${(unit.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}
