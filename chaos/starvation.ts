import { readFileSync } from 'node:fs';

const TICK_MS = 20;

let stalledMs = 0;
let last = performance.now();
setInterval(() => {
  const now = performance.now();
  const late = now - last - TICK_MS;
  if (late > TICK_MS) stalledMs += late;
  last = now;
}, TICK_MS).unref();

/**
 * For how long, in all, this process did not come to run: an answer that came meanwhile was read later than it came.
 * The difference of two readings is what an answer's time owes to its measurer.
 */
export function stalled(): number {
  const late = performance.now() - last - TICK_MS;
  return stalledMs + (late > TICK_MS ? late : 0);
}

/** For how long, in milliseconds, a process was ready to run and got no CPU; 0 where the system does not tell. */
export function waitedForCpu(pid: number): number {
  try {
    const [, waited] = readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ');
    return Number(waited) / 1e6;
  } catch {
    return 0;
  }
}
