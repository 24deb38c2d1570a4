import type { Listener, Method, Route } from './route-table.js';
import { ROUTE_TABLE } from './route-table.js';

export type RouteMatch =
  | { readonly kind: 'route'; readonly route: Route }
  /** The path is ours, the method is not offered. */
  | { readonly kind: 'method'; readonly allow: readonly Method[] }
  | { readonly kind: 'none' };

/** What ends the path of a row that takes every path below it, itself included, with any method. */
const ANYTHING = '/*';

interface Pattern {
  readonly segments: readonly string[];
  readonly route: Route;
}

/** Finds the row for a method and a path that was judged and stripped of the base path. Exact, case-sensitive. */
export class RouteMatcher {
  private readonly exact = new Map<string, Route[]>();
  /** By their first segment, so that a path of somebody else's is not taken apart. */
  private readonly patterns = new Map<string, Pattern[]>();
  /** Rows that take whatever stands below their first segment, by that segment. */
  private readonly trees = new Map<string, RouteMatch>();

  constructor(listener: Listener) {
    const routes = ROUTE_TABLE.filter((route) => route.listener === listener);
    for (const route of routes) {
      if (route.path.endsWith(ANYTHING))
        this.trees.set(route.path.slice(0, -ANYTHING.length), { kind: 'route', route });
      else if (route.path.includes(':'))
        add(this.patterns, firstSegment(route.path), { segments: route.path.split('/'), route });
      else add(this.exact, route.path, route);
    }
  }

  match(method: string, path: string): RouteMatch {
    const exact = this.exact.get(path);
    const tree = exact === undefined ? this.trees.get(firstSegment(path)) : undefined;
    if (tree !== undefined) return tree;
    const candidates = exact ?? this.parametric(path);
    if (candidates.length === 0) return { kind: 'none' };
    const route = candidates.find((candidate) => candidate.method === method);
    if (route !== undefined) return { kind: 'route', route };
    return { kind: 'method', allow: candidates.map((candidate) => candidate.method) };
  }

  private parametric(path: string): Route[] {
    const patterns = this.patterns.get(firstSegment(path));
    if (patterns === undefined) return [];
    const segments = path.split('/');
    return patterns
      .filter((pattern) => fits(pattern.segments, segments))
      .map((pattern) => pattern.route);
  }
}

function firstSegment(path: string): string {
  const end = path.indexOf('/', 1);
  return end === -1 ? path : path.slice(0, end);
}

function add<T>(lists: Map<string, T[]>, key: string, value: T): void {
  lists.set(key, [...(lists.get(key) ?? []), value]);
}

function fits(pattern: readonly string[], segments: readonly string[]): boolean {
  if (pattern.length !== segments.length) return false;
  return pattern.every((part, at) =>
    part.startsWith(':') ? segments[at] !== '' : part === segments[at],
  );
}
