import type { StepUpConfig } from '../config/config.types.js';
import type { LiveSession } from '../domain/session.js';
import type { TokenSet } from '../domain/token-set.js';
import { VestibuleError } from '../errors/vestibule.error.js';

/**
 * Judges whether a login is strong and recent enough (RFC 9470). The tokens are looked at only for their scopes.
 * @throws VestibuleError `step_up_required` (the members say what is asked for), `insufficient_scope`
 */
export function checkStepUp(
  { acr, maxAgeS, scopes }: StepUpConfig,
  { record: { identity } }: LiveSession,
  tokens: TokenSet | undefined,
  now: number,
): void {
  const strong = acr.length === 0 || (identity.acr !== undefined && acr.includes(identity.acr));
  const recent =
    maxAgeS === undefined ||
    (identity.authTime !== undefined && identity.authTime + maxAgeS >= now / 1000);
  if (!strong || !recent) {
    throw new VestibuleError('step_up_required', {
      members: {
        ...(acr.length > 0 && { acr_values: acr.join(' ') }),
        ...(maxAgeS !== undefined && { max_age: maxAgeS }),
      },
    });
  }
  const granted = new Set((tokens?.scope ?? '').split(' '));
  const lacking = scopes.filter((scope) => !granted.has(scope));
  if (lacking.length > 0)
    throw new VestibuleError('insufficient_scope', { members: { scope: lacking.join(' ') } });
}
