import { createHook } from 'node:async_hooks';

/** A tick of this process. Kept for its shape alone. */
let kept: object | undefined;

/**
 * Keeps the hidden class alive that V8 gives to whatever waits in `process.nextTick`. It collects a class of which no object is
 * left, and where that happens to this one, because a full collection finds the queue empty, the code that makes ticks never
 * learns it again (V8's DefineKeyedOwnPropertyInLiteral): each tick, some of every request, then takes the slow way for good. An
 * anonymous answer costs a sixth more in such a process, and any process may become one. To be called before the first of
 * these collections.
 * Returns whether Node still makes ticks of that kind; its only effect is on time.
 */
export function keepTickShape(): boolean {
  const hook = createHook({
    init: (_id, type, _trigger, resource) => {
      if (type === 'TickObject') kept ??= resource;
    },
  });
  hook.enable();
  process.nextTick(() => undefined);
  hook.disable();
  return kept !== undefined;
}
