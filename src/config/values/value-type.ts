import { z } from 'zod';
import { didYouMean } from '../did-you-mean.js';

/** A kind of value: how it is called, and how it is read from text or from the file. */
export interface ValueType<T> {
  /** Follows 'must be': 'a duration such as 30m'. */
  readonly label: string;
  /** What to do when the value is wrong and nothing better is known. */
  readonly remedy: string;
  /** Never shown, may come from a file named by `<NAME>_FILE`. */
  readonly secret: boolean;
  /** All that may be written, where it is one of a few words. */
  readonly words?: readonly string[];
  readonly schema: z.ZodType<T>;
}

export interface Refusal {
  readonly fault: string;
  readonly remedy?: string;
}

export type Judged<T> =
  { readonly kind: 'value'; readonly value: T } | ({ readonly kind: 'refused' } & Refusal);

export function accept<T>(value: T): Judged<T> {
  return { kind: 'value', value };
}

/** `fault` must not hold the value itself. */
export function refuse(fault: string, remedy?: string): Judged<never> {
  return { kind: 'refused', fault, ...(remedy === undefined ? {} : { remedy }) };
}

interface Definition<I, T> {
  readonly label: string;
  readonly remedy: string;
  readonly secret?: boolean;
  readonly input: z.ZodType<I>;
  readonly judge: (input: I) => Judged<T>;
}

/** A value type from the shape that it takes and a judgement of what has this shape. */
export function valueType<I, T>({
  label,
  remedy,
  secret = false,
  input,
  judge,
}: Definition<I, T>): ValueType<T> {
  const schema = input.transform((given, context): T => {
    const judged = judge(given);
    if (judged.kind === 'value') return judged.value;
    context.addIssue({
      code: 'custom',
      message: judged.fault,
      params: { remedy: judged.remedy ?? remedy },
    });
    return z.NEVER;
  });
  return { label, remedy, secret, schema };
}

/** Reads one value; the refusal is ready to be shown. */
export function readValue<T>(type: ValueType<T>, raw: unknown): Judged<T> {
  const result = type.schema.safeParse(raw);
  if (result.success) return accept(result.data);
  const [issue] = result.error.issues;
  // Only our own sentences are shown: zod's may describe the input.
  if (issue?.code !== 'custom') return refuse(`must be ${type.label}`, remedyFor(type, raw));
  const remedy: unknown = issue.params?.['remedy'];
  return refuse(issue.message, typeof remedy === 'string' ? remedy : type.remedy);
}

function remedyFor({ remedy, words }: ValueType<unknown>, raw: unknown): string {
  const meant = typeof raw === 'string' && words ? didYouMean(raw, words) : undefined;
  if (meant !== undefined) return `did you mean '${meant}'?`;
  // A client id of digits is a number in YAML unless it is quoted.
  const isBare = typeof raw === 'number' || typeof raw === 'boolean';
  return isBare ? `${remedy}; in the file, put it in quotes` : remedy;
}

/** The same values, but kept from every text, and readable from a file named by `<NAME>_FILE`. */
export function secretOf<T>(type: ValueType<T>): ValueType<T> {
  return { ...type, secret: true };
}
