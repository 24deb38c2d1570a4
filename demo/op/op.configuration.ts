import type { ClientMetadata, Configuration, JWKS, KoaContextWithOIDC } from 'oidc-provider';
import { logoutPage, messagePage, pageHeaders } from './op.pages.ts';
import type { OpStore } from './op.store.ts';
import type { DemoUser } from './users.ts';

export interface OpSettings {
  readonly store: OpStore;
  readonly jwks: JWKS;
  readonly clients: readonly ClientMetadata[];
  readonly users: readonly DemoUser[];
  /** The audience of the access tokens, and the one resource that is served (RFC 8707). */
  readonly resource: string;
  readonly accessTokenSeconds: number;
  /** They sign the provider's own cookies. */
  readonly cookieKeys: readonly string[];
}

const RESOURCE_SCOPES = 'orders:read orders:write';
const HOUR = 3600;

/** Everything that is asked for is granted: the one client is our own, so there is nothing to consent to. */
async function grantEverything(ctx: KoaContextWithOIDC) {
  const { provider, client, session, requestParamOIDCScopes, requestParamClaims } = ctx.oidc;
  if (client === undefined || session?.accountId === undefined) return undefined;
  // A grant per authorization: revoking one refresh token takes its whole grant, and must not take the
  // next session of the same browser with it.
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope([...requestParamOIDCScopes].join(' '));
  if (requestParamClaims.size > 0) grant.addOIDCClaims([...requestParamClaims]);
  for (const resource of Object.keys(ctx.oidc.resourceServers ?? {})) {
    grant.addResourceScope(resource, RESOURCE_SCOPES);
  }
  await grant.save();
  return grant;
}

function show(ctx: KoaContextWithOIDC, html: string): void {
  ctx.set(pageHeaders);
  ctx.body = html;
}

function features(settings: OpSettings): NonNullable<Configuration['features']> {
  const { resource, accessTokenSeconds } = settings;
  return {
    devInteractions: { enabled: false },
    // Every access token is for the API, so none would open a userinfo endpoint: claims are in the ID token.
    userinfo: { enabled: false },
    backchannelLogout: { enabled: true },
    revocation: {
      enabled: true,
      allowedPolicy: async (_ctx, client, token) => token.clientId === client.clientId,
    },
    introspection: {
      enabled: true,
      allowedPolicy: async (_ctx, client, token) => token.clientId === client.clientId,
    },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: async (ctx, form) =>
        show(ctx, logoutPage(form, ctx.oidc.entities.IdTokenHint !== undefined)),
      postLogoutSuccessSource: async (ctx) =>
        show(ctx, messagePage('You are signed out', ['You may close this window.'])),
    },
    resourceIndicators: {
      enabled: true,
      defaultResource: async () => resource,
      // Without this, an `openid` grant gets an opaque token for the userinfo endpoint instead.
      useGrantedResource: async () => true,
      getResourceServerInfo: async () => ({
        scope: RESOURCE_SCOPES,
        audience: resource,
        accessTokenFormat: 'jwt',
        accessTokenTTL: accessTokenSeconds,
        jwt: { sign: { alg: 'RS256' } },
      }),
    },
  };
}

function accounts(users: readonly DemoUser[]): NonNullable<Configuration['findAccount']> {
  return async (_ctx, sub) => {
    const user = users.find((one) => one.sub === sub);
    if (user === undefined) return undefined;
    const { name, email, groups } = user;
    return {
      accountId: sub,
      claims: async () => ({ sub, name, email, email_verified: true, groups: [...groups] }),
    };
  };
}

/**
 * The configuration of the development OP: JWT access tokens for one API, refresh tokens that rotate
 * at every use, no consent, back-channel and RP-initiated logout.
 */
export function opConfiguration(settings: OpSettings): Configuration {
  return {
    adapter: settings.store.adapter,
    jwks: settings.jwks,
    clients: settings.clients,
    findAccount: accounts(settings.users),
    claims: {
      openid: ['sub', 'sid', 'acr', 'amr', 'auth_time'],
      profile: ['name'],
      email: ['email', 'email_verified'],
      groups: ['groups'],
    },
    scopes: ['openid', 'offline_access', 'profile', 'email', 'groups'],
    // The package follows OIDC Core §5.4 and moves claims to userinfo when there is an access token;
    // most providers leave them in the ID token.
    conformIdTokenClaims: false,
    cookies: { keys: [...settings.cookieKeys] },
    features: features(settings),
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    loadExistingGrant: grantEverything,
    issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    rotateRefreshToken: true,
    // The package binds a token to the newest grant of its session; startOp ends them with the session.
    expiresWithSession: async () => false,
    pkce: { required: () => true },
    clientBasedCORS: () => false,
    renderError: async (ctx, out) =>
      show(ctx, messagePage('That did not work', [out.error, out.error_description ?? ''])),
    // The package refuses to call private addresses; every client of a development OP has one.
    fetch: async (input, init) => {
      const { dispatcher: _guard, ...plain } = { dispatcher: undefined, ...init };
      return fetch(input, plain);
    },
    ttl: {
      AccessToken: settings.accessTokenSeconds,
      AuthorizationCode: 60,
      ClientCredentials: 600,
      IdToken: HOUR,
      RefreshToken: 12 * HOUR,
      Interaction: HOUR,
      Session: 12 * HOUR,
      Grant: 12 * HOUR,
    },
  };
}
