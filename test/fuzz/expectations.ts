import { validateHeaderValue } from 'node:http';
import type { ErrorCode } from '../../src/errors/error-catalogue.js';
import { VestibuleError } from '../../src/errors/vestibule.error.js';
import type { EventFields, EventLog } from '../../src/logging/event-log.js';
import type { FlatHeaders } from '../../src/http/flat-headers.js';

/** Fails the input when something that must be true is not. */
export function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

/** What a call gave, or undefined for a refusal by one of these codes; anything else that is thrown is a finding. */
export function given<T>(codes: readonly ErrorCode[], call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    return refusal(codes, error);
  }
}

/** The same for a promise. */
export async function givenLater<T>(
  codes: readonly ErrorCode[],
  call: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    return refusal(codes, error);
  }
}

function refusal(codes: readonly ErrorCode[], error: unknown): undefined {
  if (!(error instanceof VestibuleError)) throw error;
  if (!codes.includes(error.code))
    throw new Error(`refused by ${error.code} (${error.detail ?? ''})`, { cause: error });
  return undefined;
}

/** Every value may stand in a header: no control character, nothing beyond a byte (RFC 9110 §5.5). */
export function mustBeHeaders(headers: FlatHeaders): void {
  must(headers.length % 2 === 0, 'names and values do not go by twos');
  for (let at = 0; at < headers.length; at += 2)
    validateHeaderValue(headers[at] ?? '', headers[at + 1] ?? '');
}

/** A log that keeps nothing, and takes no secret: `secrets` must not stand in any field. */
export function watchedLog(secrets: readonly string[] = []): EventLog {
  return {
    event: (name, fields: EventFields = {}) => {
      for (const value of Object.values(fields))
        for (const secret of secrets)
          must(!String(value).includes(secret), `the event ${name} tells a secret`);
    },
    wants: () => true,
  };
}
