import type { OAuthError } from './answers.js';

/** What a document says of one parameter. */
export interface ParameterRule {
  readonly name: string;
  readonly required?: boolean;
  /** The values that it may have; any, where nothing is said. */
  readonly values?: readonly string[];
  /** The error of another value; `invalid_request` where nothing is said. */
  readonly error?: string;
}

export interface RuleSet {
  readonly rules: readonly ParameterRule[];
  /** What happens to a parameter that no rule names; RFC 6749 §3.1 and §3.2 say `ignore`. */
  readonly others: 'ignore' | 'refuse';
}

export const required = (...names: readonly string[]): ParameterRule[] =>
  names.map((name) => ({ name, required: true }));
export const optional = (...names: readonly string[]): ParameterRule[] =>
  names.map((name) => ({ name }));

/** The one response type of the code flow (OIDC Core §3.1.2.1). */
export const CODE_ONLY: ParameterRule = {
  name: 'response_type',
  required: true,
  values: ['code'],
  error: 'unsupported_response_type',
};

/** The first thing that is wrong with a request, or undefined. An empty value counts as none (RFC 6749 §3.1). */
export function checkParameters(
  given: URLSearchParams,
  { rules, others }: RuleSet,
): OAuthError | undefined {
  const names = [...given.keys()];
  const twice = names.find((name) => given.getAll(name).length > 1);
  if (twice !== undefined) return invalid(`Parameter given more than once: ${twice}`);
  for (const rule of rules) {
    const wrong = checkOne(given.get(rule.name) ?? '', rule);
    if (wrong !== undefined) return wrong;
  }
  const unknown = names.find((name) => rules.every((rule) => rule.name !== name));
  if (others === 'ignore' || unknown === undefined) return undefined;
  return invalid(`Parameter not allowed: ${unknown}`);
}

function checkOne(value: string, rule: ParameterRule): OAuthError | undefined {
  if (value === '')
    return rule.required === true ? invalid(`Missing required parameter: ${rule.name}`) : undefined;
  if (rule.values === undefined || rule.values.includes(value)) return undefined;
  return { error: rule.error ?? 'invalid_request', description: `Invalid ${rule.name}` };
}

function invalid(description: string): OAuthError {
  return { error: 'invalid_request', description };
}
