import { createSecretKey, type KeyObject } from 'node:crypto';
import { expand, expandKey } from './kdf.js';

/** One server key as configured: `kid:base64url`, 256 bits. */
export interface ServerKey {
  readonly kid: string;
  readonly secret: Buffer;
}

/** The ring of server keys: the first one seals, all of them open. */
export class KeyRing {
  private readonly keys: ReadonlyMap<string, KeyObject>;
  readonly sealingKid: string;

  constructor(keys: readonly ServerKey[]) {
    const [first] = keys;
    if (first === undefined) throw new RangeError('a key ring needs at least one key');
    this.sealingKid = first.kid;
    this.keys = new Map(keys.map((key) => [key.kid, createSecretKey(key.secret)]));
  }

  get kids(): readonly string[] {
    return [...this.keys.keys()];
  }

  /** The key for one purpose and context, or undefined when the kid is not in the ring. */
  derive(kid: string, ...info: readonly string[]): KeyObject | undefined {
    const key = this.keys.get(kid);
    return key === undefined ? undefined : expandKey(key, ...info);
  }

  /** Text secrets for one purpose, sealing key first: what libraries want that take a list of secrets. */
  deriveSecrets(purpose: string): [string, ...string[]] {
    const secret = (key: KeyObject): string => expand(key, purpose).toString('base64url');
    const [first, ...others] = this.keys.values();
    if (first === undefined) throw new RangeError('a key ring needs at least one key');
    return [secret(first), ...others.map(secret)];
  }
}
