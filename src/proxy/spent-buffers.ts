import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Bytes of bodies after which the young garbage is looked through. */
export const EVERY_BYTES = 16 * 1_048_576;

/**
 * What is read from a socket lies outside of V8's heap, and V8 lets some 64 MiB of it pile up before it looks for
 * garbage: a big body costs next to no heap. Looking through the young part takes a millisecond and frees all of it.
 */
export class SpentBuffers {
  private passed = 0;

  constructor(private readonly collect: () => void) {}

  /** Call with the size of each piece of a body that was handed on. */
  add(bytes: number): void {
    this.passed += bytes;
    if (this.passed < EVERY_BYTES) return;
    this.passed = 0;
    this.collect();
  }
}

type Collector = (options: { readonly type: 'minor'; readonly execution: 'sync' }) => void;
let collector: Collector | undefined;

/** A context that is made after this flag was set has the collector as a function. */
function collectYoung(): void {
  if (collector === undefined) {
    setFlagsFromString('--expose-gc');
    collector = runInNewContext('gc') as Collector;
  }
  collector({ type: 'minor', execution: 'sync' });
}

/** Of all bodies of this process. */
export const spentBuffers = new SpentBuffers(collectYoung);
