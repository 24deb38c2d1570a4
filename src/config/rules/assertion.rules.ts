import type { Report } from '../report.js';
import type { FoundConfig } from '../sections.js';
import { signatureAlgorithmsOf } from '../values/private-keys.js';

/** Claims of an assertion that say what it is; none from a provider may stand in their place (RFC 7519 §4.1). */
export const OWN_CLAIMS: readonly string[] = [
  'iss',
  'aud',
  'sub',
  'sid',
  'exp',
  'iat',
  'nbf',
  'jti',
  'provider',
  'idp_iss',
  'auth_time',
  'acr',
  'amr',
];

/** Headers that say what they are; no claim may stand in their place. */
export const OWN_HEADERS: readonly string[] = [
  'subject',
  'issuer',
  'provider',
  'session',
  'assertion',
];

/** What APIs are told must be signed by a key that fits, and no claim may pass for a fact of ours. */
export function checkAssertion({ assertion, claims }: FoundConfig, report: Report): void {
  const { algorithm, keys } = assertion.values;
  const fits = keys?.every(
    (key) => algorithm === undefined || signatureAlgorithmsOf(key).includes(algorithm),
  );
  if (fits === false) {
    report.problem(
      assertion.key('keys'),
      `has a key that cannot sign with ${algorithm ?? ''}`,
      'give Ed25519 keys for EdDSA, P-256 keys for ES256',
    );
  }
  const wrongClaim = claims.values.assertion?.find(({ name }) => OWN_CLAIMS.includes(name));
  if (wrongClaim !== undefined) {
    report.problem(
      claims.key('assertion'),
      `has ${wrongClaim.name}, which Vestibule says itself`,
      'give the claim another name, such as provider_sub=sub',
    );
  }
  const wrongHeader = claims.values.headers?.find(
    ({ name }) => OWN_HEADERS.includes(name.toLowerCase()) || !/^[A-Za-z][A-Za-z0-9-]*$/.test(name),
  );
  if (wrongHeader !== undefined) {
    report.problem(
      claims.key('headers'),
      `has ${wrongHeader.name}, which cannot be the end of a header's name of its own`,
      'give it another name of letters, digits and hyphens, such as roles=realm_access.roles',
    );
  }
}
