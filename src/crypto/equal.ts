import { timingSafeEqual } from 'node:crypto';

/** Compares two texts in a time that does not tell how much of them agrees; only the length is told. */
export function equalText(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
