import type { ProviderProfile } from '../provider-profile.js';

/**
 * Google Identity. `offline_access` is refused there: a refresh token comes with `access_type=offline`, and a
 * second one only with `prompt=consent`; it is not rotated, so it may be sent again. `iss` comes with or without the scheme. A Workspace domain is the claim
 * `hd`, not the part of an address behind the @.
 */
export const google: ProviderProfile = {
  name: 'google',
  label: 'Google',
  clientAuth: ['client_secret_post', 'client_secret_basic', 'none'],
  defaults: {
    issuer: 'https://accounts.google.com',
    tokenIssuers: 'https://accounts.google.com,accounts.google.com',
    clientAuth: 'client_secret_post',
    scope: 'openid profile email',
    authorizationParams: 'access_type=offline,prompt=consent',
    'allow.domainClaim': 'hd',
    refreshGrace: '30d',
  },
};
