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

interface Written {
  readonly text: string;
  readonly idleDeadline: number;
  readonly accessTokenExpiresAt: number | undefined;
}

/** The views of sessions as JSON, each written once for a record that was opened and the instants that go with it. */
@Injectable()
export class SessionViews {
  private readonly written = new WeakMap<SessionRecord, Written>();

  constructor(
    private readonly logoutToken: LogoutToken,
    private readonly urls: PublicUrl,
    @Inject(ClaimsConfig) private readonly claims: Pick<ClaimsConfig, 'page'>,
  ) {}

  /** JSON of a `SessionView`; `id` is the session's own. */
  of(session: LiveSession, id: string): string {
    const { record, idleDeadline, accessTokenExpiresAt } = session;
    const known = this.written.get(record);
    if (known?.idleDeadline === idleDeadline && known.accessTokenExpiresAt === accessTokenExpiresAt)
      return known.text;
    const logoutUrl = this.urls.path('/logout', { token: this.logoutToken.forId(id) });
    const text = JSON.stringify(viewOf(session, this.shown(record.identity.claims), logoutUrl));
    this.written.set(record, { text, idleDeadline, accessTokenExpiresAt });
    return text;
  }

  /** The claims that a page may see. */
  private shown(claims: Claims): Claims {
    const { page } = this.claims;
    if (page === undefined) return claims;
    return Object.fromEntries(Object.entries(claims).filter(([name]) => page.includes(name)));
  }
}

function viewOf(
  { record, handle, idleDeadline, accessTokenExpiresAt }: LiveSession,
  claims: Claims,
  logoutUrl: string,
): SessionView {
  const { identity, createdAt, absoluteDeadline } = record;
  return {
    authenticated: true,
    user: { sub: identity.subject, ...claims },
    provider: identity.provider,
    session_id: handle,
    created_at: seconds(createdAt),
    idle_expires_at: seconds(idleDeadline),
    absolute_expires_at: seconds(absoluteDeadline),
    ...(accessTokenExpiresAt !== undefined && {
      access_token_expires_at: seconds(accessTokenExpiresAt),
    }),
    ...(identity.acr !== undefined && { acr: identity.acr }),
    ...(identity.authTime !== undefined && { auth_time: identity.authTime }),
    logout_url: logoutUrl,
  };
}

function seconds(instant: number): number {
  return Math.floor(instant / 1000);
}
