import type { Excuse } from './row.types.ts';

/** The rows, or the parts of rows, that no test names. */
export const EXCUSES: readonly Excuse[] = [
  {
    rows: ['A-21', 'A-22', 'A-23'],
    reason: 'not offered',
    note: 'clients and issuers are configured: nobody is registered, and no issuer is looked up for a person',
  },
  {
    rows: ['A-24', 'A-25'],
    reason: 'not offered',
    note: 'an authorization request goes by its parameters, never as a request object',
  },
  {
    rows: ['A-31'],
    reason: 'not offered',
    note: 'userinfo is asked with the header only',
  },
  {
    rows: ['A-35', 'A-36', 'A-37'],
    reason: 'not offered',
    note: 'hybrid flow: only codes are asked for',
  },
  {
    rows: ['B-14', 'F-46', 'F-47', 'F-48'],
    reason: 'not offered',
    note: 'no check-session iframe: browsers withhold the cookies it needs; back-channel logout and the event stream do its work',
  },
  {
    rows: ['C-01', 'H-22', 'H-23', 'H-24', 'H-25', 'D-50', 'P-48'],
    reason: 'not offered',
    note: 'pushed authorization requests, and FAPI 2.0 which needs them',
  },
  {
    rows: [
      'C-02',
      'C-03',
      'C-04',
      'C-22',
      'C-23',
      'H-26',
      'H-27',
      'H-28',
      'H-29',
      'H-30',
      'H-31',
      'D-46',
      'D-47',
      'D-48',
      'D-49',
    ],
    reason: 'not offered',
    note: 'there is no DPoP: tokens are bearer tokens that never leave the server',
  },
  {
    rows: ['C-24', 'C-25'],
    reason: 'not offered',
    note: 'no JARM: answers come as parameters, and PKCE and `iss` bind them',
  },
  {
    rows: ['C-26', 'C-27'],
    reason: 'library or provider',
    note: 'how much of our clock a provider takes; our own tolerance is D-13 and R-22',
  },
  {
    rows: ['D-53', 'D-56'],
    reason: 'library or provider',
    note: 'what openid-client does not do or is not certified for; the product’s own part is named by B-12, F-43 and A-16 to A-20',
  },
  {
    rows: ['F-28'],
    part: 'plain ones refused',
    reason: 'not offered',
    note: 'a plain logout token is taken also where ID tokens are encrypted: it is signed, and the row is a SHOULD; encrypted ones are opened',
  },
  {
    rows: ['F-41'],
    reason: 'not offered',
    note: 'tokens of a session that is ended from outside cannot be revoked: nobody can open them without the cookie (SECURITY.md)',
  },
  {
    rows: ['H-34'],
    part: 'public clients',
    reason: 'library or provider',
    note: 'some providers have no other (eudiw); it must be written or be the profile’s, and PKCE binds the code',
  },
  {
    rows: ['J-01', 'J-40', 'J-41'],
    reason: 'library or provider',
    note: 'express-session’s blob holds nothing that is written twice; there is no `ids`, `all` or `clear`',
  },
  {
    rows: ['J-30'],
    reason: 'library or provider',
    note: 'no handler touches `req.session`: sessions end in the store, and express-session sees a request only while a login is answered',
  },
  {
    rows: ['J-39'],
    reason: 'library or provider',
    note: 'connect-redis is not used',
  },
  {
    rows: ['J-44'],
    part: 'limit',
    reason: 'library or provider',
    note: 'a session is as large as the tokens that the provider gave (its answer is read up to 1 MiB); what each request reads is the small record beside them',
  },
  {
    rows: ['K-05', 'K-15'],
    reason: 'library or provider',
    note: 'settings that are not used: endless retries, blind resending',
  },
  {
    rows: ['K-18', 'K-32', 'R-08', 'R-09'],
    reason: 'network',
    note: 'need a clock, replicas or networks that tests on one machine do not have; the code path is the outage’s',
  },
  {
    rows: ['K-26'],
    reason: 'not offered',
    note: 'replicas are never read',
  },
  {
    rows: ['P-13', 'P-43'],
    reason: 'not offered',
    note: 'no login starts by itself, a silent one neither: there is nothing to call off at a logout',
  },
  {
    rows: ['P-35'],
    part: '`invalid_client`',
    reason: 'not offered',
    note: 'that is our own setting and no reason to log anybody out (as ATK-74 has it)',
  },
  {
    rows: ['P-51'],
    part: 'tombstones',
    reason: 'not offered',
    note: 'there is no tombstone by subject: sessions end by index',
  },
  {
    rows: ['R-14'],
    part: 'bounded sockets',
    reason: 'not offered',
    note: 'a login that waits holds one for `OIDC_TIMEOUT` at most; under a common limit logins would keep refreshes back until nobody knows whether they were sent',
  },
  {
    rows: ['R-25'],
    part: 'short first life',
    reason: 'not offered',
    note: 'a session whose answer was lost lives as long as any that nobody uses: nobody holds its cookie, and the list of devices shows it',
  },
  {
    rows: ['R-37'],
    part: 'two formats',
    reason: 'later',
    note: 'there is one format so far; a record of another is no session and no error',
  },
  {
    rows: ['R-38'],
    part: 'two client secrets',
    reason: 'library or provider',
    note: 'at a time this side sends one; to take both for a while is the provider’s part',
  },
  {
    rows: ['ATK-61'],
    reason: 'not offered',
    note: 'one instance serves one origin',
  },
  {
    rows: ['ATK-103'],
    part: 'SIGHUP',
    reason: 'not offered',
    note: 'the configuration is read once, at the start, as a whole or not at all; another one is another start',
  },
  {
    rows: ['ATK-48'],
    part: 'Partitioned, Domain and Path',
    reason: 'not offered',
    note: 'the session cookie has neither Partitioned nor Domain, and the path of `PUBLIC_URL`',
  },
  {
    rows: ['ATK-86'],
    part: 'HTTP/2',
    reason: 'not offered',
    note: 'APIs are spoken to by HTTP/1.1',
  },
  {
    rows: ['A-26'],
    part: 'plain JSON in place of a signature',
    reason: 'not offered',
    note: 'no client registers a signing algorithm for userinfo; what comes signed is verified, also when it calls itself JSON',
  },
  {
    rows: ['D-55'],
    reason: 'not offered',
    note: "each process fetches a provider's keys itself: none are ever read from Redis",
  },
];
