import type { ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { fakeExchange } from '../../test/support/fake-exchange.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import { BindRoute } from '../http/route.decorator.js';
import type { SessionOnRequest, SessionReader } from './session-reader.js';
import { SessionGuard } from './session.guard.js';

class Handlers {
  @BindRoute('sessions')
  closed(this: void): void {}

  @BindRoute('login')
  open(this: void): void {}

  unbound(this: void): void {}
}

const { closed, open, unbound } = Handlers.prototype;
const refusal = (code: string, more: object = {}) => expect.objectContaining({ code, ...more });

/** Whether the guard lets a request pass to the handler, where the session of the request reads as told. */
function passes(
  handler: () => void,
  read: () => Promise<Partial<SessionOnRequest>>,
): Promise<boolean> {
  const { req } = fakeExchange();
  const context = {
    getHandler: () => handler,
    switchToHttp: () => ({ getRequest: () => req }),
  } as unknown as ExecutionContext;
  return new SessionGuard(new Reflector(), { read } as unknown as SessionReader).canActivate(
    context,
  );
}

describe('the session guard', () => {
  it('opens a handler to whoever has a session', async () => {
    await expect(passes(closed, async () => ({ kind: 'live' }))).resolves.toBe(true);
  });

  it('refuses whoever has none, and says why theirs ended (J-42)', async () => {
    await expect(
      passes(closed, async () => ({ kind: 'anonymous', reason: 'logout' })),
    ).rejects.toEqual(refusal('unauthenticated', { members: { reason: 'logout' } }));
  });

  it('stays shut when nobody can tell whether there is a session (J-21, J-42, E-51)', async () => {
    const away = () => Promise.reject(new VestibuleError('store_unavailable'));
    await expect(passes(closed, away)).rejects.toEqual(refusal('store_unavailable'));
  });

  it('stays shut before a handler that has no row in the route table (J-42)', async () => {
    await expect(passes(unbound, async () => ({ kind: 'live' }))).rejects.toEqual(
      refusal('not_found'),
    );
  });

  it('asks for no session where the row is open', async () => {
    const nobody = () => Promise.reject(new Error('the session was asked for'));
    await expect(passes(open, nobody)).resolves.toBe(true);
  });
});
