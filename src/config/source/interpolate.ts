import type { Environment } from './environment.js';

/** Stands where a value could not be completed; the reader takes it as already reported. */
export const UNRESOLVED = Symbol('unresolved');

const REFERENCE = /\$?\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

export interface Interpolated {
  readonly tree: unknown;
  /** Variables that the file refers to. */
  readonly used: ReadonlySet<string>;
}

/**
 * Replaces `${NAME}` in every string of a tree; `$${NAME}` stays as `${NAME}`. What is put in is not looked
 * at again, and only values are touched, never keys.
 */
export function interpolate(
  tree: unknown,
  environment: Environment,
  missing: (path: string, name: string) => void,
): Interpolated {
  const used = new Set<string>();
  const visit = (node: unknown, path: string): unknown => {
    if (typeof node === 'string') return replace(node, path);
    if (Array.isArray(node)) return node.map((item, at) => visit(item, `${path}[${at}]`));
    if (typeof node !== 'object' || node === null) return node;
    return Object.fromEntries(
      Object.entries(node).map(([key, value]) => [
        key,
        visit(value, path === '' ? key : `${path}.${key}`),
      ]),
    );
  };
  const replace = (text: string, path: string): unknown => {
    let complete = true;
    const result = text.replace(REFERENCE, (reference, name: string) => {
      if (reference.startsWith('$$')) return reference.slice(1);
      used.add(name);
      const found = environment.findSecret(name);
      if (found.kind === 'found') return String(found.raw);
      complete = false;
      if (found.kind === 'absent') missing(path, name);
      return '';
    });
    return complete ? result : UNRESOLVED;
  };
  return { tree: visit(tree, ''), used };
}
