import { z } from 'zod';
import type { ClaimMapping } from '../provider-config.types.js';
import { text } from './basic-values.js';
import { accept, refuse, valueType, type Judged, type ValueType } from './value-type.js';

const CLAIM = /^[\x21-\x2b\x2d-\x3c\x3e-\x7e]{1,200}$/;

/** RFC 6749 §3.3. That `openid` is among them is a rule of its own: plain OAuth 2.0 does without. */
export const scope: ValueType<string> = valueType({
  label: 'scopes separated by spaces',
  remedy: "separate the scopes by spaces, such as 'openid profile email'",
  input: z.string(),
  judge: (given): Judged<string> => {
    const scopes = given.split(' ').filter((part) => part !== '');
    const wrong = scopes.some((part) => !/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(part));
    return wrong || scopes.length === 0
      ? refuse('must be scopes separated by spaces')
      : accept([...new Set(scopes)].join(' '));
  },
});

export const claimName = text(
  'a claim name',
  CLAIM,
  'write the name of a claim, or a path such as realm_access.roles',
);

/** `email`, or `roles=realm_access.roles`: the name in the session, and where it comes from. */
export const claimMapping: ValueType<ClaimMapping> = valueType({
  label: 'a claim name or name=source',
  remedy: 'list claim names, such as name, email, roles=realm_access.roles',
  input: z.string(),
  judge: (given): Judged<ClaimMapping> => {
    const [name = '', source = name, ...more] = given.split('=');
    return CLAIM.test(name) && CLAIM.test(source) && more.length === 0
      ? accept({ name, source })
      : refuse('must be a claim name or name=source');
  },
});

export interface NamedValue {
  readonly name: string;
  readonly value: string;
}

function namedValue(label: string, remedy: string, name: RegExp): ValueType<NamedValue> {
  return valueType({
    label,
    remedy,
    input: z.string(),
    judge: (given): Judged<NamedValue> => {
      const at = Math.max(given.indexOf('='), 0);
      const pair = { name: given.slice(0, at), value: given.slice(at + 1) };
      return name.test(pair.name) && /^\P{C}{1,500}$/u.test(pair.value)
        ? accept(pair)
        : refuse(`must be ${label}`);
    },
  });
}

/** `department=sales`: a claim and the value that it must have, or hold among others. */
export const claimRule = namedValue(
  'claim=value',
  'write the claim, an equals sign and the value that it must have',
  CLAIM,
);

/** What an authorization request says is ours to decide, but for what only the provider knows. */
const OWN =
  'client_id|client_secret|redirect_uri|response_type|response_mode|scope|state|nonce|code_challenge|code_challenge_method|request|request_uri';

/** `access_type=offline`: one more parameter of the authorization request. */
export const authorizationParameter = namedValue(
  'name=value, and no parameter that Vestibule sets itself',
  'list parameters, such as access_type=offline, prompt=consent; scope and the like have options of their own',
  new RegExp(`^(?!(?:${OWN})$)[A-Za-z0-9._~-]{1,64}$`),
);

/** A domain as it stands after the @ (RFC 5321 §4.1.2), compared whole: no wildcard, no leading dot. */
export const domain = text(
  'a domain such as example.com, in lower case',
  /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+$/,
  'write the domain alone, in lower case (xn-- for other scripts), without @ and without a star',
);

export const email = text(
  'an e-mail address in lower case',
  /^[^\s\p{C}@"(),:;<>[\\\]*A-Z]{1,64}@(?:[a-z0-9-]{1,63}\.)+[a-z0-9-]{2,63}$/u,
  'write one whole address, such as alice@example.com; a domain is a rule of its own',
);

export const group = text(
  'the name of a group',
  /^[^\s,](?:[^,\n\r]{0,254}[^\s,])?$/,
  'write the group as the provider names it',
);

export const errorCode = text(
  'an OAuth error code',
  /^[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]{1,64}$/,
  'write error codes, such as invalid_grant',
);
