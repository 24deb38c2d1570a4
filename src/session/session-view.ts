import type { Claims } from '../domain/identity.js';
import type { LiveSession } from '../domain/session.js';

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

export function toSessionView(session: LiveSession, logoutUrl: string): SessionView {
  const { identity, createdAt, absoluteDeadline } = session.record;
  return {
    authenticated: true,
    user: { sub: identity.subject, ...identity.claims },
    provider: identity.provider,
    session_id: session.handle,
    created_at: seconds(createdAt),
    idle_expires_at: seconds(session.idleDeadline),
    absolute_expires_at: seconds(absoluteDeadline),
    ...(session.accessTokenExpiresAt !== undefined && {
      access_token_expires_at: seconds(session.accessTokenExpiresAt),
    }),
    ...(identity.acr !== undefined && { acr: identity.acr }),
    ...(identity.authTime !== undefined && { auth_time: identity.authTime }),
    logout_url: logoutUrl,
  };
}

function seconds(instant: number): number {
  return Math.floor(instant / 1000);
}
