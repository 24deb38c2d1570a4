import 'reflect-metadata';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { OWN_PREFIXES } from '../../src/config/rules/route.rules.js';
import { ROUTE_METADATA } from '../../src/http/route.decorator.js';
import { ownPrefixes, ROUTE_TABLE, type Route } from '../../src/http/route-table.js';
import { nodesOf, ROOT, SOURCES, sourceOf } from './sources.js';

interface Handler {
  readonly name: string;
  readonly route: string | undefined;
}

/** Every method of every controller, with the row that it is bound to. */
async function handlersOf(path: string): Promise<Handler[]> {
  const module = (await import(join(ROOT, 'src', path))) as Record<string, unknown>;
  const classes = Object.values(module).filter((value) => typeof value === 'function');
  return classes.flatMap((controller) => {
    const prototype = controller.prototype as Record<string, unknown>;
    return Object.getOwnPropertyNames(prototype)
      .filter((name) => name !== 'constructor')
      .map((name) => ({ name: `${controller.name}.${name}`, handler: prototype[name] as object }))
      .filter(
        ({ handler }) =>
          Reflect.hasMetadata('path', handler) || Reflect.hasMetadata(ROUTE_METADATA, handler),
      )
      .map(({ name, handler }) => ({
        name,
        route: Reflect.getMetadata(ROUTE_METADATA, handler) as string | undefined,
      }));
  });
}

const controllers = SOURCES.map((source) => source.path).filter((path) =>
  path.endsWith('.controller.ts'),
);
const handlers = (await Promise.all(controllers.map(handlersOf))).flat();

/** The names under which the application registers handlers that are dispatched before Express. */
function hotNames(): string[] {
  return [...nodesOf(sourceOf('app/vestibule.ts').tree)]
    .filter((node): node is ts.PropertyAssignment => ts.isPropertyAssignment(node))
    .filter((node) => node.name.getText() === 'hot')
    .flatMap((node) => [...nodesOf(node.initializer)])
    .filter((node): node is ts.ArrayLiteralExpression => ts.isArrayLiteralExpression(node))
    .flatMap((pair) => pair.elements[0] ?? [])
    .filter((name): name is ts.StringLiteral => ts.isStringLiteral(name))
    .map((name) => name.text);
}

const namesOf = (dispatch: Route['dispatch']): string[] =>
  ROUTE_TABLE.filter((route) => route.dispatch === dispatch).map((route) => route.name);

describe('the route table', () => {
  it('has no two rows of one name, nor of one listener, method and path', () => {
    const names = ROUTE_TABLE.map((route) => route.name);
    const keys = ROUTE_TABLE.map(({ listener, method, path }) => `${listener} ${method} ${path}`);
    expect(new Set(names).size).toBe(names.length);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('has no path on both listeners', () => {
    const pathsOf = (listener: Route['listener']): string[] =>
      ROUTE_TABLE.filter((route) => route.listener === listener).map((route) => route.path);
    const internal = new Set(pathsOf('internal'));
    expect(pathsOf('public').filter((path) => internal.has(path))).toEqual([]);
  });

  it.each(ROUTE_TABLE.map((route) => [route.name, route] as const))(
    '%s says why it is as open as it is',
    (_name, route) => {
      const { access, csrf, cache } = route;
      if (typeof access === 'object' && 'open' in access) expect(access.open).toMatch(/\w+ \w+/);
      if (typeof csrf === 'object') expect(csrf.exempt).toMatch(/\w+ \w+/);
      expect(cache).toBe('no-store');
    },
  );

  it('lets no unsafe method pass without a proof', () => {
    const lax = ROUTE_TABLE.filter(
      ({ method, csrf }) => method !== 'GET' && (csrf === 'navigation' || csrf === 'safe-read'),
    );
    expect(lax).toEqual([]);
  });

  it('keeps what is for services to the internal listener', () => {
    const forServices = ROUTE_TABLE.filter(
      ({ access }) => typeof access === 'object' && 'service' in access,
    );
    expect(new Set(forServices.map(({ listener }) => listener))).toEqual(new Set(['internal']));
  });

  it('keeps to the first segments that the configuration keeps free', () => {
    expect(OWN_PREFIXES.toSorted()).toEqual(ownPrefixes().toSorted());
  });
});

describe('every handler', () => {
  it('of a controller is bound to one row', () => {
    const unbound = handlers.filter(({ route }) => !ROUTE_TABLE.some(({ name }) => name === route));
    expect(unbound).toEqual([]);
  });

  it('and every row that is dispatched by Nest find each other', () => {
    expect(handlers.map(({ route = '' }) => route).toSorted()).toEqual(namesOf('nest').toSorted());
  });

  it('that is hot and every hot row find each other', () => {
    expect(hotNames().toSorted()).toEqual(namesOf('hot').toSorted());
  });
});

describe('the modules', () => {
  it('register every controller', () => {
    const registered = new Set(
      SOURCES.filter((source) => source.path.endsWith('.module.ts')).flatMap((source) =>
        [...nodesOf(source.tree)]
          .filter((node): node is ts.PropertyAssignment => ts.isPropertyAssignment(node))
          .filter((node) => node.name.getText() === 'controllers')
          .flatMap((node) => [...nodesOf(node.initializer)].map((one) => one.getText())),
      ),
    );
    const classes = new Set(handlers.map(({ name }) => name.split('.')[0] ?? ''));
    expect([...classes].filter((name) => !registered.has(name))).toEqual([]);
    expect(
      readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter((path) =>
        path.endsWith('.controller.ts'),
      ),
    ).toHaveLength(classes.size);
  });
});
