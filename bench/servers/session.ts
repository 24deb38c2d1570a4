/** A session that holds what one of Vestibule's does: a user, and the tokens that no page sees. */
export interface PeerSession {
  readonly user: { readonly sub: string; readonly name: string };
  readonly tokens: { readonly access_token: string };
}

/** As long as JSON as the two records that Vestibule keeps. */
export function sessionOfSize(environment: NodeJS.ProcessEnv): PeerSession {
  const [recordBytes, tokenBytes] = [environment['RECORD_BYTES'], environment['TOKEN_BYTES']];
  return {
    user: { sub: 'alice', name: 'x'.repeat(Math.max(Number(recordBytes) - 100, 0)) },
    tokens: { access_token: 'x'.repeat(Number(tokenBytes)) },
  };
}
