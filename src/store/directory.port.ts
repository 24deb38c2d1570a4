import type { StoreKey } from './store-key.js';

export interface IndexBatch {
  readonly members: readonly StoreKey[];
  /** Where to go on; undefined is the end. */
  readonly next: string | undefined;
}

/** What can be told of a session without its cookie. */
export interface DeviceView {
  readonly device: Buffer;
  /** The first `HEAD.identityBytes` of the identity record. */
  readonly head: Buffer;
}

/** Finding, listing and ending sessions without their cookies. Both drivers pass the contract suite. */
export interface SessionDirectoryStore {
  /**
   * Members of an index in batches of about `count`, without blocking the store. Every member that is there
   * during the whole walk comes at least once, whatever is added or removed meanwhile; one may come twice, and
   * one may name a session that is gone. `cursor` undefined starts.
   */
  scanIndex(index: string, cursor: string | undefined, count: number): Promise<IndexBatch>;
  /** Takes members out of an index: orphans, or sessions that ended. */
  removeFromIndex(index: string, members: readonly StoreKey[]): Promise<void>;
  /** Both parts in one step; undefined when the session is not there. */
  readDevice(key: StoreKey): Promise<DeviceView | undefined>;
  /**
   * Ends many sessions, as `end` does each, and lets the store answer others in between. Tells how many were
   * there. When it throws, some have ended and some have not: ending all of them again is harmless.
   */
  endMany(keys: readonly StoreKey[], reason: string, tombstoneMs: number): Promise<number>;
}

/**
 * Marks of logouts that came from the provider, for logins that are under way: a login writes its session, then
 * looks whether its subject or provider session was logged out meanwhile. Names are the caller's choice; what
 * would tell a reader of the store something must be hashed before it becomes one.
 */
export interface LogoutMarkStore {
  /** `instant`: epoch milliseconds of the logout; the latest one stays, and so does the longest life. */
  markLogout(names: readonly string[], instant: number, lifeMs: number): Promise<void>;
  /** The instants, in the order of the names. */
  readLogoutMarks(names: readonly string[]): Promise<readonly (number | undefined)[]>;
  /** True while the name is remembered (`jti` of a logout token, Back-Channel Logout 1.0 §2.6). */
  isRemembered(name: string): Promise<boolean>;
  remember(name: string, lifeMs: number): Promise<void>;
}

export type SessionSignal =
  | { readonly kind: 'ended'; readonly key: StoreKey; readonly reason: string }
  | { readonly kind: 'renewed'; readonly key: StoreKey };

/** Neither function may throw: nobody is there to catch it. */
export interface SignalListener {
  onSignal(signal: SessionSignal): void;
  /**
   * Signals may have been missed until now: the connection was away, or it has only just been made for the
   * first time. Whoever must not miss an end looks at the store again.
   */
  onGap(): void;
}

/**
 * Tells all replicas what happened to a session, this process included. `end` and `endMany` tell by themselves,
 * in the same step as the deletion and only when the session was there. Best effort: a signal is a hint to look,
 * never a proof, because whoever may write to the store may send one. Signals may overtake each other.
 */
export interface SessionSignals {
  /** @throws VestibuleError `store_unavailable` */
  publishRenewed(key: StoreKey): Promise<void>;
  /** Never fails: where the store is away, listening begins when it is back. Returns how to stop. */
  listen(listener: SignalListener): () => void;
}
