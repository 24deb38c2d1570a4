import { hmacToken } from '../signing-key.js';
import type { TokenLie } from './lie.types.js';
import { byStranger, flipped, signedAs, unprotected } from './token-forgery.js';

/** What may not pass where another algorithm than RS256 is configured, and RS256 keys are published as well. */
export const ALGORITHM_LIES: readonly TokenLie[] = [
  {
    rows: ['A-32', 'D-02', 'E-17', 'F-06'],
    lie: 'a broken signature',
    tell: ({ token }) => flipped(token),
  },
  {
    rows: ['C-19', 'D-04', 'E-18', 'F-07'],
    lie: 'RS256 by a real key of the provider',
    tell: ({ claims, published: [rsa], stranger }) => (rsa ?? stranger).sign(claims),
  },
  {
    rows: ['C-19', 'E-18', 'F-07'],
    lie: 'RS512 by a real key of the provider',
    tell: ({ claims, published: [rsa], stranger }) => signedAs('RS512', rsa ?? stranger, claims),
  },
  {
    rows: ['C-18', 'E-18', 'F-07'],
    lie: 'no signature (`alg: none`)',
    tell: ({ claims }) => unprotected({ alg: 'none' }, claims),
  },
  {
    rows: ['A-33', 'E-18', 'F-08'],
    lie: 'HS256 by the client secret',
    tell: ({ claims, clientSecret }) => hmacToken(claims, clientSecret),
  },
  {
    rows: ['A-32', 'A-10'],
    lie: "a stranger's signature under the right `kid` and algorithm",
    tell: byStranger(({ header }) => ({ kid: header['kid'], alg: header['alg'] })),
  },
];
