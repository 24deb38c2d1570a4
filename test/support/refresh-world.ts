import type { TokenConfig } from '../../src/config/config.types.js';
import type { TokenSet } from '../../src/domain/token-set.js';
import type { RefreshOutcome } from '../../src/provider/provider-client.js';
import type { TokenFailure } from '../../src/provider/provider-errors.js';
import { VestibuleError } from '../../src/errors/vestibule.error.js';
import type { ProviderRegistry } from '../../src/provider/provider-registry.js';
import type { StoreKey } from '../../src/store/store.port.js';
import { RefreshBackOff } from '../../src/token/refresh-back-off.js';
import { SessionRenewal } from '../../src/token/session-renewal.js';
import { TokenRefresher } from '../../src/token/token-refresher.js';
import type { Held } from '../../src/token/token-writes.js';
import { MINUTE, sessionWorld, tokenSet } from './session-fixtures.js';

const CONFIG: TokenConfig = { leewayMs: 30_000, aheadMs: 0, lockMs: 15_000, waitMs: 10_000 };

/** A provider that answers when told, and notes what it was asked. */
export class FakeProvider {
  readonly config: { readonly id: string; readonly refreshGraceMs: number };
  readonly asked: TokenSet[] = [];
  readonly revoked: TokenSet[] = [];
  /** Whether its metadata are known. */
  known = true;

  constructor(
    public answer: (tokens: TokenSet) => RefreshOutcome | Promise<RefreshOutcome>,
    refreshGraceMs: number,
  ) {
    this.config = { id: 'generic', refreshGraceMs };
  }

  fails(failure: TokenFailure, retryAfterMs?: number): void {
    this.answer = () => ({
      kind: 'failed',
      failure,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    });
  }

  async refresh(tokens: TokenSet): Promise<RefreshOutcome> {
    this.asked.push(tokens);
    return this.answer(tokens);
  }

  async warmUp(): Promise<void> {}

  async revoke(tokens: TokenSet): Promise<void> {
    this.revoked.push(tokens);
  }
}

/** Sessions in memory whose tokens are looked after by as many instances as a test wants. */
export function refreshWorld() {
  const world = sessionWorld();
  const renewed = (more: Partial<TokenSet> = {}): TokenSet =>
    tokenSet({
      accessToken: 'renewed',
      accessTokenExpiresAt: world.clock.now() + 5 * MINUTE,
      ...more,
    });
  return {
    ...world,
    renewed,
    endingIn: (ms: number): TokenSet => tokenSet({ accessTokenExpiresAt: world.clock.now() + ms }),
    provider: ({ refreshGraceMs = 0 }: { readonly refreshGraceMs?: number } = {}): FakeProvider =>
      new FakeProvider(() => ({ kind: 'refreshed', tokens: renewed() }), refreshGraceMs),
    away: (): VestibuleError => new VestibuleError('store_unavailable'),
    keyOf: (id: string): StoreKey => world.records.credentials.of(id).storeKey,
    /** Another call makes another instance: it shares the store with the first, and nothing else. */
    refresherOf: (
      provider: FakeProvider | undefined,
      more: Partial<TokenConfig> = {},
      backOff = new RefreshBackOff(world.clock),
    ): TokenRefresher => {
      const providers = { find: () => provider } as unknown as ProviderRegistry;
      const renewal = new SessionRenewal(
        world.records,
        providers,
        backOff,
        world.clock,
        world.log,
        world.audit,
      );
      return new TokenRefresher(world.records, renewal, world.store, world.clock, {
        ...CONFIG,
        ...more,
      });
    },
    held: async (id: string): Promise<Held> => {
      const reading = await world.records.readWithTokens(id, { touch: false });
      if (reading.kind !== 'live') throw new Error('no session');
      return reading;
    },
  };
}
