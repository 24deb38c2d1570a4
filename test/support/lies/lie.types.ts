import type { SigningKey, ReadToken, TokenClaims } from '../signing-key.js';

/** Something that is not true, and the rows of the conformance and attack catalogues that forbid to believe it. */
export interface Lie<Tell> {
  readonly rows: readonly string[];
  readonly lie: string;
  readonly tell: Tell;
}

/** A true token that is about to be falsified, and all that a liar may know. */
export interface TokenTruth extends ReadToken {
  /** Signs as the provider does for this client. */
  readonly sign: (claims: TokenClaims, header?: Readonly<Record<string, unknown>>) => string;
  /** The access token of the same answer; the whole answer of the provider is at hand in `answer`. */
  readonly accessToken: string;
  readonly answer: Readonly<Record<string, unknown>>;
  /** Seconds since 1970, by the clock of the product. */
  readonly now: number;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Keys that the provider publishes. */
  readonly published: readonly SigningKey[];
  /** A key that it does not publish; somebody else does, at `strangerUrl`. */
  readonly stranger: SigningKey;
  readonly strangerUrl: string;
  /** The token of an earlier login of the same person. */
  readonly earlier: string;
}

/** What goes out in a token's place; undefined leaves it out. */
export type TellToken = (truth: TokenTruth) => string | undefined | Promise<string | undefined>;

export interface TokenLie extends Lie<TellToken> {
  /** What the person asked for at `/login`. */
  readonly query?: Readonly<Record<string, string>>;
  /** Where it can be told at all: where tokens are signed with a published key, or with the client's secret. */
  readonly only?: 'published' | 'secret';
}
