import type { Drill } from './drill.ts';
import type { Replica } from './replica.ts';
import type { Stage } from './stage.ts';

const MINUTE = 60_000;
const STEP_MS = 10 * MINUTE;

/** Clocks jump far over the idle time, and back again: that of one replica, and all of them. */
export function clockDrills({ replicas }: Stage, forMs: number): readonly Drill[] {
  const step = (whose: string, stepped: readonly Replica[], aheadMs: number): Drill => ({
    name: `${whose} ${STEP_MS / MINUTE} min ${aheadMs > 0 ? 'ahead' : 'behind'}`,
    breaks: async () => void (await Promise.all(stepped.map((one) => one.step(aheadMs)))),
    repairs: async () => void (await Promise.all(stepped.map((one) => one.step(0)))),
    forMs,
    until: 'admitted',
    // The ID token of a login from another time is refused, and the log says where to look.
    allows: { refusedLogins: true },
  });
  return [STEP_MS, -STEP_MS].flatMap((aheadMs) => [
    step('clock of one replica', replicas.slice(0, 1), aheadMs),
    step('clocks of all replicas', replicas, aheadMs),
  ]);
}
