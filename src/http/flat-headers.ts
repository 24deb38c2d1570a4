/** Header names in lower case and their values, in turn: what `writeHead` takes without a look at each. */
export type FlatHeaders = readonly string[];

export function hasName(headers: FlatHeaders, name: string): boolean {
  for (let at = 0; at < headers.length; at += 2) if (headers[at] === name) return true;
  return false;
}

export function* pairsOf(headers: FlatHeaders): Generator<readonly [name: string, value: string]> {
  for (let at = 0; at < headers.length; at += 2) yield [headers[at] ?? '', headers[at + 1] ?? ''];
}
