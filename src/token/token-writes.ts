import { isDeepStrictEqual } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import type { EndReason, LiveSession } from '../domain/session.js';
import type { TokenSet } from '../domain/token-set.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import type { Exchange } from '../http/exchange.js';
import type { TokenRecord } from '../session/record-codec.js';
import type { SessionRecords } from '../session/session-records.js';

/** A session and its tokens as they were read. */
export interface Held {
  readonly session: LiveSession;
  readonly tokens: TokenRecord;
  /** The request that asked for it, for the audit stream. */
  readonly from?: Exchange;
}

export type Written =
  | { readonly kind: 'written'; readonly held: Held }
  /** Somebody else has changed what was to be changed: `tokens` are theirs. */
  | { readonly kind: 'overtaken'; readonly tokens: TokenSet }
  | { readonly kind: 'gone'; readonly reason?: EndReason };

/** Some seconds in all: as long as a store takes to blink or to fail over. */
const PAUSES_MS = [250, 500, 1_000, 2_000] as const;
const ROUNDS = 5;

/**
 * Writes of a token record by the holder of its lock. Tokens that the provider has rotated must not be lost to a
 * store that blinks, nor to somebody who wrote something else beside them meanwhile.
 */
export class TokenWrites {
  constructor(private readonly records: SessionRecords) {}

  /**
   * Replaces the tokens by what `change` makes of them; it is asked again when they are not those of `held` any
   * more, and may answer undefined to leave them. A write whose answer was lost is known by what it wrote.
   * @throws VestibuleError `store_unavailable`
   */
  async change(
    id: string,
    held: Held,
    change: (now: TokenSet) => TokenSet | undefined,
  ): Promise<Written> {
    let at = held;
    for (let round = 0; round < ROUNDS; round += 1) {
      const tokens = change(at.tokens.tokens);
      if (tokens === undefined) break;
      const outcome = await this.persist(() => this.records.replaceTokens(id, at.tokens, tokens));
      if (outcome === 'written')
        return { kind: 'written', held: { ...at, tokens: following(at.tokens, tokens) } };
      const now = await this.persist(() => this.records.readWithTokens(id, { touch: false }));
      if (now.kind === 'anonymous') return gone(now.reason);
      if (isDeepStrictEqual(now.tokens.tokens, tokens))
        return { kind: 'written', held: { ...at, ...now } };
      at = { ...at, ...now };
      if (isNewer(now.tokens.tokens, held.tokens.tokens)) break;
    }
    return { kind: 'overtaken', tokens: at.tokens.tokens };
  }

  /** Tries again while the store does not answer. */
  async persist<T>(attempt: () => Promise<T>): Promise<T> {
    for (const pause of PAUSES_MS) {
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof VestibuleError)) throw error;
        await delay(pause);
      }
    }
    return attempt();
  }
}

/** Whether the one came after the other, from a refresh and not from a note about one. */
export function isNewer(one: TokenSet, other: TokenSet): boolean {
  return (
    one.obtainedAt !== other.obtainedAt ||
    one.accessToken !== other.accessToken ||
    one.refreshToken !== other.refreshToken
  );
}

/** New tokens with the tokens for single APIs that somebody may have got meanwhile: of each the latest. */
export function withAudiencesOf(tokens: TokenSet, now: TokenSet): TokenSet {
  const audiences = { ...now.audiences };
  for (const [key, token] of Object.entries(tokens.audiences ?? {})) {
    const known = audiences[key];
    if (known === undefined || known.obtainedAt <= token.obtainedAt) audiences[key] = token;
  }
  return Object.keys(audiences).length === 0 ? tokens : { ...tokens, audiences };
}

function following({ counter }: TokenRecord, tokens: TokenSet): TokenRecord {
  return { counter: counter + 1n, tokens };
}

function gone(reason: EndReason | undefined): Written {
  return reason === undefined ? { kind: 'gone' } : { kind: 'gone', reason };
}
