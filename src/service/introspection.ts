import { Injectable } from '@nestjs/common';
import type { Claims } from '../domain/identity.js';
import type { LiveSession } from '../domain/session.js';
import { OwnAssertion } from '../identity/own-assertion.js';
import type { Exchange } from '../http/exchange.js';
import { ProviderRegistry } from '../provider/provider-registry.js';
import { SessionDirectory } from '../session/session-directory.js';
import { SessionReader } from '../session/session-reader.js';

/** Nothing more is said of what is not active: not whether it ever was (RFC 7662 §2.2). */
const INACTIVE = { active: false };

/** Says of a session cookie's value or an identity assertion whether its session lives, and whose it is. */
@Injectable()
export class Introspection {
  constructor(
    private readonly sessions: SessionReader,
    private readonly directory: SessionDirectory,
    private readonly assertions: OwnAssertion,
    private readonly providers: ProviderRegistry,
  ) {}

  /** @throws VestibuleError `store_unavailable`: then nobody knows, and nobody is logged out by it */
  async of(token: string, exchange: Exchange): Promise<object> {
    const reading = await this.sessions.readHandedIn(token, exchange);
    if (reading.kind === 'live') return this.viewOf(reading.session, reading.tokens.tokens.scope);
    return this.ofAssertion(token);
  }

  /** Valid for minutes by itself; asked here it is as good as its session. */
  private async ofAssertion(token: string): Promise<object> {
    const claims = await this.assertions.read(token);
    const handle = claims?.['sid'];
    if (typeof handle !== 'string' || !(await this.directory.isLive(handle))) return INACTIVE;
    return { ...claims, active: true };
  }

  /** Members without a value are left out. */
  private viewOf(session: LiveSession, scope: string | undefined): object {
    const { identity, createdAt, absoluteDeadline } = session.record;
    return {
      active: true,
      iss: identity.issuer,
      sub: identity.subject,
      sid: session.handle,
      provider: identity.provider,
      username: textOf(identity.claims, 'preferred_username') ?? textOf(identity.claims, 'name'),
      email: textOf(identity.claims, 'email'),
      scope,
      acr: identity.acr,
      amr: identity.amr,
      auth_time: identity.authTime,
      exp: Math.floor(Math.min(session.idleDeadline, absoluteDeadline) / 1000),
      iat: Math.floor(createdAt / 1000),
      client_id: this.providers.find(identity.provider)?.config.clientId,
    };
  }
}

function textOf(claims: Claims, name: string): string | undefined {
  const value = claims[name];
  return typeof value === 'string' ? value : undefined;
}
