import * as fc from 'fast-check';
import type { ClaimMapping } from '../../../src/config/provider-config.types.js';
import { isAllowed, claimsOfRules } from '../../../src/provider/allow-rules.js';
import { claimAt } from '../../../src/provider/claim-path.js';
import { toIdentity } from '../../../src/provider/identity.mapper.js';
import { mergeClaims } from '../../../src/provider/merged-claims.js';
import {
  readTokenAnswer,
  tokensToRevoke,
  toAudienceToken,
  toTokenSet,
} from '../../../src/provider/token-answer.js';
import { headBytes } from '../../../src/session/record-codec.js';
import { tokenSet } from '../../support/session-fixtures.js';
import { given, must } from '../expectations.js';
import { target, type FuzzTarget } from '../fuzz-target.js';
import { anyJson, changedObject } from '../inputs/json-values.js';

const NOW = Date.UTC(2026, 0, 1);
const ANSWER = {
  access_token: 'a',
  token_type: 'Bearer',
  refresh_token: 'r',
  id_token: 'i',
  expires_in: 300,
  scope: 'openid',
};

const tokenAnswer = target({
  name: 'token answer',
  files: ['provider/token-answer.ts'],
  inputs: fc.record({
    raw: changedObject(ANSWER, {
      token_type: ['bearer', 'BEARER', 'DPoP', 'mac'],
      expires_in: [
        '300',
        '0',
        '-1',
        ' 5',
        1e300,
        0.0001,
        1e-320,
        '999999999999999',
        '9999999999999999',
      ],
      scope: [['a', 'b'], ['a', 1], 'a b'],
      error: ['invalid_grant', '', null],
      access_token: ['x'.repeat(65_537), 'x'.repeat(65_536)],
    }),
    optional: fc.boolean(),
    again: fc.boolean(),
  }),
  check: ({ raw, optional, again }) => {
    for (const token of Object.values(tokensToRevoke(raw)))
      must(Object.values(raw).includes(token) && token !== '', 'a token that did not come');
    const answer = given(['login_rejected'], () =>
      readTokenAnswer(raw, { accessTokenOptional: optional }),
    );
    if (answer === undefined) return;
    must(textOf(raw['token_type']).toLowerCase() === 'bearer', 'another type of token');
    const { accessToken, expiresIn } = answer;
    must(optional || accessToken !== undefined, 'no access token');
    must(
      expiresIn === undefined || (expiresIn > 0 && expiresIn <= 31_536_000),
      'a life without sense',
    );
    const before = tokenSet({ audiences: {} });
    const tokens = toTokenSet(answer, NOW, again ? before : undefined);
    const end = tokens.accessTokenExpiresAt ?? NOW;
    must(Number.isSafeInteger(end) && end >= NOW, 'no instant');
    headBytes(end);
    must(tokens.accessToken === accessToken, 'an old access token goes on as a new one');
    must(
      JSON.stringify(JSON.parse(JSON.stringify(tokens))) === JSON.stringify(tokens),
      'it cannot be kept',
    );
    const other = given(['login_rejected'], () => toAudienceToken(answer, NOW));
    must((other === undefined) === (accessToken === undefined), 'a token for nobody');
  },
});

const CLAIMS = {
  sub: 'user-1',
  email: 'a@example.com',
  email_verified: true,
  name: 'Ann',
  groups: ['staff', 'dev'],
  hd: 'example.com',
  realm_access: { roles: ['admin'] },
  'https://example.com/roles': ['x'],
  resource_access: { 'my.app': { roles: ['user'] } },
  acr: 'loa2',
  amr: ['pwd'],
  sid: 'sid-1',
  auth_time: 1_767_225_600,
  session_expiry: 1_767_300_000,
};
const OTHER_CLAIMS = {
  email: [
    'A@EXAMPLE.COM',
    'a@example.com@evil.example',
    '"a"@example.com',
    'a@evil.example',
    'a@example.com.',
    'a@exampIe.com',
    'ａ@example.com',
    'a@\u212aexample.com',
  ],
  email_verified: ['true', 'false', false, 1, 'TRUE', null],
  groups: ['staff', ['staff', 1], [['staff']], { 0: 'staff' }, 'staff,dev', null],
  realm_access: [null, [], 'admin', { roles: 'admin' }, { roles: [true] }],
  session_expiry: [0, -1, 1.5, 1_767_225_600.123_456, 1e11, 1e10, '1767300000'],
  auth_time: [1.5, -1, 1e300, '1'],
};
const PATHS = [
  'email',
  'groups',
  'realm_access.roles',
  'https://example.com/roles',
  'resource_access.my.app.roles',
  'a.b.c',
  '',
  '.',
  '..',
  '__proto__',
  'constructor',
  'constructor.name',
  'toString',
  'groups.0',
  'groups.length',
  'email.length',
  '__proto__.x',
  'sub.',
];
const mappings: readonly ClaimMapping[] = [
  ...PATHS.map((source, at) => ({ name: `claim_${at}`, source })),
  ...['__proto__', 'constructor', 'prototype'].map((name) => ({ name, source: 'email' })),
];

