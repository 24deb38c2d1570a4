import { createSecretKey, randomUUID, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import {
  ClientSecretPost,
  None,
  TlsClientAuth,
  type ClientAuth,
  type ServerMetadata,
} from 'openid-client';
import type { ClientCredentials, PrivateJwk } from '../config/provider-config.types.js';
import { signatureAlgorithmsOf } from '../config/values/private-keys.js';
import type { Clock } from '../domain/clock.js';

const ASSERTION_LIFE_S = 60;

/** How we authenticate at the token endpoint (RFC 6749 §2.3, OIDC Core §9, RFC 8705 §2.1). */
export function clientAuthentication(credentials: ClientCredentials, clock: Clock): ClientAuth {
  const { method, secret = '', keys } = credentials;
  switch (method) {
    case 'client_secret_basic':
      return clientSecretBasic(secret, credentials.basicEncoding);
    case 'client_secret_post':
      return ClientSecretPost(secret);
    case 'client_secret_jwt':
      return clientAssertion({ key: createSecretKey(secret, 'utf8') }, credentials, clock);
    case 'private_key_jwt': {
      const [key] = keys;
      // The configuration's rules have seen to it.
      if (key === undefined) throw new RangeError('private_key_jwt without a key');
      return clientAssertion(key, credentials, clock);
    }
    case 'tls_client_auth':
      return TlsClientAuth();
    case 'none':
      return None();
    default: {
      const unknown: never = method;
      return unknown;
    }
  }
}

/**
 * Basic with both parts form-urlencoded first (RFC 6749 §2.3.1), exactly as
 * `application/x-www-form-urlencoded` does it, which leaves `* - . _` alone. openid-client's own encodes
 * these as well and is then refused by providers that compare without decoding.
 */
function clientSecretBasic(secret: string, encoding: 'form' | 'raw'): ClientAuth {
  const encode = encoding === 'form' ? formEncode : (value: string) => value;
  return (_server, client, _body, headers) => {
    const credentials = `${encode(client.client_id)}:${encode(secret)}`;
    headers.set('authorization', `Basic ${Buffer.from(credentials).toString('base64')}`);
  };
}

function formEncode(value: string): string {
  return new URLSearchParams({ v: value }).toString().slice('v='.length);
}

/**
 * A client assertion (RFC 7523 §3, OIDC Core §9): a minute of life, a `jti` of its own, one audience. The issuer
 * is that audience unless configured otherwise: a token endpoint's address can be another server's as well.
 */
function clientAssertion(
  { key, kid, alg }: PrivateJwk,
  { assertionAlg, assertionAudience }: ClientCredentials,
  clock: Clock,
): ClientAuth {
  const header = {
    alg: assertionAlg ?? alg ?? algorithmFor(key),
    ...(kid !== undefined && { kid }),
  };
  // openid-client waits for it, as for its own; only its type says that nothing is returned.
  const prove: (...given: Parameters<ClientAuth>) => unknown = async (server, client, body) => {
    const now = Math.floor(clock.now() / 1000);
    const assertion = await new SignJWT({ jti: randomUUID() })
      .setProtectedHeader(header)
      .setIssuer(client.client_id)
      .setSubject(client.client_id)
      .setAudience(audienceOf(server, assertionAudience))
      .setIssuedAt(now)
      .setExpirationTime(now + ASSERTION_LIFE_S)
      .sign(key);
    body.set('client_id', client.client_id);
    body.set('client_assertion', assertion);
    body.set('client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer');
  };
  return prove;
}

function audienceOf(server: ServerMetadata, audience: 'issuer' | 'token_endpoint'): string {
  return audience === 'issuer' ? server.issuer : (server.token_endpoint ?? server.issuer);
}

/** The configuration's rules have seen to it that the key can sign. */
function algorithmFor(key: KeyObject): string {
  return key.type === 'secret' ? 'HS256' : (signatureAlgorithmsOf({ key })[0] ?? 'RS256');
}
