import { jsonOf } from './http-exchange.js';
import { PATHS, type AnsweredCall, type OpHost } from './op-host.js';

/** Refreshes that the provider was asked for, and answered. */
export function refreshesAt(op: OpHost): AnsweredCall[] {
  return op.callsOf(PATHS.token).filter(({ body }) => body.includes('grant_type=refresh_token'));
}

/** The refresh token that was sent. */
export function sentToken(call: AnsweredCall | undefined): string | null {
  return new URLSearchParams(call?.body).get('refresh_token');
}

/** The tokens of an answer. */
export function tokensIn(call: AnsweredCall | undefined): {
  readonly access: string;
  readonly refresh: string;
} {
  const answer = jsonOf(call?.answer ?? { body: '{}' });
  return { access: String(answer['access_token']), refresh: String(answer['refresh_token']) };
}

export interface HeldAnswer {
  /** Resolves when the provider has acted and its answer waits. */
  readonly arrived: Promise<void>;
  /** Lets it go. */
  release(): void;
}

/** The provider's next answers of a path wait until they are released. */
export function holdAnswer(op: OpHost, path: string): HeldAnswer {
  const arrived = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  op.rewrite(path, async (answer) => {
    arrived.resolve();
    await released.promise;
    return answer;
  });
  return { arrived: arrived.promise, release: () => released.resolve() };
}
