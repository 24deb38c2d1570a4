import type { ValueType } from './values/value-type.js';

interface OptionText {
  /** Name in its section of the configuration file; `allow.groups` is `groups` in the mapping `allow`. */
  readonly key: string;
  /** Environment variable; absent for what only the file can say. */
  readonly env?: string;
  /**
   * A rule whose absence would let everybody in: a variable that is blank or misspelt is then no variable that
   * nobody set, but refuses the start.
   */
  readonly restricts?: true;
  /** For the README: what it is, its unit, and why the default is what it is. */
  readonly doc: string;
}

/**
 * The one declaration of an option: the parser, the README's table and the JSON Schema of the file
 * are all made from it.
 */
export interface Option<T = unknown> extends OptionText {
  readonly type: ValueType<T>;
  readonly presence: Presence;
}

export type Presence =
  /** `remedy` says where the value comes from. */
  | { readonly kind: 'required'; readonly remedy: string }
  /** As an operator would write it; read by the same parser. */
  | { readonly kind: 'default'; readonly value: string }
  /** `otherwise` says what holds without it. */
  | { readonly kind: 'optional'; readonly otherwise: string };

export interface RequiredOption<T = unknown> extends Option<T> {
  readonly presence: Extract<Presence, { kind: 'required' }>;
}
export interface DefaultOption<T = unknown> extends Option<T> {
  readonly presence: Extract<Presence, { kind: 'default' }>;
}
export interface OptionalOption<T = unknown> extends Option<T> {
  readonly presence: Extract<Presence, { kind: 'optional' }>;
}

type Declared<T> = OptionText & { readonly type: ValueType<T> };

/** An option without which nothing starts. */
export function required<T>(
  declared: Declared<T> & { readonly remedy: string },
): RequiredOption<T> {
  const { remedy, ...rest } = declared;
  return { ...rest, presence: { kind: 'required', remedy } };
}

/** An option with a fixed default. */
export function withDefault<T>(
  declared: Declared<T> & { readonly default: string },
): DefaultOption<T> {
  const { default: value, ...rest } = declared;
  return { ...rest, presence: { kind: 'default', value } };
}

/** An option that may be absent, or whose default depends on others. */
export function optional<T>(
  declared: Declared<T> & { readonly otherwise: string },
): OptionalOption<T> {
  const { otherwise, ...rest } = declared;
  return { ...rest, presence: { kind: 'optional', otherwise } };
}

/** The options of one section, under the names that the parsed section gives them. */
export type OptionSet = Readonly<Record<string, Option>>;

/** What a section holds once nothing is wrong with it. */
export type Values<S extends OptionSet> = {
  readonly [Field in keyof S]: S[Field] extends OptionalOption<infer T>
    ? T | undefined
    : S[Field] extends Option<infer T>
      ? T
      : never;
};

/** The same while problems are still being collected. */
export type FoundValues<S extends OptionSet> = {
  readonly [Field in keyof S]: S[Field] extends Option<infer T> ? T | undefined : never;
};
