type Source = Readonly<Record<string, unknown>>;

/**
 * A claim by its name, else by a path of names joined by dots (`realm_access.roles`). Names may hold dots
 * themselves (`https://example.com/roles`, `resource_access.my.app.roles`), so at each step the longest name that
 * is there counts. Null is a claim that is not there; what objects inherit is none either.
 */
export function claimAt(claims: Source, path: string): unknown {
  const whole = own(claims, path);
  if (whole !== undefined) return whole;
  for (let dot = path.lastIndexOf('.'); dot > 0; dot = path.lastIndexOf('.', dot - 1)) {
    const below = own(claims, path.slice(0, dot));
    const found = isHolder(below) ? claimAt(below, path.slice(dot + 1)) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

function own(holder: Source, name: string): unknown {
  return Object.hasOwn(holder, name) ? (holder[name] ?? undefined) : undefined;
}

function isHolder(value: unknown): value is Source {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
