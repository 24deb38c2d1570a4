import type { Drill } from './drill.ts';
import type { Fault } from './relay.ts';
import type { Stage } from './stage.ts';

const SLOW_MS = 1_500;

/** What may happen to the provider, or to the network before it. */
export function providerDrills(stage: Stage, forMs: number): readonly Drill[] {
  const { provider } = stage;
  const broken = (name: string, fault: Fault): Drill => ({
    name,
    breaks: () => provider.break(fault),
    repairs: () => provider.heal(),
    forMs,
    until: 'admitted',
    allows: {
      refusedLogins: true,
      waits: fault === 'black hole',
      ...(fault !== 'unavailable' && { losses: 'in flight' }),
    },
  });
  return [
    broken('provider down', 'down'),
    {
      name: `provider's token endpoint slow (+${SLOW_MS / 1000} s)`,
      breaks: async () => provider.slow(SLOW_MS),
      repairs: async () => provider.slow(0),
      forMs,
      until: 'admitted',
      allows: { waits: true },
    },
    broken('provider answers 503', 'unavailable'),
    broken('provider resets connections', 'reset'),
    broken('provider swallows everything', 'black hole'),
    {
      name: 'provider rotates its keys',
      breaks: () => stage.rotateKeys(),
      forMs,
      until: 'admitted',
    },
  ];
}
