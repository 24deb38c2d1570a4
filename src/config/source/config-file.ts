import { LineCounter, parseDocument } from 'yaml';
import { CONFIG_FILE, LISTS, SECTIONS } from '../declarations.js';
import { didYouMean } from '../did-you-mean.js';
import type { OptionSet } from '../option.js';
import type { Report } from '../report.js';
import type { Environment } from './environment.js';
import { readNamedFile, type ReadFile } from './files.js';
import { interpolate, UNRESOLVED } from './interpolate.js';

export type Mapping = Readonly<Record<string, unknown>>;

/** The configuration file after interpolation; every key in it is known. */
export interface ConfigFile {
  readonly sections: Readonly<Record<string, Mapping>>;
  readonly lists: Readonly<Record<string, readonly Mapping[]>>;
  /** Variables that the file refers to. */
  readonly used: ReadonlySet<string>;
}

const NOTHING: ConfigFile = { sections: {}, lists: {}, used: new Set() };
const UNREADABLE = Symbol('unreadable');
const SECTION_NAMES = [...Object.keys(SECTIONS), ...Object.keys(LISTS)];

/** Reads the file that `CONFIG_FILE` names; without one, an empty configuration. */
export function readConfigFile(
  environment: Environment,
  readFile: ReadFile,
  report: Report,
): ConfigFile {
  const path = environment.text(CONFIG_FILE.env)?.trim();
  if (path === undefined) return NOTHING;
  const text = readNamedFile(readFile, path, CONFIG_FILE.env, report);
  if (text === undefined) return unread(report);
  const parsed = parseYaml(text, report);
  if (parsed === UNREADABLE) return unread(report);
  const { tree, used } = interpolate(parsed, environment, (at, name) => {
    report.problem(at, `refers to ${name}, which is not set`, `set ${name} or ${name}_FILE`);
  });
  const root = asMapping(tree, CONFIG_FILE.env, report);
  checkKeys(root, SECTION_NAMES, '', report);
  return { sections: readSections(root, report), lists: readLists(root, report), used };
}

function unread(report: Report): ConfigFile {
  report.fileIsUnread();
  return NOTHING;
}

function parseYaml(text: string, report: Report): unknown {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    logLevel: 'error',
  });
  const [error] = [...document.errors, ...document.warnings];
  if (error === undefined) return toTree(() => document.toJS({ maxAliasCount: 100 }), report);
  // The message of the parser may quote the file, and the file may hold a secret.
  const { line } = lines.linePos(error.pos[0]);
  report.problem(
    CONFIG_FILE.env,
    `names a file that is not valid YAML (line ${line}: ${error.code})`,
    'correct this line',
  );
  return UNREADABLE;
}

function toTree(read: () => unknown, report: Report): unknown {
  try {
    const tree = read();
    // What holds itself, which an alias can say, has no end to be read to: no JSON can be made of it.
    JSON.stringify(tree);
    return tree;
  } catch {
    report.problem(
      CONFIG_FILE.env,
      'names a YAML file with aliases that lead nowhere, too far or back to themselves',
      'write the values out',
    );
    return UNREADABLE;
  }
}

function readSections(root: Mapping, report: Report): Record<string, Mapping> {
  return Object.fromEntries(
    Object.entries(SECTIONS).map(([name, options]) => {
      const section = asMapping(root[name], name, report);
      checkKeys(section, keysOf(options), `${name}.`, report);
      return [name, section];
    }),
  );
}

function readLists(root: Mapping, report: Report): Record<string, readonly Mapping[]> {
  return Object.fromEntries(
    Object.entries(LISTS).map(([name, options]) => {
      const items = asSequence(root[name], name, report).map((item, at) => {
        const entry = asMapping(item, `${name}[${at}]`, report);
        checkKeys(entry, keysOf(options), `${name}[${at}].`, report);
        return entry;
      });
      return [name, items];
    }),
  );
}

function keysOf(options: OptionSet): readonly string[] {
  return Object.values(options).map((option) => option.key);
}

/** What may stand at one level: the first names of the keys, and below each what is left of them. */
function levelOf(keys: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const level = new Map<string, string[]>();
  for (const key of keys) {
    const [first = '', ...rest] = key.split('.');
    level.set(first, [...(level.get(first) ?? []), ...(rest.length > 0 ? [rest.join('.')] : [])]);
  }
  return level;
}

function asMapping(value: unknown, key: string, report: Report): Mapping {
  if (value === undefined || value === null || value === UNRESOLVED) return {};
  if (typeof value === 'object' && !Array.isArray(value)) return value as Mapping;
  report.problem(key, 'must be a mapping', "write 'name: value' lines, indented");
  return {};
}

function asSequence(value: unknown, key: string, report: Report): readonly unknown[] {
  if (value === undefined || value === null || value === UNRESOLVED) return [];
  if (Array.isArray(value)) return value;
  report.problem(key, 'must be a list', "begin every entry with '- '");
  return [];
}

function checkKeys(
  mapping: Mapping,
  keys: readonly string[],
  prefix: string,
  report: Report,
): void {
  const known = levelOf(keys);
  for (const [name, value] of Object.entries(mapping)) {
    const below = known.get(name);
    if (below === undefined) report.problem(`${prefix}${name}`, ...unknownKey(name, known, prefix));
    else if (below.length > 0) checkNested(value, below, `${prefix}${name}`, report);
  }
}

/** What holds nothing was meant to say something: an empty `allow`, or a rule of it, must not mean everybody. */
function checkNested(value: unknown, keys: readonly string[], path: string, report: Report): void {
  if (value === UNRESOLVED) return;
  if (isEmpty(value)) {
    report.problem(path, 'is empty', `remove it, or set ${keys.join(', ')}`);
    return;
  }
  const mapping = asMapping(value, path, report);
  checkKeys(mapping, keys, `${path}.`, report);
  for (const [name, one] of Object.entries(mapping)) {
    if (one !== null || !keys.includes(name)) continue;
    report.problem(`${path}.${name}`, 'is empty', 'give it a value, or remove it');
  }
}

function isEmpty(value: unknown): boolean {
  const isMapping = typeof value === 'object' && !Array.isArray(value);
  return isMapping && Object.keys(value ?? {}).length === 0;
}

function unknownKey(
  name: string,
  known: ReadonlyMap<string, unknown>,
  prefix: string,
): [fault: string, remedy: string] {
  const names = [...known.keys()];
  const meant = didYouMean(name, names);
  const where = prefix === '' ? 'the file has' : 'this section has';
  const remedy = meant === undefined ? `${where} ${names.join(', ')}` : `did you mean '${meant}'?`;
  return ['is not a setting', remedy];
}
