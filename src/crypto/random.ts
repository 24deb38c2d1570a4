import { randomBytes } from 'node:crypto';

/** 256 random bits as 43 characters of base64url: session ids, states, nonces, verifiers (RFC 7636 §4.1). */
export function randomToken(): string {
  return randomBytes(32).toString('base64url');
}

const TOKEN = /^[A-Za-z0-9_-]{43}$/;

/** True for strings of the shape that `randomToken` makes: everything else is refused before the store is asked. */
export function isToken(value: string): boolean {
  return TOKEN.test(value);
}
