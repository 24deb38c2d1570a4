import type { StoreKey } from '../store.port.js';

/** The keys of one session, all in one Cluster slot by the hash tag. */
export interface SessionKeys {
  readonly identity: string;
  readonly tokens: string;
  readonly device: string;
  readonly tombstone: string;
  readonly lock: string;
}

/**
 * Every key shape in one place. The prefix is put in here and not by ioredis' `keyPrefix`, which SCAN
 * patterns and scripts that build keys would miss (K-27). It must hold no brace: the first brace pair of a
 * key is its hash tag (K-23).
 */
export class RedisKeys {
  constructor(private readonly prefix: string) {}

  session(key: StoreKey): SessionKeys {
    const stem = this.stem(key);
    return {
      identity: `${stem}i`,
      tokens: `${stem}t`,
      device: `${stem}d`,
      tombstone: `${stem}x`,
      lock: `${stem}l`,
    };
  }

  /** The one of them that is asked for most. */
  identity(key: StoreKey): string {
    return `${this.stem(key)}i`;
  }

  /** One hash holds all login transactions of a browser, so that each step on them is one script. */
  transactions(browser: string): string {
    return `${this.prefix}l:{${browser}}`;
  }

  /** A sorted set: member is a browser with logins under way, score the instant of its last one. */
  get browsers(): string {
    return `${this.prefix}browsers`;
  }

  /** A sorted set: member is the store key, score the instant after which it may be pruned. */
  index(name: string): string {
    return `${this.prefix}x:${name}`;
  }
  /** A logout that came from the provider; one key for each name. */
  logoutMark(name: string): string {
    return `${this.prefix}m:${name}`;
  }

  /** A logout token that was seen before. */
  remembered(name: string): string {
    return `${this.prefix}r:${name}`;
  }

  /** How often a network did something; the name is a keyed hash. */
  counter(name: string): string {
    return `${this.prefix}c:${name}`;
  }

  /** The one channel of signals. Channels know no database numbers: the prefix keeps applications apart. */
  get channel(): string {
    return `${this.prefix}signals`;
  }

  /** Never written: a question about it shows whether keys can be asked for. */
  get probe(): string {
    return `${this.prefix}probe`;
  }

  private stem(key: StoreKey): string {
    return `${this.prefix}s:{${key}}:`;
  }
}
