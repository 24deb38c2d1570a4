import { Inject, Injectable } from '@nestjs/common';
import { SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';
import { AssertionConfig, ClaimsConfig } from '../config/config.types.js';
import { Clock } from '../domain/clock.js';
import type { Claims, Json } from '../domain/identity.js';
import type { LiveSession } from '../domain/session.js';
import { PublicUrl } from '../http/public-url.js';
import { AssertionKeys } from './assertion-keys.js';

export const ASSERTION_TYPE = 'identity+jwt';

const REMEMBERED = 10_000;
/** Characters of a claim as JSON: an assertion goes into a header, and servers read some 16 KiB of those. */
const MAX_CLAIMS = 4_096;

export interface IssuedAssertion {
  readonly jwt: string;
  /** Of the session's record: whoever wrote it anew may have written other claims. */
  readonly counter: bigint;
  /** Epoch milliseconds: half of its life must be left for whoever gets it. */
  readonly reusableUntil: number;
}

/** The signed word of who is there: a JWT (RFC 7519) for one audience, good for a few minutes. */
@Injectable()
export class IdentityAssertion {
  private readonly issued = new LRUCache<string, IssuedAssertion>({ max: REMEMBERED });
  readonly issuer: string;

  constructor(
    private readonly keys: AssertionKeys,
    @Inject(AssertionConfig) private readonly config: AssertionConfig,
    @Inject(ClaimsConfig) private readonly claims: ClaimsConfig,
    @Inject(Clock) private readonly clock: Clock,
    urls: PublicUrl,
  ) {
    this.issuer = urls.absolute('');
  }

  /** The assertion for one API. The same one is given again while half of its life is left. */
  async of(session: LiveSession, audience: string): Promise<IssuedAssertion> {
    const known = this.issued.get(nameOf(session, audience));
    return known !== undefined && this.isGood(known, session)
      ? known
      : this.issue(session, audience);
  }

  /** Whether one that was given for this session may be given again. */
  isGood({ counter, reusableUntil }: IssuedAssertion, session: LiveSession): boolean {
    return counter === session.counter && reusableUntil > this.clock.now();
  }

  private async issue(session: LiveSession, audience: string): Promise<IssuedAssertion> {
    const now = this.clock.now();
    // None outlives its session.
    const end = Math.min(now + this.config.lifetimeMs, session.record.absoluteDeadline);
    const jwt = await this.sign(session, audience, now, end);
    const issued = { jwt, counter: session.counter, reusableUntil: now + (end - now) / 2 };
    this.issued.set(nameOf(session, audience), issued);
    return issued;
  }

  private async sign(
    { handle, record }: LiveSession,
    audience: string,
    now: number,
    end: number,
  ): Promise<string> {
    const { identity } = record;
    const { kid, algorithm, privateKey } = await this.keys.signing;
    return new SignJWT({
      ...this.told(identity.claims),
      sid: handle,
      provider: identity.provider,
      idp_iss: identity.issuer,
      ...(identity.authTime !== undefined && { auth_time: identity.authTime }),
      ...(identity.acr !== undefined && { acr: identity.acr }),
      ...(identity.amr !== undefined && { amr: [...identity.amr] }),
    })
      .setProtectedHeader({ typ: ASSERTION_TYPE, alg: algorithm, kid })
      .setIssuer(this.issuer)
      .setSubject(identity.subject)
      .setAudience(audience)
      .setIssuedAt(Math.floor(now / 1000))
      .setExpirationTime(Math.floor(end / 1000))
      .sign(privateKey);
  }

  /** The configured claims. One that is too long counts as none: half a list would be a wrong one. */
  private told(claims: Claims): Record<string, Json> {
    const told: Record<string, Json> = {};
    for (const { name, source } of this.claims.assertion) {
      const value = claims[source];
      if (value !== undefined && JSON.stringify(value).length <= MAX_CLAIMS) told[name] = value;
    }
    return told;
  }
}

function nameOf({ handle }: LiveSession, audience: string): string {
  return `${handle} ${audience}`;
}
