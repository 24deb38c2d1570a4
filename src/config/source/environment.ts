import type { Option } from '../option.js';
import type { Report } from '../report.js';
import { readNamedFile, type ReadFile } from './files.js';

export type Env = Readonly<Record<string, string | undefined>>;

/** What a source says about one option. `faulty`: something is wrong and was already reported. */
export type Found =
  | { readonly kind: 'absent' }
  | { readonly kind: 'faulty' }
  | { readonly kind: 'found'; readonly raw: unknown; readonly key: string };

const ABSENT: Found = { kind: 'absent' };
const FAULTY: Found = { kind: 'faulty' };

/**
 * The environment. A variable that is empty or blank counts as not set: that is how Compose hands on what
 * nobody set; only a rule of who may log in must not be lost like that. Secrets may stand in a file that `<NAME>_FILE` names; one line break at its end is cut.
 */
export class Environment {
  /** Each file is read, and complained about, once. */
  private readonly secretFiles = new Map<string, Found>();

  private readonly env: Env;
  private readonly readFile: ReadFile;
  private readonly report: Report;

  constructor(env: Env, readFile: ReadFile, report: Report) {
    this.env = env;
    this.readFile = readFile;
    this.report = report;
  }

  isSet(name: string): boolean {
    return this.text(name) !== undefined;
  }

  /** The variable's text, or undefined when it is not set. */
  text(name: string): string | undefined {
    const value = Object.hasOwn(this.env, name) ? this.env[name] : undefined;
    return value === undefined || value.trim() === '' ? undefined : value;
  }

  /** Whether a variable is there, be it blank. */
  isNamed(name: string): boolean {
    return Object.hasOwn(this.env, name) && this.env[name] !== undefined;
  }

  find(option: Option): Found {
    if (option.env === undefined) return ABSENT;
    if (option.restricts && this.isNamed(option.env) && !this.isSet(option.env)) {
      this.report.problem(option.env, 'is empty', 'say who may log in, or unset it');
      return FAULTY;
    }
    return option.type.secret ? this.findSecret(option.env) : this.findPlain(option.env);
  }

  /** The variable, or the content of the file that `<name>_FILE` names. */
  findSecret(name: string): Found {
    const known = this.secretFiles.get(name);
    if (known !== undefined) return known;
    const found = this.readSecret(name);
    this.secretFiles.set(name, found);
    return found;
  }

  private findPlain(name: string): Found {
    const text = this.text(name);
    return text === undefined ? ABSENT : { kind: 'found', raw: text.trim(), key: name };
  }

  private readSecret(name: string): Found {
    const fileName = `${name}_FILE`;
    const path = this.text(fileName);
    const text = this.text(name);
    if (path === undefined) {
      return text === undefined ? ABSENT : { kind: 'found', raw: text, key: name };
    }
    if (text !== undefined) {
      this.report.problem(fileName, `is set, and so is ${name}`, 'set one of the two');
      return FAULTY;
    }
    const content = readNamedFile(this.readFile, path, fileName, this.report);
    if (content === undefined) return FAULTY;
    const secret = content.replace(/\r?\n$/, '');
    if (secret.trim() === '') {
      this.report.problem(fileName, 'names an empty file', 'put the secret into it');
      return FAULTY;
    }
    return { kind: 'found', raw: secret, key: fileName };
  }
}
