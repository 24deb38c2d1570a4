import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { ROOT, SOURCES } from './sources.js';

type Entry = { readonly types: string; readonly default: string };
const { exports: entries } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  readonly exports: Readonly<Record<string, Entry>>;
};
const EXAMPLES = join(ROOT, 'recipes/apis');

describe('the package, as an API has it', () => {
  it('gives the guard for Express and the one for NestJS, and nothing of the product', () => {
    const script = `const names = async (path) => Object.keys(await import(path)).toSorted();
      console.log(JSON.stringify([await names('vestibule/guard'), await names('vestibule/guard/nest')]));
      await import('vestibule/dist/main.js').catch((error) => console.log(error.code));`;
    const out = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      cwd: ROOT,
      encoding: 'utf8',
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    const [names = '', refused] = out.trim().split('\n');
    expect(JSON.parse(names)).toEqual([
      ['attachIdentity', 'createIdentityGuard', 'createIdentityVerifier', 'identityOf'],
      ['CurrentIdentity', 'IdentityGuard'],
    ]);
    expect(refused).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });

  it('has declarations by which the examples of the README compile', () => {
    const options: ts.CompilerOptions = {
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      target: ts.ScriptTarget.ES2023,
      strict: true,
      exactOptionalPropertyTypes: true,
      experimentalDecorators: true,
      skipLibCheck: true,
      noEmit: true,
      types: ['node'],
    };
    const program = ts.createProgram(
      readdirSync(EXAMPLES).map((name) => join(EXAMPLES, name)),
      options,
    );
    const wrong = ts.getPreEmitDiagnostics(program);
    expect(
      wrong.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')),
    ).toEqual([]);
    for (const { types } of Object.values(entries))
      expect(program.getSourceFile(join(ROOT, types))).toBeDefined();
  }, 60_000);

  it('needs jose, and NestJS where that is wanted', () => {
    const packages = (file: string): string[] =>
      SOURCES.filter(({ path }) => path === `guard/${file}.ts`).flatMap(({ imports }) =>
        imports.flatMap(({ packageName }) => packageName ?? []),
      );
    expect(packages('identity-guard')).toEqual(['jose']);
    expect(packages('verification-keys')).toEqual(['jose']);
    expect(packages('nest-guard')).toEqual(['@nestjs/common']);
  });
});
