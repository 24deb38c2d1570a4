import { z } from 'zod';
import { accept, refuse, valueType, type Judged, type ValueType } from './value-type.js';

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
  return valueType({
    label,
    remedy: `write ${label}`,
    input: z.enum(words),
    judge: (given) => accept(given),
  });
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

/** Port 0 lets the system choose one. */
export const port = integer(0, 65_535);

/** A list: comma-separated text, or a sequence in the file. Every entry must be right, none twice. */
export function list<T>(label: string, entry: ValueType<T>): ValueType<readonly T[]> {
  return valueType({
    label: `a list of ${label}`,
    remedy: 'separate the entries by commas',
    secret: entry.secret,
    input: z.union([z.string(), z.array(z.string())]),
    judge: (given): Judged<readonly T[]> => {
      const texts = (typeof given === 'string' ? given.split(',') : given)
        .map((part) => part.trim())
        .filter((part) => part !== '');
      return judgeEntries(texts, entry);
    },
  });
}

function judgeEntries<T>(texts: readonly string[], entry: ValueType<T>): Judged<readonly T[]> {
  const values: T[] = [];
  for (const [at, part] of texts.entries()) {
    if (texts.indexOf(part) !== at) return refuse(`entry ${at + 1} is there twice`, 'remove one');
    const result = entry.schema.safeParse(part);
    if (!result.success) return refuse(`entry ${at + 1} must be ${entry.label}`, entry.remedy);
    values.push(result.data);
  }
  return accept(values);
}
