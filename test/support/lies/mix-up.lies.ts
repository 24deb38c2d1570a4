import type { Lie } from './lie.types.js';

/** What arrives, of the true answers of two providers to two logins of one browser. */
export type TellMixUp = (one: URL, two: URL) => URL;

export interface MixUpLie extends Lie<TellMixUp> {
  /** The first provider was asked for the tokens of the code, and refused. */
  readonly redeemed?: true;
}

/** The answer at another path, with other parameters; undefined takes one away. */
function moved(
  answer: URL,
  path: string,
  changes: Readonly<Record<string, string | undefined>> = {},
): URL {
  const target = new URL(`${path}${answer.search}`, answer);
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) target.searchParams.delete(name);
    else target.searchParams.set(name, value);
  }
  return target;
}
const of = (answer: URL, name: string): string => answer.searchParams.get(name) ?? '';

/** Providers `one` and `two`, each with a redirect URI of its own (RFC 9700 §4.4). */
export const MIX_UP_LIES: readonly MixUpLie[] = [
  {
    rows: ['ATK-35', 'H-14'],
    lie: 'the answer of one at the address of the other',
    tell: (one) => moved(one, '/callback/two'),
  },
  {
    rows: ['ATK-35', 'H-14'],
    lie: 'the answer of one at the address of neither',
    tell: (one) => moved(one, '/callback'),
  },
  {
    rows: ['ATK-35', 'H-14', 'H-18'],
    lie: 'the code and `iss` of the other with the `state` of this one',
    tell: (one, two) => moved(two, '/callback/one', { state: of(one, 'state') }),
  },
  {
    rows: ['ATK-35', 'H-19'],
    lie: 'the code of the other with the `state` of this one, and no `iss`',
    tell: (one, two) => moved(two, '/callback/one', { state: of(one, 'state'), iss: undefined }),
  },
  {
    rows: ['ATK-35', 'H-06'],
    lie: 'the code of the other with `state` and `iss` of this one',
    tell: (one, two) =>
      moved(two, '/callback/one', { state: of(one, 'state'), iss: of(one, 'iss') }),
    redeemed: true,
  },
];
