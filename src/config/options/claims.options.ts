import { optional, withDefault } from '../option.js';
import { list } from '../values/basic-values.js';
import { claimMapping, claimName } from '../values/provider-values.js';

const nameOf = ({ name }: { readonly name: string }): string => name;

/** Section `claims`: which of the claims that a session keeps are told to whom. */
export const claimsOptions = {
  page: optional({
    key: 'page',
    env: 'PAGE_CLAIMS',
    type: list('claim names', claimName),
    otherwise: 'all that the session keeps (`providers[].claims`)',
    doc: 'Claims that a page sees in `GET /session`, besides `sub`. Empty shows none.',
  }),
  headers: withDefault({
    key: 'headers',
    env: 'HEADER_CLAIMS',
    type: list('claim names', claimMapping, nameOf),
    default: 'email,name,groups',
    doc: 'Claims that APIs get in headers: `email` as `X-Auth-Email`; `roles=realm_roles` sends the claim `realm_roles` of the session as `X-Auth-Roles`. Each is always set, empty where there is no value.',
  }),
  assertion: withDefault({
    key: 'assertion',
    env: 'ASSERTION_CLAIMS',
    type: list('claim names', claimMapping, nameOf),
    default: 'email,name,groups',
    doc: 'Claims that APIs get in the identity assertion, under their name or another (`roles=realm_roles`).',
  }),
};
