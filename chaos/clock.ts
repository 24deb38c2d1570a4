/**
 * Preloaded into a replica: a message sets its clock ahead or back, as a time server or a machine that was asleep
 * does. Timers go on by the steady clock, as they do then.
 */
const RealDate = Date;
const realNow = RealDate.now;
let aheadMs = 0;
const now = (): number => realNow() + aheadMs;

RealDate.now = now;
globalThis.Date = new Proxy(RealDate, {
  construct: (target, given: unknown[], newTarget) =>
    Reflect.construct(target, given.length === 0 ? [now()] : given, newTarget) as object,
});

process.on('message', (message) => {
  if (typeof message !== 'object' || message === null || !('aheadMs' in message)) return;
  aheadMs = Number(message.aheadMs);
  process.send?.({ aheadMs });
});
// The listener holds the channel open, and an open channel would keep an ended process alive.
process.channel?.unref();
