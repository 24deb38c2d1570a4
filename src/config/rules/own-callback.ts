import type { FoundConfig } from '../sections.js';

/**
 * Whether a redirect URI leads to `/callback` or `/callback/{provider}` of this Vestibule, with a query or without.
 * However it is spelt: a provider that compares less strictly than byte for byte must not make the difference.
 */
export function isOwnCallback({ values }: FoundConfig['server'], uri: string): boolean {
  const { publicUrl, basePath = '' } = values;
  const url = URL.parse(uri);
  if (publicUrl === undefined || url?.origin !== publicUrl.origin) return false;
  const callback = `${basePath}/callback`;
  const path = decoded(url.pathname);
  return path === callback || path.startsWith(`${callback}/`);
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
