import { errorEntry } from './error-catalogue.js';
import type { VestibuleError } from './vestibule.error.js';

/** The body of an RFC 9457 answer. `code` is stable, the rest is for people. */
export interface ProblemDetails {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly request_id: string;
  readonly [member: string]: string | number;
}

export function toProblem(error: VestibuleError, requestId: string): ProblemDetails {
  const entry = errorEntry(error.code);
  return {
    ...error.members,
    type: 'about:blank',
    title: entry.title,
    status: entry.status,
    code: error.code,
    detail: entry.remedy,
    request_id: requestId,
  };
}
