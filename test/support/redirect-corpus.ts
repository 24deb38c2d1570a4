import { readFileSync } from 'node:fs';

/** The strings of `fixtures/open-redirects.txt`, as they stand there. */
export const REDIRECT_CORPUS: readonly string[] = readFileSync(
  new URL('../fixtures/open-redirects.txt', import.meta.url),
  'utf8',
)
  .split('\n')
  .filter((line) => line.startsWith('"'))
  .map((line) => JSON.parse(line) as string);

/** The strings with the address of an instance in the place of ORIGIN, ORIGINHOST and PORT. */
export function corpusFor(origin: string): string[] {
  const { host, port } = new URL(origin);
  return REDIRECT_CORPUS.map((text) =>
    text.replaceAll('ORIGINHOST', host).replaceAll('ORIGIN', origin).replaceAll('PORT', port),
  );
}

/** Pages, and which of the paths below them are no place to return to. */
export interface Realm {
  readonly origin: string;
  readonly basePath: string;
  /** Path prefixes below the base path. */
  readonly closed: readonly string[];
}

/**
 * What is wrong with the place to which a browser goes that follows `target` from a page of ours, judged by
 * the browser's own parser (the URL Standard, which Node implements); undefined when nothing is.
 */
export function faultOf(target: string | undefined, realm: Realm): string | undefined {
  if (target === undefined) return 'leads nowhere';
  const page = `${realm.origin}${realm.basePath}/login/return`;
  if (!URL.canParse(target, page)) return 'cannot be parsed';
  const place = new URL(target, page);
  if (place.origin !== realm.origin) return `leads to ${place.protocol}//${place.host}`;
  if (/^[/\\]{2}/.test(place.pathname)) return 'would leave when only its path is kept';
  const path = decoded(place.pathname);
  if (realm.basePath !== '' && path !== realm.basePath && !path.startsWith(`${realm.basePath}/`))
    return 'leads outside the base path';
  const below = path.slice(realm.basePath.length).toLowerCase();
  const closed = realm.closed.find((prefix) => below === prefix || below.startsWith(`${prefix}/`));
  return closed === undefined ? undefined : `leads to ${closed}`;
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
