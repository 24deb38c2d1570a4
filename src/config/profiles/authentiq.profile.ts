import type { ProviderProfile } from '../provider-profile.js';

/**
 * Authentiq Connect. No metadata document; an issuer that ends in a slash; ID and logout tokens signed with the
 * client secret unless the registration says otherwise; no refresh; a token answer may lack the access token.
 * PKCE is not documented: the nonce binds the code (RFC 9700 §2.1.1).
 */
export const authentiq: ProviderProfile = {
  name: 'authentiq',
  label: 'Authentiq',
  clientAuth: ['client_secret_basic', 'client_secret_post'],
  defaults: {
    issuer: 'https://connect.authentiq.io/',
    discovery: 'false',
    'endpoints.authorization': '/authorize',
    'endpoints.token': '/token',
    'endpoints.userinfo': '/userinfo',
    clientAuth: 'client_secret_basic',
    idTokenAlg: 'HS256',
    pkce: 'none',
    accessToken: 'optional',
  },
};
