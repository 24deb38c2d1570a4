import type { TokenLie } from './lie.types.js';
import { claiming, dated, headed, saying, skewed } from './token-forgery.js';

/** What looks like a lie and is none: the same machinery lets it pass. */
export const BELIEVED: readonly TokenLie[] = [
  {
    rows: ['A-08', 'C-20'],
    lie: 'the truth, beside a decoy of the same `kid`',
    tell: ({ token }) => token,
  },
  {
    rows: ['C-14'],
    lie: 'one audience in a list',
    tell: claiming((claims, { clientId }) => ({ ...claims, aud: [clientId] })),
  },
  {
    rows: ['D-15'],
    lie: 'a second audience, and the `azp` is us',
    tell: claiming((claims, { clientId }) => ({
      ...claims,
      aud: [clientId, 'another-client'],
      azp: clientId,
    })),
    only: 'published',
  },
  { rows: ['D-13'], lie: 'an `exp` of 20 seconds ago', tell: dated('exp', -20) },
  { rows: ['ATK-102'], lie: 'a clock that is 20 seconds ahead', tell: skewed(20) },
  { rows: ['ATK-102'], lie: 'a clock that is 20 seconds behind', tell: skewed(-20) },
  { rows: ['F-15'], lie: 'a `sub` of 255 characters', tell: saying({ sub: 's'.repeat(255) }) },
  { rows: ['A-08'], lie: 'a `typ` of JWT', tell: headed({ typ: 'JWT' }) },
];
