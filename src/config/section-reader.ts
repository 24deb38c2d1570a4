import type { FoundValues, Option, OptionSet } from './option.js';
import type { Report } from './report.js';
import type { Mapping } from './source/config-file.js';
import type { Environment, Found } from './source/environment.js';
import { UNRESOLVED } from './source/interpolate.js';
import { readValue } from './values/value-type.js';

/** One section, or one entry of a list, with what could be read of it. */
export interface Section<S extends OptionSet> {
  readonly values: FoundValues<S>;
  /** True for what an operator wrote, right or wrong; false for defaults. */
  readonly written: (field: keyof S & string) => boolean;
  /** The name under which to complain: the variable or the path in the file, where the value came from. */
  readonly key: (field: keyof S & string) => string;
}

export interface SectionSource {
  /** Absent where variables do not apply, as for the second of two providers. */
  readonly environment?: Environment;
  readonly mapping: Mapping;
  /** `server`, `providers[0]`. */
  readonly path: string;
}

interface ReadOption {
  readonly value: unknown;
  readonly written: boolean;
  readonly key: string;
}

/** Reads every option of a section: the environment first, then the file, then the default. */
export function readSection<S extends OptionSet>(
  options: S,
  source: SectionSource,
  report: Report,
): Section<S> {
  const read = new Map<string, ReadOption>(
    Object.entries(options).map(([field, option]) => [field, readOption(option, source, report)]),
  );
  const values = Object.fromEntries([...read].map(([field, { value }]) => [field, value]));
  return {
    // The fields are those of the set, and each value was made by its option's own type.
    values: values as FoundValues<S>,
    written: (field) => read.get(field)?.written ?? false,
    key: (field) => read.get(field)?.key ?? field,
  };
}

function readOption(option: Option, source: SectionSource, report: Report): ReadOption {
  const path = `${source.path}.${option.key}`;
  const ownName = source.environment === undefined ? path : (option.env ?? path);
  const found = find(option, source, path);
  if (found.kind === 'faulty') return { value: undefined, written: true, key: ownName };
  if (found.kind === 'absent') {
    return { value: defaultOf(option, ownName, report), written: false, key: ownName };
  }
  const { key, raw } = found;
  const judged = readValue(option.type, raw);
  if (judged.kind === 'value') return { value: judged.value, written: true, key };
  report.problem(key, judged.fault, judged.remedy ?? option.type.remedy);
  return { value: undefined, written: true, key };
}

function find(option: Option, { environment, mapping }: SectionSource, path: string): Found {
  const inEnvironment = environment?.find(option) ?? { kind: 'absent' };
  if (inEnvironment.kind !== 'absent') return inEnvironment;
  const raw = valueAt(mapping, option.key);
  if (raw === undefined || raw === null) return { kind: 'absent' };
  if (holdsUnresolved(raw)) return { kind: 'faulty' };
  return { kind: 'found', raw, key: path };
}

/** A dotted key names a value in a mapping of its own: `allow.groups`. */
function valueAt(mapping: Mapping, key: string): unknown {
  return key.split('.').reduce<unknown>((at, name) => {
    const isMapping = typeof at === 'object' && at !== null && Object.hasOwn(at, name);
    return isMapping ? (at as Mapping)[name] : undefined;
  }, mapping);
}

function holdsUnresolved(raw: unknown): boolean {
  return raw === UNRESOLVED || (Array.isArray(raw) && raw.includes(UNRESOLVED));
}

function defaultOf(option: Option, key: string, report: Report): unknown {
  const { presence } = option;
  if (presence.kind === 'optional') return undefined;
  if (presence.kind === 'required') {
    report.missing(key, 'is missing', presence.remedy);
    return undefined;
  }
  const judged = readValue(option.type, presence.value);
  if (judged.kind === 'refused') throw new RangeError(`the default of ${key} ${judged.fault}`);
  return judged.value;
}
