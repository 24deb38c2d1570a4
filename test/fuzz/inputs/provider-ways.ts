import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import type { ProviderConfig } from '../../../src/config/provider-config.types.js';
import { configOf, LOOPBACK_ENV } from '../../support/config-env.js';
import { encryptedTo } from '../../support/lies/token-forgery.js';
import { CLIENT_SECRET } from './tokens.js';

export const ISSUER = 'http://127.0.0.1:4000';
export const ENCRYPTED = 'encrypted';

const agreed = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ofClient = generateKeyPairSync('ed25519').privateKey;

const [base] = configOf({ ...LOOPBACK_ENV, OIDC_ISSUER: ISSUER }).providers;
const { credentials } = base!;
const proven = { ...credentials, secret: CLIENT_SECRET };

/** What providers are configured to do in different ways. */
const WAYS: Readonly<Record<string, Partial<ProviderConfig>>> = {
  id_token: {},
  secret: { idTokenAlg: 'HS256' },
  userinfo: { identityFrom: 'userinfo' },
  access_token: { identityFrom: 'access_token', nonce: 'optional' },
  loose: { nonce: 'optional', pkce: 'none', userinfo: true, responseMode: 'form_post' },
  json: {
    tokenRequest: { format: 'json', state: true, accessTokenOptional: true },
    credentials: { ...proven, basicEncoding: 'raw' },
  },
  strict: {
    allow: {
      domains: ['example.com'],
      emails: [],
      groups: ['staff'],
      claims: [],
      groupsClaim: 'groups',
    },
    userinfo: true,
  },
  [ENCRYPTED]: {
    decryptionKeys: [{ key: other.privateKey }, { key: agreed.privateKey }],
    credentials: { ...proven, method: 'client_secret_post' },
  },
  mutual: {
    userinfo: true,
    resources: ['urn:api'],
    credentials: { ...credentials, method: 'tls_client_auth' },
  },
  keyed: {
    credentials: {
      ...credentials,
      method: 'private_key_jwt',
      keys: [{ key: ofClient, kid: 'c1' }],
      assertionAudience: 'token_endpoint',
    },
  },
  mac: { credentials: { ...proven, method: 'client_secret_jwt' } },
  public: {
    credentials: { ...credentials, method: 'none' },
    logoutUrl: `${ISSUER}/out?a={client_id}&b={state}&c={id_token_hint}&d={unknown}`,
  },
};

/** One provider for each way, which signs as the tokens of the inputs are signed. */
export const providerConfigs: ReadonlyMap<string, ProviderConfig> = new Map(
  Object.entries(WAYS).map(([way, more]) => [
    way,
    { ...base!, idTokenAlg: 'EdDSA', credentials: proven, ...more },
  ]),
);

/** For whom a token is encrypted: nobody, us, us twice, somebody else, or us under a tag that does not fit. */
export const SEALS = ['plain', 'ours', 'twice', 'stranger', 'odd'] as const;
export type Seal = (typeof SEALS)[number];

/** The token, encrypted as the input says (OIDC Core §10.2). */
export async function sealed(token: string, how: Seal): Promise<string> {
  switch (how) {
    case 'plain':
      return token;
    case 'ours':
      return sealedTo(agreed.publicKey.export({ format: 'jwk' }), token);
    case 'twice':
      return sealed(await sealed(token, 'ours'), 'ours');
    case 'stranger':
      return sealedTo(ofNobody.export({ format: 'jwk' }), token);
    case 'odd':
      return (await sealed(token, 'ours')).replace(/\.([^.])([^.]*)$/, withOtherTag);
  }
}

/** Never the tag that was there: one in 256 ends in any two characters. */
function withOtherTag(_all: string, first: string, rest: string): string {
  return `.${first === 'A' ? 'B' : 'A'}${rest}`;
}

const ofNobody = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;

async function sealedTo(key: JsonWebKey, token: string): Promise<string> {
  return encryptedTo(key, token, { alg: 'ECDH-ES', enc: 'A128GCM' });
}
