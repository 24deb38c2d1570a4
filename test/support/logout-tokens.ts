import { randomUUID } from 'node:crypto';
import { jsonOf, type Hop } from './http-exchange.js';
import { PATHS } from './op-host.js';
import { readToken, type TokenClaims } from './signing-key.js';
import { CLIENT_ID, type Stage } from './stage.js';

export const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const LIFE_S = 120;

/** Tells the provider where the product takes logouts; from then on its ID tokens name their session. */
export function registerForLogouts(stage: Stage): void {
  stage.op.register({
    clientId: CLIENT_ID,
    clientSecret: stage.clientSecret,
    publicUrl: stage.bff.url(''),
    more: {
      backchannel_logout_uri: stage.url('/backchannel-logout'),
      backchannel_logout_session_required: true,
    },
  });
}

/** The claims of the ID token that the provider issued last. */
export function lastIdToken(stage: Stage): TokenClaims {
  const answer = stage.op.callsOf(PATHS.token).at(-1)?.answer ?? { body: '{}' };
  return readToken(String(jsonOf(answer)['id_token'])).claims;
}

/** Claims as a provider puts them into a logout token; undefined takes one away. */
export function logoutClaims(stage: Stage, more: TokenClaims = {}): TokenClaims {
  const now = Math.floor(stage.clock.now() / 1000);
  return {
    iss: stage.op.issuer,
    aud: CLIENT_ID,
    iat: now,
    exp: now + LIFE_S,
    jti: randomUUID(),
    events: { [LOGOUT_EVENT]: {} },
    ...more,
  };
}

/** A logout token of the stage's provider. */
export function logoutToken(stage: Stage, more: TokenClaims = {}): string {
  return stage.op.key.sign(logoutClaims(stage, more), { typ: 'logout+jwt' });
}

/** The provider calls. */
export function sendLogout(
  stage: Stage,
  token: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Hop> {
  return stage.send(stage.url('/backchannel-logout'), {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams({ logout_token: token }).toString(),
  });
}
