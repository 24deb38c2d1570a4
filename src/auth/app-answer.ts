import { VestibuleError } from '../errors/vestibule.error.js';

/** What an application hands in of the provider's answer (RFC 6749 §4.1.2, RFC 9207 §2); all else is ignored. */
const MEMBERS = ['code', 'state', 'iss', 'error'] as const;
/** Codes of some providers are tokens of more than a thousand characters. */
const MAX_LENGTH = 8_192;

/**
 * The members of an application's JSON as the parameters of a callback.
 * @throws VestibuleError `bad_request` for a member that is no string, or too long
 */
export function toCallbackParameters(body: ReadonlyMap<string, unknown>): URLSearchParams {
  const parameters = new URLSearchParams();
  for (const name of MEMBERS) {
    const value = body.get(name);
    if (value === undefined) continue;
    if (typeof value !== 'string' || value.length > MAX_LENGTH)
      throw new VestibuleError('bad_request', { detail: `member ${name} is no string of ours` });
    parameters.set(name, value);
  }
  return parameters;
}
