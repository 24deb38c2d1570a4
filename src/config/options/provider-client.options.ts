import { optional, withDefault } from '../option.js';
import { CLIENT_AUTH_METHODS, SIGNATURE_ALGORITHMS } from '../provider-config.types.js';
import { choice, line } from '../values/basic-values.js';
import { certificates } from '../values/certificates.js';
import { privateKeys } from '../values/private-keys.js';
import { secretOf } from '../values/value-type.js';

/** Of a provider entry: how Vestibule proves itself there. */
export const providerClientOptions = {
  clientSecret: optional({
    key: 'clientSecret',
    env: 'OIDC_CLIENT_SECRET',
    type: secretOf(line),
    otherwise: 'needed by the `client_secret_…` methods and by HS256',
    doc: 'The secret that goes with the client id.',
  }),
  clientAuth: withDefault({
    key: 'clientAuth',
    env: 'OIDC_CLIENT_AUTH',
    type: choice(...CLIENT_AUTH_METHODS),
    default: 'client_secret_basic',
    doc: 'How Vestibule proves itself at the token endpoint. The default is what providers must support (RFC 6749 §2.3.1); `private_key_jwt` and `tls_client_auth` send no secret at all; `none` relies on PKCE alone.',
  }),
  basicEncoding: withDefault({
    key: 'basicEncoding',
    env: 'OIDC_BASIC_ENCODING',
    type: choice('form', 'raw'),
    default: 'form',
    doc: 'How id and secret are written for `client_secret_basic`: form-urlencoded as RFC 6749 §2.3.1 says, or raw for providers that do not decode them.',
  }),
  clientKeys: optional({
    key: 'clientKey',
    env: 'OIDC_CLIENT_KEY',
    type: privateKeys,
    otherwise: 'needed by `private_key_jwt` and `tls_client_auth`',
    doc: 'The private key of this client. The first of a JWK Set signs: to rotate, register the new public key, then put the new key in front.',
  }),
  clientKeyId: optional({
    key: 'clientKeyId',
    env: 'OIDC_CLIENT_KEY_ID',
    type: line,
    otherwise: "the key's own `kid`",
    doc: 'The `kid` that assertions name, for a PEM, which has none.',
  }),
  assertionAlg: optional({
    key: 'assertionAlg',
    env: 'OIDC_ASSERTION_ALG',
    type: choice(...SIGNATURE_ALGORITHMS),
    otherwise: 'what suits the key (RS256, ES256, EdDSA), HS256 with a secret',
    doc: 'Algorithm of the assertions of `private_key_jwt` and `client_secret_jwt`.',
  }),
  assertionAudience: withDefault({
    key: 'assertionAudience',
    env: 'OIDC_ASSERTION_AUDIENCE',
    type: choice('issuer', 'token_endpoint'),
    default: 'issuer',
    doc: 'What assertions name as their audience. The issuer cannot be confused with that of another server; older providers want their token endpoint.',
  }),
  clientCertificate: optional({
    key: 'clientCert',
    env: 'OIDC_CLIENT_CERT',
    type: certificates,
    otherwise: 'needed by `tls_client_auth`',
    doc: 'The certificate of this client, PEM, its chain behind it (RFC 8705); its key is `OIDC_CLIENT_KEY`.',
  }),
};
