import { createHmac } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { SessionConfig } from '../config/config.types.js';
import { equalText } from '../crypto/equal.js';
import { KeyRing } from '../crypto/key-ring.js';
import { randomToken } from '../crypto/random.js';
import type { Exchange } from '../http/exchange.js';
import { BrowserBinding } from './browser-binding.js';

/** The `state` of a logout request (RP-Initiated Logout §2): signed for one browser instead of kept. */
@Injectable()
export class LogoutState {
  private readonly keys: readonly [string, ...string[]];

  constructor(
    private readonly binding: BrowserBinding,
    @Inject(SessionConfig) session: SessionConfig,
  ) {
    this.keys = new KeyRing(session.keys).deriveSecrets('logout-state');
  }

  create(exchange: Exchange): string {
    const nonce = randomToken();
    return `${nonce}.${this.sign(this.keys[0], nonce, exchange)}`;
  }

  /** True when it is this browser's own logout that comes back. */
  isOwn(exchange: Exchange, state: string | undefined): boolean {
    const [nonce, signature] = state?.split('.') ?? [];
    if (nonce === undefined || signature === undefined) return false;
    return this.keys.some((key) => equalText(signature, this.sign(key, nonce, exchange)));
  }

  private sign(key: string, nonce: string, exchange: Exchange): string {
    return createHmac('sha256', key)
      .update(`${nonce}.${this.binding.of(exchange) ?? ''}`)
      .digest('base64url');
  }
}
