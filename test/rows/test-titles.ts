import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const ROOT = join(import.meta.dirname, '../..');
/** Lies have their rows beside them, and become titles in e2e/lies.spec.ts. */
const LIES = 'test/support/lies/';
const TESTS: ReadonlySet<string> = new Set(['it', 'test', 'describe']);
const NOT_RUN: ReadonlySet<string> = new Set(['skip', 'todo']);

export interface TestTitle {
  /** Path from the root, 'test/e2e/login.spec.ts'. */
  readonly file: string;
  /** What is written of it; of a table's title also the texts of the table. */
  readonly text: string;
}

/** The titles of all tests, as written: `it`, `test`, `describe` and their `each`; what is skipped is none. */
export function readTitles(): TestTitle[] {
  return ['src', 'test'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .map((path) => `${folder}/${path}`)
      .filter((file) => /\.(?:spec|contract)\.ts$/.test(file) || isLies(file))
      .toSorted()
      .flatMap((file) => titlesOf(file, readFileSync(join(ROOT, file), 'utf8'))),
  );
}

/** The titles of one file. */
export function titlesOf(file: string, source: string): TestTitle[] {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.ES2023, false);
  const lists = listsIn(tree);
  const texts: string[] = [];
  const visit = (node: ts.Node): void => {
    if (isLies(file)) texts.push(...rowsBeside(node));
    const test = ts.isCallExpression(node) ? testOf(node) : undefined;
    if (test?.isRun === false) return;
    if (test !== undefined) {
      const tables = test.tables.map((table) => listNamed(table, lists));
      texts.push(...[test.title, ...tables].flatMap(textsIn));
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return texts.map((text) => ({ file, text }));
}

function isLies(file: string): boolean {
  return file.startsWith(LIES) && file.endsWith('.ts');
}

interface Test {
  readonly title: ts.Expression;
  /** What `each` goes through. */
  readonly tables: readonly ts.Expression[];
  readonly isRun: boolean;
}

/** `it('…')`, `it.only('…')`, `it.each([…])('…')`: what it is called, and whether it runs. */
function testOf(call: ts.CallExpression): Test | undefined {
  const [title] = call.arguments;
  const words: string[] = [];
  const tables: ts.Expression[] = [];
  let callee: ts.Expression = call.expression;
  while (!ts.isIdentifier(callee)) {
    if (ts.isPropertyAccessExpression(callee)) words.push(callee.name.text);
    else if (ts.isCallExpression(callee)) tables.push(...callee.arguments);
    else return undefined;
    callee = callee.expression;
  }
  // `it.each(table)` is not the test yet, its call with a title is.
  const isTable = words[0] === 'each' && tables.length === 0;
  if (!TESTS.has(callee.text) || title === undefined || isTable) return undefined;
  return {
    title,
    tables,
    isRun: !words.some((word) => NOT_RUN.has(word)),
  };
}

/** `rows: ['A-02', …]` of a lie. */
function rowsBeside(node: ts.Node): string[] {
  const isRows =
    ts.isPropertyAssignment(node) && ts.isIdentifier(node.name) && node.name.text === 'rows';
  return isRows ? textsIn(node.initializer) : [];
}

type Lists = ReadonlyMap<string, ts.Expression>;

/** `const TABLE = […]`, wherever it stands in the file. */
function listsIn(tree: ts.SourceFile): Lists {
  const lists = new Map<string, ts.Expression>();
  const visit = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) && node.initializer)
      lists.set(node.name.text, node.initializer);
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return lists;
}

function listNamed(table: ts.Expression, lists: Lists): ts.Expression {
  return (ts.isIdentifier(table) ? lists.get(table.text) : undefined) ?? table;
}

/** The texts that stand in an expression: literals, the fixed parts of templates, what lists hold. */
function textsIn(node: ts.Node): string[] {
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (ts.isTemplateExpression(node))
    return [[node.head.text, ...node.templateSpans.map((span) => span.literal.text)].join('')];
  if (ts.isArrayLiteralExpression(node)) return node.elements.flatMap(textsIn);
  if (ts.isAsExpression(node) || ts.isSatisfiesExpression(node)) return textsIn(node.expression);
  return [];
}
