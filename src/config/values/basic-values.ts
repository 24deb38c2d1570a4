import { z } from 'zod';
import { accept, readValue, refuse, valueType, type Judged, type ValueType } from './value-type.js';

/** Text of one form. `label` follows 'must be'. */
export function text(label: string, pattern: RegExp, remedy: string): ValueType<string> {
  return valueType({
    label,
    remedy,
    input: z.string(),
    judge: (given) => (pattern.test(given) ? accept(given) : refuse(`must be ${label}`)),
  });
}

/** Printable ASCII on one line, 1 to 2,000 characters. */
export const line = text(
  'one line of printable characters',
  /^[\x20-\x7e]{1,2000}$/,
  'remove line breaks and control characters',
);

/** One of a few words. */
export function choice<const T extends string>(...words: readonly T[]): ValueType<T> {
  const label = `one of ${words.join(', ')}`;
  const type = valueType({
    label,
    remedy: `write ${label}`,
    input: z.enum(words),
    judge: (given) => accept(given),
  });
  return { ...type, words };
}

/** `true` or `false`. */
export const flag: ValueType<boolean> = valueType({
  label: 'true or false',
  remedy: 'write true or false',
  input: z.union([z.boolean(), z.enum(['true', 'false'])]),
  judge: (given) => accept(given === true || given === 'true'),
});

/** A whole number within bounds. */
export function integer(min: number, max: number): ValueType<number> {
  const label = `a whole number from ${min} to ${max}`;
  return valueType({
    label,
    remedy: `write ${label}`,
    input: z.union([z.number(), z.string()]),
    judge: (given): Judged<number> => {
      const digits = String(given).trim();
      const value = /^\d{1,9}$/.test(digits) ? Number(digits) : Number.NaN;
      return value >= min && value <= max ? accept(value) : refuse(`must be ${label}`);
    },
  });
}

const AUTO = 'auto';

/** A whole number from 1 on, or `auto`: as many as the machine has processors for this process. */
export function countOrAuto(max: number): ValueType<number | typeof AUTO> {
  const label = `a whole number from 1 to ${max}, or ${AUTO}`;
  const count = integer(1, max);
  return valueType({
    label,
    remedy: `write ${label}`,
    input: z.union([z.number(), z.string()]),
    judge: (given): Judged<number | typeof AUTO> => {
      if (given === AUTO) return accept(AUTO);
      const judged = readValue(count, given);
      return judged.kind === 'value' ? judged : refuse(`must be ${label}`);
    },
  });
}

/** Port 0 lets the system choose one. */
export const port = integer(0, 65_535);

/**
 * A list: comma-separated text, or a sequence in the file. Every entry must be right, none twice; `nameOf` says
 * what makes two entries the same, where that is not the whole text.
 */
export function list<T>(
  label: string,
  entry: ValueType<T>,
  nameOf?: (value: T) => string,
): ValueType<readonly T[]> {
  return valueType({
    label: `a list of ${label}`,
    remedy: 'separate the entries by commas',
    secret: entry.secret,
    input: z.union([z.string(), z.array(z.string())]),
    judge: (given): Judged<readonly T[]> => {
      const texts = (typeof given === 'string' ? given.split(',') : given)
        .map((part) => part.trim())
        .filter((part) => part !== '');
      return judgeEntries(texts, entry, nameOf);
    },
  });
}

/** The same, but not empty: a rule that lists nothing was meant to say something. */
export function filledList<T>(label: string, entry: ValueType<T>): ValueType<readonly T[]> {
  const any = list(label, entry);
  const schema = any.schema.refine((values) => values.length > 0, {
    error: 'is empty',
    params: { remedy: 'write at least one entry, or remove it' },
  });
  return { ...any, schema };
}

function judgeEntries<T>(
  texts: readonly string[],
  entry: ValueType<T>,
  nameOf?: (value: T) => string,
): Judged<readonly T[]> {
  const values: T[] = [];
  const names = new Set<string>();
  for (const [at, text] of texts.entries()) {
    const judged = readValue(entry, text);
    if (judged.kind === 'refused') return refuse(`entry ${at + 1} ${judged.fault}`, judged.remedy);
    const name = nameOf?.(judged.value) ?? text;
    if (names.has(name)) return refuse(`entry ${at + 1} is there twice`, 'remove one');
    names.add(name);
    values.push(judged.value);
  }
  return accept(values);
}
