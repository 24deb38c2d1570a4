import { ReplyError } from 'ioredis';

/** True when Redis itself answered with an error: the command is known not to have been applied. */
export function isReply(error: unknown): error is Error {
  return error instanceof ReplyError;
}

/**
 * Names a failure in one word for logs and details: Redis' error code (`OOM`, `WRONGPASS`), a system error's
 * code (`ECONNREFUSED`), or the fallback. Messages are left out: ioredis hangs the arguments of the command
 * on its errors, and Redis repeats them in some answers, passwords and records among them.
 */
export function failureName(error: unknown, fallback: string): string {
  // The first word of an error reply is its code by protocol; this reads no prose.
  if (isReply(error)) return /^[A-Z]+/.exec(error.message)?.[0] ?? fallback;
  const code = typeof error === 'object' && error !== null && 'code' in error && error.code;
  return typeof code === 'string' ? code : fallback;
}

/** A former primary that was demoted while its connections live on (K-14). Redis 6 wraps the code in a script's error. */
export function isReadOnlyReply(error: Error): boolean {
  return /(?:^|-)READONLY\b/.test(error.message);
}
