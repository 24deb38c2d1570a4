import type { ProviderProfile } from '../provider-profile.js';

/**
 * Huawei Cloud OneAccess, on the tenant's own domain. Credentials in the form only; PKCE is not documented: the
 * nonce binds the code. The scope is fixed, and userinfo has no `sub`. The signature algorithm is chosen per
 * application. Logging out is an address of its own. The metadata document, where the console shows one, comes
 * with `discovery: true` and `discoveryUrl`.
 */
export const oneaccess: ProviderProfile = {
  name: 'oneaccess',
  label: 'OneAccess',
  clientAuth: ['client_secret_post'],
  defaults: {
    discovery: 'false',
    'endpoints.authorization': '/api/v1/oauth2/authorize',
    'endpoints.token': '/api/v1/oauth2/token',
    'endpoints.userinfo': '/api/v1/oauth2/userinfo',
    'endpoints.jwks': '/api/v1/oauth2/keys',
    clientAuth: 'client_secret_post',
    scope: 'openid',
    userinfo: 'false',
    pkce: 'none',
    logoutUrl: '/api/v1/logout?redirect_url={post_logout_redirect_uri}',
  },
};
