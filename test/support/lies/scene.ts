import type { BffHost } from '../bff-host.js';
import { newProviderKey } from '../emulators/provider-key.js';
import type { Hop } from '../http-exchange.js';
import type { Answer } from '../op-host.js';
import type { ShiftedClock } from '../shifted-clock.js';
import { newSigningKey, type ReadToken, type SigningKey } from '../signing-key.js';
import type { UserAgent } from '../user-agent.js';
import type { TellToken } from './lie.types.js';

/** What a provider is asked for, by the names of the table. */
export type Asked =
  'discovery' | 'authorize' | 'token' | 'keys' | 'userinfo' | 'revoke' | 'endSession' | 'other';

export interface AskedCall {
  readonly what: Asked;
  readonly body: string;
  readonly answer: Answer;
}

export type Query = Readonly<Record<string, string>>;

/** Keys stay good for five minutes; an unknown one leads to a fetch once a minute. */
const KEYS_LIVE_MS = 300_000;
const COOL_DOWN_MS = 61_000;

export const STRANGER = newSigningKey('stranger');
const EC_STRANGER = newProviderKey('ES256', 'stranger');

/** A key of the kind that the provider's tokens are signed with, which nobody knows. */
export function strangerTo({ header }: ReadToken): SigningKey {
  return header['alg'] === 'ES256' ? EC_STRANGER : STRANGER;
}

/** The product in front of a provider that can be made to lie, with time going on between two lies. */
export abstract class Scene {
  /** Who lies, for the table. */
  abstract readonly teller: string;
  private lastTruth = Number.NEGATIVE_INFINITY;

  abstract get clock(): ShiftedClock;
  abstract get bff(): BffHost;
  /** Whether tokens are signed with a key that the provider publishes, or with the client's secret. */
  abstract get signedWith(): 'published' | 'secret';
  abstract person(): UserAgent;
  abstract logIn(person: UserAgent, query?: Query): Promise<Hop>;
  /** Everything that the provider was asked, in order. */
  abstract asked(): readonly AskedCall[];
  /** From now on another token goes out in place of the one that says who logs in. */
  abstract tellToken(tell: TellToken): void;
  /** Tells the truth again. */
  abstract behave(): void;
  abstract close(): Promise<void>;

  /** For a scene of one test: `await using scene = await OpScene.open()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  session(person: UserAgent): Promise<Hop> {
    return person.fetch(this.bff.url('/session'), { csrf: false });
  }

  /**
   * Before each lie: the provider tells the truth, its keys are known and may be fetched again. Once in a while
   * somebody logs in truly, which shows that it is the lie that is refused.
   */
  async settle(): Promise<void> {
    this.behave();
    const keysAge = this.clock.now() - this.lastTruth + COOL_DOWN_MS;
    if (keysAge >= KEYS_LIVE_MS) {
      this.clock.advance(KEYS_LIVE_MS + 1);
      await this.member();
      this.lastTruth = this.clock.now();
    }
    this.clock.advance(COOL_DOWN_MS);
  }

  /** A person who is logged in by the truth. */
  async member(): Promise<UserAgent> {
    const person = this.person();
    const page = await this.logIn(person);
    if ((await this.session(person)).status !== 200)
      throw new Error(`the truth was refused: ${page.status} ${page.body.slice(0, 500)}`);
    return person;
  }
}
