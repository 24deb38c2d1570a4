import { Inject, Injectable } from '@nestjs/common';
import { ClaimsConfig } from '../config/config.types.js';
import type { Claims } from '../domain/identity.js';
import type { LiveSession, SessionRecord } from '../domain/session.js';
import { PublicUrl } from '../http/public-url.js';
import { LogoutToken } from './logout-token.js';

/** What a page learns of its session; built member by member, so that nothing else can slip in. Instants are epoch seconds. */
export interface SessionView {
  readonly authenticated: true;
  readonly user: Claims;
  readonly provider: string;
  readonly session_id: string;
  readonly created_at: number;
  readonly idle_expires_at: number;
  readonly absolute_expires_at: number;
  readonly access_token_expires_at?: number;
  readonly acr?: string;
  readonly auth_time?: number;
  readonly logout_url: string;
}

/** What moves while a session lives. */
type Moving = Pick<SessionView, 'idle_expires_at' | 'access_token_expires_at'>;

/** The views of sessions as JSON. What does not change is written once for each record that was opened. */
@Injectable()
export class SessionViews {
  private readonly lasting = new WeakMap<SessionRecord, string>();

  constructor(
    private readonly logoutToken: LogoutToken,
    private readonly urls: PublicUrl,
    @Inject(ClaimsConfig) private readonly claims: Pick<ClaimsConfig, 'page'>,
  ) {}

  /** JSON of a `SessionView`; `id` is the session's own. */
  of(session: LiveSession, id: string): string {
    const moving = JSON.stringify(movingOf(session));
    return `${this.lastingOf(session, id).slice(0, -1)},${moving.slice(1)}`;
  }

  private lastingOf(session: LiveSession, id: string): string {
    const known = this.lasting.get(session.record);
    if (known !== undefined) return known;
    const token = this.logoutToken.forId(id);
    const logoutUrl = this.urls.path('/logout', { token });
    const { claims } = session.record.identity;
    const written = JSON.stringify(lastingOf(session, this.shown(claims), logoutUrl));
    this.lasting.set(session.record, written);
    return written;
  }

  /** The claims that a page may see. */
  private shown(claims: Claims): Claims {
    const { page } = this.claims;
    if (page === undefined) return claims;
    return Object.fromEntries(Object.entries(claims).filter(([name]) => page.includes(name)));
  }
}

function movingOf({ idleDeadline, accessTokenExpiresAt }: LiveSession): Moving {
  return {
    idle_expires_at: seconds(idleDeadline),
    ...(accessTokenExpiresAt !== undefined && {
      access_token_expires_at: seconds(accessTokenExpiresAt),
    }),
  };
}

function lastingOf(
  session: LiveSession,
  claims: Claims,
  logoutUrl: string,
): Omit<SessionView, keyof Moving> {
  const { identity, createdAt, absoluteDeadline } = session.record;
  return {
    authenticated: true,
    user: { sub: identity.subject, ...claims },
    provider: identity.provider,
    session_id: session.handle,
    created_at: seconds(createdAt),
    absolute_expires_at: seconds(absoluteDeadline),
    ...(identity.acr !== undefined && { acr: identity.acr }),
    ...(identity.authTime !== undefined && { auth_time: identity.authTime }),
    logout_url: logoutUrl,
  };
}

function seconds(instant: number): number {
  return Math.floor(instant / 1000);
}
