import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import ts from 'typescript';

export const ROOT = join(import.meta.dirname, '../..');
const SRC = join(ROOT, 'src');

export interface Import {
  /** As written: './x.js', 'undici', 'node:http'. */
  readonly specifier: string;
  /** Path below src of a file of ours. */
  readonly file: string | undefined;
  /** Package name of a third party's module. */
  readonly packageName: string | undefined;
  /** `await import(…)`: loaded when it is needed. */
  readonly lazy: boolean;
}

export interface Source {
  /** Path below src, 'http/csrf.ts'. */
  readonly path: string;
  readonly folder: string;
  readonly text: string;
  readonly tree: ts.SourceFile;
  readonly imports: readonly Import[];
}

/** Every TypeScript source of the product, specs left out. */
export const SOURCES: readonly Source[] = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.spec.ts'))
  .toSorted()
  .map(readSource);

export function sourceOf(path: string): Source {
  const found = SOURCES.find((source) => source.path === path);
  if (found === undefined) throw new Error(`no source ${path}`);
  return found;
}

/** Every node of a tree, parents first. */
export function* nodesOf(node: ts.Node): Iterable<ts.Node> {
  yield node;
  const children: ts.Node[] = [];
  ts.forEachChild(node, (child) => void children.push(child));
  for (const child of children) yield* nodesOf(child);
}

export function lineOf(source: Source, node: ts.Node): number {
  return source.tree.getLineAndCharacterOfPosition(node.getStart(source.tree)).line + 1;
}

/** The texts of all string literals of a source, imports left out. */
export function stringsOf(source: Source): string[] {
  return [...nodesOf(source.tree)]
    .filter((node) => ts.isStringLiteralLike(node) && !ts.isImportDeclaration(node.parent))
    .map((node) => (node as ts.StringLiteralLike).text);
}

function readSource(path: string): Source {
  const text = readFileSync(join(SRC, path), 'utf8');
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true);
  const folder = path.includes('/') ? (path.split('/')[0] ?? '') : 'main';
  return { path, folder, text, tree, imports: importsOf(path, tree) };
}

function importsOf(path: string, tree: ts.SourceFile): Import[] {
  const imports: Import[] = [];
  for (const node of nodesOf(tree)) {
    const lazy = ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword;
    const module = lazy ? node.arguments[0] : staticModule(node);
    if (module !== undefined && ts.isStringLiteral(module)) {
      imports.push(toImport(path, module.text, lazy));
    }
  }
  return imports;
}

function staticModule(node: ts.Node): ts.Expression | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
    return node.argument.literal;
  return undefined;
}

function toImport(path: string, specifier: string, lazy: boolean): Import {
  if (specifier.startsWith('.')) {
    const file = normalize(join(dirname(path), specifier)).replace(/\.js$/, '.ts');
    return { specifier, file: relative('', file), packageName: undefined, lazy };
  }
  const parts = specifier.split('/');
  const name = specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0];
  const packageName = specifier.startsWith('node:') ? undefined : name;
  return { specifier, file: undefined, packageName, lazy };
}
