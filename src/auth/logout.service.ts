import { Inject, Injectable } from '@nestjs/common';
import { LoginConfig } from '../config/config.types.js';
import type { Exchange } from '../http/exchange.js';
import { PublicUrl } from '../http/public-url.js';
import { ProviderRegistry } from '../provider/provider-registry.js';
import { SessionLifecycle } from '../session/session-lifecycle.js';
import { SessionReader, type TokensOnRequest } from '../session/session-reader.js';
import { LogoutState } from './logout-state.js';

type Held = Extract<TokensOnRequest, { kind: 'live' }>;

/** Ends sessions, here first and then at the provider (RP-Initiated Logout 1.0). */
@Injectable()
export class LogoutService {
  constructor(
    private readonly sessions: SessionReader,
    private readonly lifecycle: SessionLifecycle,
    private readonly providers: ProviderRegistry,
    private readonly state: LogoutState,
    private readonly urls: PublicUrl,
    @Inject(LoginConfig) private readonly config: LoginConfig,
  ) {}

  /**
   * Ends the session of the request and tells where the browser goes next. Without a session it succeeds as
   * well: logging out twice is no error.
   * @throws VestibuleError `store_unavailable`; then the session is still there, and so is the cookie
   */
  async logOut(exchange: Exchange): Promise<string> {
    const held = await this.sessions.readWithTokens(exchange);
    if (held.kind === 'anonymous' || held.id === undefined) return this.done(exchange);
    await this.lifecycle.end(exchange, { id: held.id, session: held.session });
    this.revokeLater(held);
    return (await this.atProvider(exchange, held)) ?? this.done(exchange);
  }

  private done(exchange: Exchange): string {
    return this.urls.path('/logout/done', { state: this.state.create(exchange) });
  }

  /** Revocation follows the answer; the provider's time limit bounds it. */
  private revokeLater(held: Held): void {
    void this.providers.find(held.session.record.identity.provider)?.revoke(held.tokens.tokens);
  }

  private async atProvider(exchange: Exchange, held: Held): Promise<string | undefined> {
    const { idToken } = held.tokens.tokens;
    const provider = this.providers.find(held.session.record.identity.provider);
    const request = {
      postLogoutRedirectUri: this.urls.absolute('/logout/done'),
      state: this.state.create(exchange),
      ...(this.config.idTokenHint && idToken !== undefined && { idToken }),
    };
    // A provider that does not answer must not keep anybody logged in here: the local logout stands.
    return provider?.endSessionUrl(request).catch(() => undefined);
  }
}
