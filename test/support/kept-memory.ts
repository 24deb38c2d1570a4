import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collectOnce = runInNewContext('gc') as () => void;
/** What has a part outside of V8's heap is gone with the collection after the one that finds it. */
const COLLECTIONS = 3;

export function collect(): void {
  for (let at = 0; at < COLLECTIONS; at += 1) collectOnce();
}

/** More than half of Node's pool, so that the next small piece comes from another one. */
const POOL_PIECE = Math.floor(Buffer.poolSize / 2) - 1;

/** How many bytes of buffers stay for each of many things that are made, when other buffers come and go between them. */
export async function bytesKeptFor(count: number, make: () => unknown): Promise<number> {
  collect();
  const before = process.memoryUsage().arrayBuffers;
  const kept: unknown[] = [];
  while (kept.length < count) {
    Buffer.allocUnsafe(POOL_PIECE);
    kept.push(await make());
  }
  collect();
  return (process.memoryUsage().arrayBuffers - before) / kept.length;
}
