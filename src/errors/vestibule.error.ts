import { errorEntry, type ErrorCode } from './error-catalogue.js';

/** Whom an error is about; for the audit stream only. */
export interface ErrorSubject {
  readonly provider?: string;
  readonly issuer?: string;
  readonly subject?: string;
}

interface ErrorDetails {
  readonly cause?: unknown;
  /** For the log only; must hold no secret. */
  readonly detail?: string;
  /** Extra members of the problem document; must hold no secret. */
  readonly members?: Readonly<Record<string, string | number>>;
  readonly about?: ErrorSubject;
}

/** The one exception of the product: a code of the catalogue, what caused it, and a detail for the operator. */
export class VestibuleError extends Error {
  override readonly name = 'VestibuleError';
  readonly detail?: string;
  readonly members?: Readonly<Record<string, string | number>>;
  /** More is learnt of it on the way up. */
  about: ErrorSubject;

  constructor(
    readonly code: ErrorCode,
    { cause, detail, members, about = {} }: ErrorDetails = {},
  ) {
    super(code, cause === undefined ? undefined : { cause });
    if (detail !== undefined) this.detail = detail;
    if (members !== undefined) this.members = members;
    this.about = about;
  }

  get status(): number {
    return errorEntry(this.code).status;
  }
}

/** Any thrown value as a VestibuleError; what nobody translated becomes `internal_error`. */
export function toVestibuleError(error: unknown): VestibuleError {
  return error instanceof VestibuleError
    ? error
    : new VestibuleError('internal_error', { cause: error });
}
