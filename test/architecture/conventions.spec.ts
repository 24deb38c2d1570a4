import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import ts from 'typescript';
import { ERROR_CATALOGUE } from '../../src/errors/error-catalogue.js';
import { LOG_EVENTS } from '../../src/logging/log-events.js';
import { lineOf, nodesOf, ROOT, SOURCES, sourceOf, stringsOf, type Source } from './sources.js';

const MOST_LINES = 300;

/** Files that decide something: each has its examples beside it. */
const MUST_HAVE_SPECS: readonly string[] = [
  'auth/app-answer',
  'auth/callback.service',
  'auth/login-requests',
  'auth/login-transactions',
  'auth/return-to',
  'config/assemble-provider',
  'config/load-config',
  'config/profiles',
  'config/rules/client-auth.rules',
  'config/rules/provider.rules',
  'crypto/kdf',
  'crypto/key-ring',
  'crypto/sealed-box',
  'domain/token-set',
  'errors/error-catalogue',
  'guard/identity-guard',
  'guard/nest-guard',
  'http/cookies',
  'http/cors',
  'http/csrf',
  'http/error-answer',
  'http/exchange',
  'http/form',
  'http/json-body',
  'http/pages/html',
  'http/request-path',
  'http/route-matcher',
  'http/security-headers',
  'logging/json-event-log',
  'logging/redact',
  'ops/readiness',
  'provider/allow-rules',
  'provider/claim-path',
  'provider/client-auth',
  'provider/id-token',
  'provider/identity.mapper',
  'provider/merged-claims',
  'provider/metadata-fit',
  'provider/provider-client',
  'provider/provider-errors',
  'provider/provider-fetch',
  'provider/provider-keys',
  'provider/provider-metadata',
  'provider/token-answer',
  'http/client-address',
  'proxy/upstream-headers',
  'service/client-credentials',
  'service/oauth-error-answer',
  'service/service-authenticator',
  'service/service.guard',
  'session/express-session.store',
  'session/record-codec',
  'session/session-cookie',
  'session/session-credential',
  'session/session-records',
  'session/session-view',
  'store/memory/memory.store',
  'token/token-refresher',
];

/** Places of all nodes that `is` finds, as 'path:line'. */
function places(is: (node: ts.Node, source: Source) => boolean): string[] {
  return SOURCES.flatMap((source) =>
    [...nodesOf(source.tree)]
      .filter((node) => is(node, source))
      .map((node) => `${source.path}:${lineOf(source, node)}`),
  );
}

const hasModifier = (node: ts.Node, kind: ts.SyntaxKind): boolean =>
  ts.canHaveModifiers(node) &&
  (ts.getModifiers(node) ?? []).some((modifier) => modifier.kind === kind);

