import type { ProviderProfile } from '../provider-profile.js';

/**
 * The issuer of the EU Digital Identity Wallet. Public clients only; `state` belongs into the token request; the
 * answer has no ID token, so the signed access token says who it is (set `identityFrom: id_token` where one is
 * switched on: it has no nonce). Its userinfo endpoint answers 400, and a dead refresh token is `invalid_request`.
 */
export const eudiw: ProviderProfile = {
  name: 'eudiw',
  label: 'EU Digital Identity Wallet',
  clientAuth: ['none'],
  defaults: {
    clientAuth: 'none',
    scope: 'openid',
    tokenRequestState: 'true',
    identityFrom: 'access_token',
    nonce: 'optional',
    idTokenAlg: 'ES256',
    userinfo: 'false',
    deadGrantErrors: 'invalid_grant,invalid_request',
  },
};
