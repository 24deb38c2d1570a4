import { createHmac, timingSafeEqual } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { isToken } from '../crypto/random.js';

const PREFIX = 's:';
/** More cookies of one name than this are not looked at (cookie tossing; ATK-50). */
const MAX_CANDIDATES = 4;

/**
 * Reads the cookie that express-session writes: `s:<id>.<signature>`, percent-encoded, HMAC-SHA256 under one
 * of the secrets. Hot routes read with it; what does not verify is as good as no cookie.
 */
export class SessionCookie {
  private readonly verified = new LRUCache<string, string>({ max: 10_000 });

  constructor(private readonly secrets: readonly string[]) {}

  /** The session ids that the given cookie values prove, in order, without repetition. */
  idsOf(values: readonly string[]): string[] {
    const ids: string[] = [];
    for (const value of values.slice(0, MAX_CANDIDATES)) {
      const id = this.idOf(value);
      if (id !== undefined && !ids.includes(id)) ids.push(id);
    }
    return ids;
  }

  private idOf(value: string): string | undefined {
    const known = this.verified.get(value);
    if (known !== undefined) return known;
    const id = this.verify(value);
    if (id !== undefined) this.verified.set(value, id);
    return id;
  }

  private verify(value: string): string | undefined {
    const text = decode(value);
    if (text === undefined || !text.startsWith(PREFIX)) return undefined;
    const dot = text.lastIndexOf('.');
    const id = text.slice(PREFIX.length, dot);
    if (dot === -1 || !isToken(id)) return undefined;
    const signature = Buffer.from(text.slice(dot + 1));
    return this.secrets.some((secret) => matches(id, secret, signature)) ? id : undefined;
  }
}

function decode(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}

function matches(id: string, secret: string, signature: Buffer): boolean {
  const expected = Buffer.from(
    createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, ''),
  );
  return expected.length === signature.length && timingSafeEqual(expected, signature);
}