const claims = target({
  name: 'claims',
  files: ['provider/claim-path.ts', 'provider/identity.mapper.ts', 'provider/merged-claims.ts'],
  inputs: fc.record({
    proof: changedObject(CLAIMS, OTHER_CLAIMS),
    userinfo: changedObject(CLAIMS, OTHER_CLAIMS),
    path: fc.oneof(fc.constantFrom(...PATHS), fc.string({ maxLength: 12 })),
    value: anyJson,
  }),
  check: ({ proof, userinfo, path, value }) => {
    const told = mergeClaims(proof, userinfo);
    mustBeOfOneSource(told, [proof, userinfo]);
    must(isJson(claimAt(told, path)), 'what objects inherit is no claim');
    must(claimAt({ [path]: value }, path) === (value ?? undefined), 'a whole name counts first');
    const source = {
      provider: 'one',
      issuer: 'https://one.example',
      subject: 'user-1',
      proof,
      told,
    };
    const identity = given(['login_rejected'], () => toIdentity(source, mappings));
    if (identity === undefined) return;
    for (const [name, one] of Object.entries(identity.claims)) {
      const from = mappings.find((mapping) => mapping.name === name)?.source ?? '';
      must(one === claimAt(told, from) && isJson(one), `the claim ${name}`);
    }
    must(Object.getPrototypeOf(identity.claims) === Object.prototype, 'a claim became a prototype');
    must(
      identity.sessionExpiry === undefined || identity.sessionExpiry > 0,
      'a ceiling of no sense',
    );
    must(JSON.stringify(identity).length <= 32_768, 'too large to be read with each request');
  },
});

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function isJson(value: unknown): boolean {
  return typeof value !== 'function' && typeof value !== 'symbol';
}

/** An address is only verified by whoever named this address. */
function mustBeOfOneSource(
  told: Readonly<Record<string, unknown>>,
  sources: readonly Readonly<Record<string, unknown>>[],
): void {
  const { email, email_verified: verified } = told;
  must(
    verified === undefined ||
      sources.some(
        (one) => (one['email'] ?? undefined) === email && one['email_verified'] === verified,
      ),
    'one source verified the address of another',
  );
}

const rules = fc.record({
  domains: fc.subarray(['example.com', 'kexample.com']),
  emails: fc.subarray(['a@example.com', 'b@other.example']),
  groups: fc.subarray(['staff', 'true', '1']),
  claims: fc.array(
    fc.record({
      claim: fc.constantFrom(...PATHS),
      value: fc.constantFrom('admin', 'user', 'Ann', 'true'),
    }),
    { maxLength: 2 },
  ),
  groupsClaim: fc.constantFrom('groups', 'realm_access.roles', '__proto__'),
  domainClaim: fc.constantFrom('hd', null),
});

const allowRules = target({
  name: 'allow rules',
  files: ['provider/allow-rules.ts', 'provider/claim-path.ts'],
  inputs: fc.record({ claims: changedObject(CLAIMS, OTHER_CLAIMS), rules }),
  check: ({ claims: told, rules: { domainClaim, ...rest } }) => {
    const asked = { ...rest, ...(domainClaim !== null && { domainClaim }) };
    must(claimsOfRules(asked).length >= rest.claims.length, 'a rule looks at nothing');
    if (!isAllowed(told, asked)) return;
    const { domains, emails, groups, groupsClaim, claims: wanted } = rest;
    const email = textOf(told['email']);
    const isVerified = ['true', true].includes(told['email_verified'] as string);
    const byAddress =
      isVerified &&
      (emails.includes(email.toLowerCase()) ||
        (domainClaim === null &&
          domains.some(
            (one) => email.toLowerCase().endsWith(`@${one}`) && email.split('@').length === 2,
          )));
    const byClaim = domainClaim !== null && domains.includes(textOf(told['hd']).toLowerCase());
    must(
      domains.length + emails.length === 0 || byAddress || byClaim,
      'an address that is not allowed',
    );
    const has = (path: string, value: string): boolean =>
      JSON.stringify(claimAt(told, path) ?? null).includes(value);
    must(groups.length === 0 || groups.some((one) => has(groupsClaim, one)), 'no group');
    must(
      wanted.every(({ claim, value }) => has(claim, value)),
      'no claim',
    );
  },
});

export const claimsTargets: readonly FuzzTarget[] = [tokenAnswer, claims, allowRules];
