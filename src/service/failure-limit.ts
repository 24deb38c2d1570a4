import { Injectable } from '@nestjs/common';
import { RateLimiterMemory } from 'rate-limiter-flexible';

const MOST = 10;
const WINDOW_S = 60;

/**
 * Counts failed proofs for each service and peer together: whoever guesses is slowed down, and nobody can lock a
 * service out from another address. What names no service of ours is counted for the peer.
 */
@Injectable()
export class FailureLimit {
  private readonly failures = new RateLimiterMemory({ points: MOST, duration: WINDOW_S });

  /** Seconds until the next attempt is looked at; 0 while it may be made. */
  async waitSeconds(service: string | undefined, peer: string): Promise<number> {
    const failed = await this.failures.get(keyOf(service, peer));
    if (failed === null || failed.consumedPoints < MOST || failed.msBeforeNext <= 0) return 0;
    return Math.ceil(failed.msBeforeNext / 1000);
  }

  async failed(service: string | undefined, peer: string): Promise<void> {
    await this.failures.penalty(keyOf(service, peer));
  }
}

/** No id of a service has a space in it. */
function keyOf(service: string | undefined, peer: string): string {
  return `${service ?? ''} ${peer}`;
}
