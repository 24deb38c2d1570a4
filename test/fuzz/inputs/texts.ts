import * as fc from 'fast-check';
import { PIECES } from './pieces.js';

/** One change of a text: where, by parts of its length, what and how. */
interface Change {
  readonly kind:
    'put' | 'replace' | 'cut' | 'double' | 'repeat' | 'encode' | 'decode' | 'flip' | 'swap';
  readonly at: number;
  readonly length: number;
  readonly piece: string;
}

const LONGEST = 70_000;

const piece: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...PIECES) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 4 }) },
);

const change: fc.Arbitrary<Change> = fc.record({
  kind: fc.constantFrom<Change['kind'][]>(
    ...([
      'put',
      'put',
      'replace',
      'replace',
      'cut',
      'double',
      'repeat',
      'encode',
      'decode',
      'flip',
      'swap',
    ] as const),
  ),
  at: fc.integer({ min: 0, max: 1_000 }),
  length: fc.integer({ min: 1, max: 12 }),
  piece,
});

/** One of some texts with a few changes, or something made of pieces alone. */
export function changed(seeds: readonly string[], most = 4): fc.Arbitrary<string> {
  const near = fc
    .tuple(fc.constantFrom(...seeds), fc.array(change, { maxLength: most }))
    .map(([seed, changes]) => changes.reduce(apply, seed));
  return fc.oneof({ weight: 8, arbitrary: near }, { weight: 1, arbitrary: odd });
}

/** A text of pieces and of anything. */
export const odd: fc.Arbitrary<string> = fc.oneof(
  fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join('')),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({ maxLength: 60 }),
);

function apply(text: string, { kind, at, length, piece: put }: Change): string {
  const from = Math.floor((text.length * at) / 1_000);
  const [before, part, after] = [
    text.slice(0, from),
    text.slice(from, from + length),
    text.slice(from + length),
  ];
  switch (kind) {
    case 'put':
      return `${before}${put}${part}${after}`;
    case 'replace':
      return `${before}${put}${after}`;
    case 'cut':
      return `${before}${after}`;
    case 'double':
      return `${before}${part}${part}${after}`;
    case 'repeat':
      return `${before}${put.repeat(1 + at * length)}${after}`.slice(0, LONGEST);
    case 'encode':
      return `${before}${[...Buffer.from(part)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')}${after}`;
    case 'decode':
      return `${before}${part.replace(/%([0-9a-f]{2})/gi, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))}${after}`;
    case 'flip':
      return `${before}${part.replace(/[a-z]/gi, (one) => (one < 'a' ? one.toLowerCase() : one.toUpperCase()))}${after}`;
    case 'swap':
      return `${after}${part}${before}`;
  }
}
