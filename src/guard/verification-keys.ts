import {
  createRemoteJWKSet,
  customFetch,
  errors,
  type FetchImplementation,
  type JWTVerifyGetKey,
} from 'jose';

/** So long a key that is no longer published is believed at most. */
const KEPT_MS = 5 * 60_000;
const TIMEOUT_MS = 3_000;
/** So often an endpoint that fails is asked at most. */
const FAILED_PAUSE_MS = 1_000;

export interface KeySourceOptions {
  readonly jwksUri: string;
  /** Seconds between two requests for the keys, whatever is asked. */
  readonly cooldown: number;
}

/** Nobody knows whether the assertion is good: the keys cannot be read. */
export class KeysUnavailable extends Error {}

/**
 * The keys that Vestibule publishes (RFC 7517 §5): kept five minutes, longer while it does not answer, and asked for
 * again when an assertion names a new one, because a rotation publishes a key before it signs with it.
 * @throws TypeError when `jwksUri` is no URL
 */
export function verificationKeys({ jwksUri, cooldown }: KeySourceOptions): JWTVerifyGetKey {
  const cooldownMs = cooldown * 1_000;
  const published = createRemoteJWKSet(new URL(jwksUri), {
    cacheMaxAge: Infinity,
    cooldownDuration: cooldownMs,
    timeoutDuration: TIMEOUT_MS,
    [customFetch]: pausing(Math.min(cooldownMs, FAILED_PAUSE_MS)),
  });
  let renewAt = 0;
  /** Keys that are there go on while new ones cannot be had: an outage of Vestibule is none of the API. */
  const renew = async (): Promise<void> => {
    const isFirst = published.jwks() === undefined;
    if (!isFirst && performance.now() < renewAt) return;
    renewAt = performance.now() + cooldownMs;
    try {
      await published.reload();
      renewAt = performance.now() + KEPT_MS;
    } catch (error) {
      if (isFirst) throw error;
    }
  };
  return async (header, token) => {
    try {
      await renew();
      return await published(header, token);
    } catch (error) {
      if (isAboutTheToken(error)) throw error;
      throw new KeysUnavailable('the keys of the identity assertion cannot be read', {
        cause: error,
      });
    }
  };
}

/**
 * An endpoint that has answered before and fails is left alone for the pause: jose counts its own pause from the last
 * success, and any stranger could make the API ask with every request. Before its first answer every call asks, so that the
 * API is there as soon as Vestibule is.
 */
function pausing(pauseMs: number): FetchImplementation {
  let failed: { readonly error: unknown; readonly until: number } | undefined;
  let hasAnswered = false;
  const fail = (error: unknown): never => {
    if (hasAnswered) failed = { error, until: performance.now() + pauseMs };
    throw error;
  };
  return async (url, options) => {
    if (failed !== undefined && performance.now() < failed.until) throw failed.error;
    const answer = await fetch(url, options).catch(fail);
    if (!answer.ok) {
      // A body that nobody reads stops Node's client in the middle of it: when the connection then ends, it takes the process along.
      await answer.body?.cancel().catch(() => undefined);
      fail(new KeysUnavailable(`the key endpoint answers ${answer.status}`));
    }
    failed = undefined;
    hasAnswered = true;
    return answer;
  };
}

function isAboutTheToken(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
  );
}
