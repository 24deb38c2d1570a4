import { KeyObject } from 'node:crypto';

/**
 * Freezes a tree of plain objects and arrays. Buffers stay as they are (the language does not let a view of
 * memory be frozen), and so do keys, which remember what was asked of them.
 */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || isOpaque(value)) return value;
  for (const member of Object.values(value)) deepFreeze(member);
  return Object.freeze(value);
}

function isOpaque(value: object): boolean {
  return ArrayBuffer.isView(value) || value instanceof KeyObject;
}
