import type { Lie } from './lie.types.js';

/** Members of the token answer that are told as a logout token. */
export const KIND_LIES: readonly Lie<'id_token' | 'access_token' | 'refresh_token'>[] = [
  { rows: ['E-21'], lie: 'the ID token of a session', tell: 'id_token' },
  { rows: ['E-21'], lie: 'the access token of a session', tell: 'access_token' },
  { rows: ['E-21'], lie: 'the refresh token of a session', tell: 'refresh_token' },
];
