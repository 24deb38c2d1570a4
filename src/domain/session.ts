import type { Identity } from './identity.js';

/** Why a session ended; told to nobody but the holder of its cookie. */
export const END_REASONS = [
  'logout',
  'backchannel',
  'revoked',
  'replaced',
  'idle',
  'absolute',
  'provider',
  'refresh_failed',
  'refresh_lost',
] as const;
export type EndReason = (typeof END_REASONS)[number];

export function isEndReason(value: string): value is EndReason {
  return (END_REASONS as readonly string[]).includes(value);
}

/** The sealed content of an identity record. Instants are epoch milliseconds. */
export interface SessionRecord {
  readonly identity: Identity;
  readonly createdAt: number;
  /** The earlier of the configured absolute limit and the provider's own ceiling. */
  readonly absoluteDeadline: number;
  /** Whose limit the absolute deadline is. */
  readonly limitedBy: 'absolute' | 'provider';
}

/** What a reader knows of a live session after one store command. */
export interface LiveSession {
  /** Counts the writes of the identity record; whoever writes the next one must have seen this one. */
  readonly counter: bigint;
  /** The public handle (`session_id`); authenticates nothing. */
  readonly handle: string;
  readonly record: SessionRecord;
  readonly idleDeadline: number;
  /** Absent where the provider did not say how long the access token lives. */
  readonly accessTokenExpiresAt?: number;
}

/** The outcome of looking for a session by its cookie. */
export type SessionReading =
  | { readonly kind: 'live'; readonly session: LiveSession }
  | { readonly kind: 'anonymous'; readonly reason?: EndReason };
