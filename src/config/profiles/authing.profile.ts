import type { ProviderProfile } from '../provider-profile.js';

/**
 * Authing. ID and logout tokens are signed with the client secret until the console is switched to RS256 (then
 * set `idTokenAlg`); their `iss` may differ from the metadata's (then set `tokenIssuers`). A refresh token needs
 * `offline_access` and `prompt=consent`. Logging out is `session/end`; `logoutUrl` takes the older address.
 */
export const authing: ProviderProfile = {
  name: 'authing',
  label: 'Authing',
  clientAuth: ['client_secret_post', 'client_secret_basic', 'none'],
  defaults: {
    clientAuth: 'client_secret_post',
    scope: 'openid profile email offline_access',
    authorizationParams: 'prompt=consent',
    idTokenAlg: 'HS256',
  },
};
