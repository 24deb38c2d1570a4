import { Inject, Injectable } from '@nestjs/common';
import { createLocalJWKSet, errors, jwtVerify, type JWTPayload } from 'jose';
import { AssertionConfig } from '../config/config.types.js';
import { Clock } from '../domain/clock.js';
import { AssertionKeys } from './assertion-keys.js';
import { ASSERTION_TYPE, IdentityAssertion } from './identity-assertion.js';

/** Reads the identity assertions that we have given away, whoever hands them in. */
@Injectable()
export class OwnAssertion {
  /** Made once: it imports a key when a token first names it. */
  private readonly keys: Promise<ReturnType<typeof createLocalJWKSet>>;

  constructor(
    keys: AssertionKeys,
    @Inject(AssertionConfig) private readonly config: AssertionConfig,
    private readonly assertions: IdentityAssertion,
    @Inject(Clock) private readonly clock: Clock,
  ) {
    this.keys = keys.published.then((published) =>
      createLocalJWKSet({ keys: [...published.keys] }),
    );
  }

  /** The claims of one of ours that has not run out; undefined for everything else (RFC 8725 §3.1, §3.11). */
  async read(token: string): Promise<JWTPayload | undefined> {
    try {
      const { payload } = await jwtVerify(token, await this.keys, {
        algorithms: [this.config.algorithm],
        typ: ASSERTION_TYPE,
        issuer: this.assertions.issuer,
        requiredClaims: ['sub', 'aud', 'sid', 'iat', 'exp'],
        currentDate: new Date(this.clock.now()),
      });
      return payload;
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined;
      throw error;
    }
  }
}
