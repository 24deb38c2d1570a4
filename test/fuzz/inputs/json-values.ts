import * as fc from 'fast-check';
import { odd } from './texts.js';

export type JsonObject = Readonly<Record<string, unknown>>;

/** Values that a JSON document may have where another one was expected. */
export const anyJson: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown[]>(
    null,
    true,
    false,
    0,
    -1,
    1,
    1.5,
    1e-9,
    1e11,
    1e15,
    2 ** 53,
    1e300,
    -1e300,
    '',
    ' ',
    '0',
    'true',
    [],
    {},
    [[]],
    [null],
    [''],
    { length: 1 },
    { toString: 'x' },
    { 0: 'a' },
    ['a', 1, null],
  ),
  odd,
  fc.integer(),
  fc
    .double({ noNaN: true, noDefaultInfinity: true })
    .map((value) => (Object.is(value, -0) ? 0 : value)),
  fc.array(odd, { maxLength: 4 }),
  fc.dictionary(odd, fc.oneof(odd, fc.constant(null), fc.integer()), { maxKeys: 3 }),
  fc.integer({ min: 1, max: 60 }).map((depth) => nested(depth)),
  fc.integer({ min: 200, max: 40_000 }).map((length) => 'y'.repeat(length)),
);

function nested(depth: number): unknown {
  let value: unknown = 'deep';
  for (let count = 0; count < depth; count += 1) value = count % 2 === 0 ? [value] : { a: value };
  return value;
}

/**
 * An object near a good one: members taken out, put in, or given another value. `others` are values that are worth
 * trying under a name.
 */
export function changedObject(
  good: JsonObject,
  others: Readonly<Record<string, readonly unknown[]>> = {},
): fc.Arbitrary<JsonObject> {
  const names = [...new Set([...Object.keys(good), ...Object.keys(others)])];
  const one = fc.constantFrom(...names).chain((name) => {
    const known = others[name] ?? [];
    return fc.tuple(
      fc.constant(name),
      fc.oneof(
        ...(known.length === 0
          ? []
          : [{ weight: 4, arbitrary: fc.constantFrom(...known).map((value) => ({ value })) }]),
        { weight: 2, arbitrary: anyJson.map((value) => ({ value })) },
        { weight: 1, arbitrary: fc.constant({}) },
      ),
    );
  });
  const stranger = fc.tuple(
    odd,
    anyJson.map((value) => ({ value })),
  );
  return fc
    .array(fc.oneof({ weight: 9, arbitrary: one }, { weight: 1, arbitrary: stranger }), {
      maxLength: 4,
    })
    .map((changes) => {
      const members = new Map(Object.entries(good));
      for (const [name, to] of changes) {
        if ('value' in to) members.set(name, to.value);
        else members.delete(name);
      }
      return Object.fromEntries(members);
    });
}
