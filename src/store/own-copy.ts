/**
 * A copy with memory of its own, for bytes that are kept. What Node allocates below 32 KiB is a piece of a pool of 64 KiB,
 * and one piece that is kept keeps the whole pool.
 */
export function ownCopy(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
