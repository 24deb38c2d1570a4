import { ERROR_CATALOGUE } from '../../../src/errors/error-catalogue.js';
import { cookiesSet, jsonOf, type Hop } from '../http-exchange.js';
import { errorCodeOf } from '../html-page.js';
import type { UserAgent } from '../user-agent.js';
import type { Asked, AskedCall, Scene } from './scene.js';

/** What became of a lie. */
export interface Verdict {
  /** Status and code of the answer. */
  readonly answer: string;
  /** The answer is an error page or a problem of ours. */
  readonly isOurs: boolean;
  /** Session cookies that were set on the way; names only. */
  readonly cookies: readonly string[];
  /** Status of `GET /session` afterwards. */
  readonly session: number;
  /** What the provider was asked after the lie was told. */
  readonly afterwards: readonly AskedCall[];
}

/** @param told how many calls there were when the lie was told */
export async function judge(
  scene: Scene,
  person: UserAgent,
  { page, told }: { readonly page: Hop; readonly told: number },
): Promise<Verdict> {
  const { cookieName, origin } = scene.bff;
  const afterwards = scene.asked().slice(told);
  const code = codeOf(page);
  return {
    answer: [page.status, code].join(' ').trim(),
    isOurs: page.url.startsWith(origin) && code !== undefined && code in ERROR_CATALOGUE,
    cookies: person.hops
      .flatMap(cookiesSet)
      .filter((line) => line.startsWith(`${cookieName}=`) && !line.startsWith(`${cookieName}=;`))
      .map(() => cookieName),
    session: (await scene.session(person)).status,
    afterwards,
  };
}

/** How many calls there are with the first one of a kind that came after `since`. */
export function upTo(scene: Scene, what: Asked, since: number): number {
  const at = scene.asked().findIndex((call, index) => index >= since && call.what === what);
  if (at === -1) throw new Error(`the provider was not asked for ${what}`);
  return at + 1;
}

export function namesOf(calls: readonly AskedCall[]): Asked[] {
  return calls.map(({ what }) => what);
}

/** The tokens that a call of the token endpoint brought, as far as it brought any. */
export function tokensOf({ answer }: AskedCall): unknown[] {
  try {
    const { access_token: accessToken, refresh_token: refreshToken } = jsonOf(answer);
    return [refreshToken, accessToken];
  } catch {
    // A lie need not be JSON, nor an object.
    return [];
  }
}

/** The token that a revocation names. */
export function revokedBy({ body }: AskedCall): string | null {
  return new URLSearchParams(body).get('token');
}

function codeOf({ headers, body }: Hop): string | undefined {
  const type = String(headers['content-type']);
  if (type.includes('problem+json')) return String(jsonOf({ body })['code']);
  return type.includes('text/html') ? errorCodeOf(body) : undefined;
}
