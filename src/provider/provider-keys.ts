import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import type { ProviderConfig } from '../config/provider-config.types.js';
import type { Clock } from '../domain/clock.js';
import { lasts, type Span } from '../domain/span.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import type { EventLog } from '../logging/event-log.js';
import { errorName, retryAfterIn } from './provider-errors.js';
import type { ProviderFetch } from './provider-fetch.js';

const MAX_AGE_MS = 300_000;
const COOL_DOWN_MS = 60_000;

type Verify<T> = (keys: JWTVerifyGetKey) => Promise<T>;

/**
 * The provider's signing keys (OIDC Core §10.1.1): fetched one at a time, kept for five minutes, kept longer
 * while the endpoint fails. A token that no key verifies leads to one re-fetch, also within a minute of the
 * last regular fetch, and then to none for the cool-down: a flood of unknown keys costs one request a minute.
 */
export class ProviderKeys {
  private current: JWTVerifyGetKey | undefined;
  private fresh: Span | undefined;
  private running: Promise<JWTVerifyGetKey> | undefined;
  private coolDown: Span | undefined;
  private pause: Span | undefined;
  /** While the provider asks to be left alone. */
  private away: Span | undefined;

  constructor(
    private readonly provider: ProviderConfig,
    private readonly request: ProviderFetch,
    private readonly clock: Clock,
    private readonly log: EventLog,
  ) {}

  /** Runs a verification with the keys at hand, and once more with fresh ones when no key fitted. */
  async verifyWith<T>(jwksUri: string, verify: Verify<T>): Promise<T> {
    const [known, isFirst] = [this.current, this.running === undefined];
    const keys = await this.keys(jwksUri);
    try {
      return await verify(keys);
    } catch (error) {
      // Keys that were fetched for this very token are as new as can be.
      const isFresh = isFirst && keys !== known;
      if (isFresh || !mayBeRotation(error)) throw error;
      const fresh = await this.forced(jwksUri);
      if (fresh === undefined || fresh === keys) throw error;
      return verify(fresh);
    }
  }

  private async keys(jwksUri: string): Promise<JWTVerifyGetKey> {
    const now = this.clock.now();
    const { current } = this;
    if (current !== undefined && (lasts(this.fresh, now) || lasts(this.pause, now))) return current;
    return lasts(this.away, now) ? this.atHand() : this.fetchOnce(jwksUri);
  }

  private atHand(): JWTVerifyGetKey {
    if (this.current !== undefined) return this.current;
    throw new VestibuleError('provider_unreachable', { detail: 'keys: asked to come later' });
  }

  private async forced(jwksUri: string): Promise<JWTVerifyGetKey | undefined> {
    if (this.running !== undefined) return this.running;
    const now = this.clock.now();
    if (lasts(this.coolDown, now) || lasts(this.away, now)) return this.current;
    this.coolDown = { since: now, ms: COOL_DOWN_MS };
    return this.fetchOnce(jwksUri);
  }

  private async fetchOnce(jwksUri: string): Promise<JWTVerifyGetKey> {
    this.running ??= this.fetch(jwksUri).finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  private async fetch(jwksUri: string): Promise<JWTVerifyGetKey> {
    try {
      const resolve = createLocalJWKSet(await this.download(jwksUri));
      this.current = resolve;
      this.fresh = { since: this.clock.now(), ms: MAX_AGE_MS };
      this.log.event('provider.keys_fetched', { provider: this.provider.id });
      return resolve;
    } catch (error) {
      this.log.event('provider.keys_failed', {
        provider: this.provider.id,
        cause: errorName(error),
      });
      this.pause = { since: this.clock.now(), ms: COOL_DOWN_MS / 12 };
      if (this.current !== undefined) return this.current;
      throw new VestibuleError('provider_unreachable', { cause: error });
    }
  }

  private async download(jwksUri: string): Promise<JSONWebKeySet> {
    const response = await this.request(jwksUri, {
      headers: { accept: 'application/json, application/jwk-set+json' },
      signal: AbortSignal.timeout(this.provider.timeoutMs),
    });
    const now = this.clock.now();
    const askedMs = response.status === 200 ? 0 : (retryAfterIn(response, now) ?? 0);
    this.away = { since: now, ms: askedMs };
    if (response.status !== 200)
      throw new VestibuleError('provider_unreachable', {
        detail: `keys: status ${response.status}`,
      });
    return (await response.json()) as JSONWebKeySet;
  }
}

/** No key fits, or the key of that name does not verify: the provider may have rotated (same kid included). */
function mayBeRotation(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWSSignatureVerificationFailed
  );
}
