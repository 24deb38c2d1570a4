import { createECDH, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { calculateJwkThumbprint, exportJWK, type JWK } from 'jose';
import { AssertionConfig, SessionConfig } from '../config/config.types.js';
import { KeyRing } from '../crypto/key-ring.js';

type Algorithm = AssertionConfig['algorithm'];

export interface SigningKey {
  readonly kid: string;
  readonly algorithm: Algorithm;
  readonly privateKey: KeyObject;
}

/** RFC 8410 §7: what stands before the 32 bytes of an Ed25519 key in PKCS #8. */
const ED25519_PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

/**
 * The keys of the identity assertion: given, or derived from the server keys, so that all replicas have the same and
 * none is ever stored. The first one signs, all are published: a rotation overlaps.
 */
@Injectable()
export class AssertionKeys {
  /** All keys, the signing one first, in public. */
  readonly published: Promise<{ readonly keys: readonly JWK[] }>;
  readonly signing: Promise<SigningKey>;

  constructor(
    @Inject(AssertionConfig) { algorithm, keys }: AssertionConfig,
    @Inject(SessionConfig) session: SessionConfig,
  ) {
    const privateKeys = keys?.map(({ key }) => key) ?? derive(new KeyRing(session.keys), algorithm);
    const jwks = privateKeys.map((key) => toPublicJwk(key, algorithm));
    this.published = Promise.all(jwks).then((all) => ({ keys: all }));
    const [privateKey] = privateKeys;
    if (privateKey === undefined) throw new RangeError('an assertion needs a key that signs it');
    this.signing = toPublicJwk(privateKey, algorithm).then(({ kid }) => ({
      kid,
      algorithm,
      privateKey,
    }));
  }
}

/** The key's name follows from the key itself (RFC 7638): another key never goes by the name of an earlier one. */
async function toPublicJwk(
  privateKey: KeyObject,
  algorithm: Algorithm,
): Promise<JWK & { readonly kid: string }> {
  const jwk = await exportJWK(createPublicKey(privateKey));
  return { ...jwk, kid: await calculateJwkThumbprint(jwk), alg: algorithm, use: 'sig' };
}

function derive(ring: KeyRing, algorithm: Algorithm): readonly KeyObject[] {
  return ring.kids.map((kid) => {
    const secret = ring.derive(kid, 'assertion', algorithm)?.export();
    if (secret === undefined) throw new RangeError('a kid of the ring is not in the ring');
    return algorithm === 'EdDSA' ? ed25519Key(secret) : p256Key(secret);
  });
}

function ed25519Key(seed: Buffer): KeyObject {
  return createPrivateKey({
    key: Buffer.concat([ED25519_PKCS8, seed]),
    format: 'der',
    type: 'pkcs8',
  });
}

/** 256 random bits are a private key of P-256 but for one case in 2^32, which `setPrivateKey` refuses. */
function p256Key(secret: Buffer): KeyObject {
  const curve = createECDH('prime256v1');
  curve.setPrivateKey(secret);
  const point = curve.getPublicKey();
  const part = (from: number, to: number): string => point.subarray(from, to).toString('base64url');
  return createPrivateKey({
    key: {
      kty: 'EC',
      crv: 'P-256',
      x: part(1, 33),
      y: part(33, 65),
      d: secret.toString('base64url'),
    },
    format: 'jwk',
  });
}
