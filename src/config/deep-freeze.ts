/**
 * Freezes a tree of plain objects and arrays. Buffers stay as they are: the language does not let
 * a view of memory be frozen.
 */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  for (const member of Object.values(value)) deepFreeze(member);
  return Object.freeze(value);
}