describe('the sources', () => {
  it.each(SOURCES.map((source) => [source.path, source] as const))(
    '%s is short enough to be read',
    (_path, source) => {
      expect(source.text.trimEnd().split('\n').length).toBeLessThanOrEqual(MOST_LINES);
    },
  );

  it('have names in kebab-case, and no barrels', () => {
    const named = (path: string): boolean =>
      /^[a-z0-9-]+(?:\.[a-z0-9-]+)*\.ts$/.test(basename(path));
    const wrong = SOURCES.filter(({ path }) => !named(path) || basename(path) === 'index.ts');
    expect(wrong.map((source) => source.path)).toEqual([]);
    expect(places((node) => ts.isExportDeclaration(node))).toEqual([]);
  });

  it('export by name only', () => {
    expect(
      places(
        (node) => ts.isExportAssignment(node) || hasModifier(node, ts.SyntaxKind.DefaultKeyword),
      ),
    ).toEqual([]);
  });

  it('know no any, no non-null assertion, no enum and no namespace', () => {
    expect(places((node) => node.kind === ts.SyntaxKind.AnyKeyword)).toEqual([]);
    expect(places((node) => ts.isNonNullExpression(node))).toEqual([]);
    expect(places((node) => ts.isEnumDeclaration(node))).toEqual([]);
    const isNamespace = (node: ts.Node): boolean =>
      ts.isModuleDeclaration(node) && ts.isIdentifier(node.name);
    expect(places(isNamespace)).toEqual([]);
  });

  it('ask for what they are given: no forwardRef, no service locator', () => {
    expect(
      places((node) => ts.isIdentifier(node) && ['forwardRef', 'ModuleRef'].includes(node.text)),
    ).toEqual([]);
  });

  it('leave nothing to be done later and no code commented out', () => {
    const left = SOURCES.filter(({ text }) => /\b(?:TODO|FIXME|XXX)\b|^\s*\/\/.*[;{]$/m.test(text));
    expect(left.map((source) => source.path)).toEqual([]);
  });

  it('read the environment in the entry point and the command line only', () => {
    const readsEnvironment = (node: ts.Node, source: Source): boolean =>
      ts.isPropertyAccessExpression(node) &&
      node.getText(source.tree) === 'process.env' &&
      !['main', 'cli'].includes(source.folder);
    expect(places(readsEnvironment)).toEqual([]);
  });

  it('write to the console nowhere', () => {
    const isConsole = (node: ts.Node): boolean =>
      ts.isPropertyAccessExpression(node) &&
      ts.isIdentifier(node.expression) &&
      node.expression.text === 'console';
    expect(places(isConsole)).toEqual([]);
  });

  it.each([
    ['the clock', /\bDate\.now\(|\bnew Date\(\)/, ['domain/clock.ts', 'logging/json-event-log.ts']],
    // Only to spread the attempts of several replicas; secrets come from node:crypto.
    ['chance', /\bMath\.random\(/, ['store/redis/redis.client.ts']],
  ])('ask %s only where it is allowed', (_what, pattern, allowed) => {
    const users = SOURCES.filter(({ text }) => pattern.test(text)).map((source) => source.path);
    expect(users.filter((path) => !(allowed as readonly string[]).includes(path))).toEqual([]);
  });

  it.each(MUST_HAVE_SPECS)('%s has its examples beside it', (path) => {
    expect(SOURCES.map((source) => source.path)).toContain(`${path}.ts`);
    expect(existsSync(join(ROOT, 'src', `${path}.spec.ts`))).toBe(true);
  });
});

describe('the catalogues', () => {
  const elsewhere = (declared: string): Set<string> =>
    new Set(SOURCES.filter((source) => source.path !== declared).flatMap(stringsOf));

  it('every error code is used', () => {
    const used = elsewhere('errors/error-catalogue.ts');
    expect(Object.keys(ERROR_CATALOGUE).filter((code) => !used.has(code))).toEqual([]);
  });

  it('every log event is used', () => {
    const used = elsewhere('logging/log-events.ts');
    expect(Object.keys(LOG_EVENTS).filter((name) => !used.has(name))).toEqual([]);
  });

  it('no error is thrown under a code that the catalogue does not have', () => {
    const codes = SOURCES.flatMap((source) =>
      [...nodesOf(source.tree)]
        .filter((node): node is ts.NewExpression => ts.isNewExpression(node))
        .filter((node) => node.expression.getText(source.tree) === 'VestibuleError')
        .flatMap((node) => node.arguments?.[0] ?? [])
        .filter((argument): argument is ts.StringLiteral => ts.isStringLiteral(argument))
        .map((argument) => argument.text),
    );
    expect(codes.length).toBeGreaterThan(10);
    expect(codes.filter((code) => !Object.hasOwn(ERROR_CATALOGUE, code))).toEqual([]);
  });

  it('no event but those of the catalogue is logged', () => {
    const names = SOURCES.flatMap((source) =>
      [...nodesOf(source.tree)]
        .filter((node): node is ts.CallExpression => ts.isCallExpression(node))
        .filter((node) => /\blog_?\.event$/.test(node.expression.getText(source.tree)))
        .flatMap((node) => node.arguments[0] ?? [])
        .filter((argument): argument is ts.StringLiteral => ts.isStringLiteral(argument))
        .map((argument) => argument.text),
    );
    expect(names.length).toBeGreaterThan(10);
    expect(names.filter((name) => !Object.hasOwn(LOG_EVENTS, name))).toEqual([]);
  });
});

describe('what is generated', () => {
  it('is in step with the declarations of the options (E-01, E-43)', () => {
    const script = join(ROOT, 'scripts/generate-docs.ts');
    const run = spawnSync(process.execPath, [script, '--check'], {
      cwd: ROOT,
      encoding: 'utf8',
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    expect({ status: run.status, stderr: run.stderr }).toEqual({ status: 0, stderr: '' });
  });
});

it('the entry point is a script that node runs', () => {
  expect(sourceOf('main.ts').text).toMatch(/^#!\/usr\/bin\/env node\n/);
});
