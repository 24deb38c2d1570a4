import type { z } from 'zod';
import type { ErrorCode } from '../../src/errors/error-catalogue.js';

export interface Body {
  readonly type: string;
  readonly schema: z.ZodType;
}

export interface Answer {
  readonly description: string;
  readonly bodies?: readonly Body[];
}

export interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'header' | 'path';
  readonly description: string;
  readonly required?: true;
}

/** What the document says of a route beside its row in the route table. */
export interface Operation {
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly Parameter[];
  readonly request?: readonly Body[];
  /** By status. */
  readonly answers: Readonly<Record<number, Answer>>;
  /** Of the error catalogue, answered as RFC 9457. */
  readonly errors?: readonly ErrorCode[];
}

export const json = (schema: z.ZodType): readonly Body[] => [{ type: 'application/json', schema }];
export const form = (schema: z.ZodType): Body => ({
  type: 'application/x-www-form-urlencoded',
  schema,
});
export const page = { description: 'A page.' } as const;

export const csrfHeader: Parameter = {
  name: 'X-CSRF',
  in: 'header',
  required: true,
  description: 'The static header, `1` unless configured otherwise.',
};

export const query = (name: string, description: string, required?: true): Parameter => ({
  name,
  in: 'query',
  description,
  ...(required !== undefined && { required }),
});
