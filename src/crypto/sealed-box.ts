import { createCipheriv, createDecipheriv, randomBytes, type KeyObject } from 'node:crypto';
import type { KeyRing } from './key-ring.js';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Finds the key of one record for a kid of the ring; undefined for a kid that left the ring. */
export type KeyForKid = (kid: string) => KeyObject | undefined;

/**
 * AES-256-GCM with a random nonce. Layout: kid length (1 byte), kid, nonce (12), ciphertext, tag (16).
 * `aad` binds the ciphertext to its place: store key, purpose and format version.
 */
export function seal(kid: string, key: KeyObject, aad: string, plaintext: Buffer | string): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(aad));
  const kidBytes = Buffer.from(kid);
  return Buffer.concat([
    Buffer.of(kidBytes.length),
    kidBytes,
    nonce,
    typeof plaintext === 'string' ? cipher.update(plaintext, 'utf8') : cipher.update(plaintext),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
}

/** The plaintext, or undefined for whatever does not open: truncated, foreign, moved, altered, unknown key. */
export function open(keyForKid: KeyForKid, aad: string, box: Buffer): Buffer | undefined {
  const kidLength = box[0];
  if (kidLength === undefined) return undefined;
  const nonceAt = 1 + kidLength;
  const dataAt = nonceAt + NONCE_BYTES;
  const tagAt = box.length - TAG_BYTES;
  if (tagAt < dataAt) return undefined;
  const key = keyForKid(box.toString('latin1', 1, nonceAt));
  if (key === undefined) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', key, box.subarray(nonceAt, dataAt));
  decipher.setAAD(Buffer.from(aad));
  decipher.setAuthTag(box.subarray(tagAt));
  const head = decipher.update(box.subarray(dataAt, tagAt));
  try {
    const tail = decipher.final();
    return tail.length === 0 ? head : Buffer.concat([head, tail]);
  } catch {
    // A tag that does not match is the expected answer to a forged or foreign record.
    return undefined;
  }
}

/** Seals with the ring's first key, derived for one purpose and context. */
export function sealWith(
  ring: KeyRing,
  info: readonly string[],
  aad: string,
  plaintext: Buffer | string,
): Buffer {
  const key = ring.derive(ring.sealingKid, ...info);
  if (key === undefined) throw new RangeError('the sealing key is not in the ring');
  return seal(ring.sealingKid, key, aad, plaintext);
}

/** Opens with whichever key of the ring sealed the box. */
export function openWith(
  ring: KeyRing,
  info: readonly string[],
  aad: string,
  box: Buffer,
): Buffer | undefined {
  return open((kid) => ring.derive(kid, ...info), aad, box);
}
