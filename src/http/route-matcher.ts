import type { Listener, Method, Route } from './route-table.js';
import { ROUTE_TABLE } from './route-table.js';

export type RouteMatch =
  | { readonly kind: 'route'; readonly route: Route }
  /** The path is ours, the method is not offered. */
  | { readonly kind: 'method'; readonly allow: readonly Method[] }
  | { readonly kind: 'none' };

/** Finds the row for a method and a path that was judged and stripped of the base path. Exact, case-sensitive. */
export class RouteMatcher {
  private readonly exact = new Map<string, Route[]>();
  private readonly patterns: readonly {
    readonly segments: readonly string[];
    readonly route: Route;
  }[];

  constructor(listener: Listener) {
    const routes = ROUTE_TABLE.filter((route) => route.listener === listener);
    const parametric = routes.filter((route) => route.path.includes(':'));
    for (const route of routes) {
      if (parametric.includes(route)) continue;
      this.exact.set(route.path, [...(this.exact.get(route.path) ?? []), route]);
    }
    this.patterns = parametric.map((route) => ({ segments: route.path.split('/'), route }));
  }

  match(method: string, path: string): RouteMatch {
    const candidates = this.exact.get(path) ?? this.parametric(path);
    if (candidates.length === 0) return { kind: 'none' };
    const route = candidates.find((candidate) => candidate.method === method);
    if (route !== undefined) return { kind: 'route', route };
    return { kind: 'method', allow: candidates.map((candidate) => candidate.method) };
  }

  private parametric(path: string): Route[] {
    if (this.patterns.length === 0) return [];
    const segments = path.split('/');
    return this.patterns
      .filter((pattern) => fits(pattern.segments, segments))
      .map((pattern) => pattern.route);
  }
}

function fits(pattern: readonly string[], segments: readonly string[]): boolean {
  if (pattern.length !== segments.length) return false;
  return pattern.every((part, at) =>
    part.startsWith(':') ? segments[at] !== '' : part === segments[at],
  );
}
