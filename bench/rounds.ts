import type { Contender } from './contenders.ts';
import type { Generator, Measured } from './load.ts';
import { coreTimes, cpuMsOf, OTHER_CORE } from './machine.ts';
import type { BenchRedis } from './redis.ts';

/** From here on the core of load, Redis and upstream counts as full: then it is that core that is measured. */
const FULL = 0.97;
/** How often a round is tried again that was thrown away. */
const MOST_TRIES = 3;

export interface Sample extends Measured {
  /** Requests per second of the server's own processor time. */
  readonly perCpuSecond: number;
  /** Commands of Redis per request; not counted where nobody asks it. */
  readonly redisCommands: number | undefined;
  /** Of the core that makes the load: 1 is full. */
  readonly otherCore: number;
}

export interface Result {
  readonly contender: Contender;
  readonly samples: readonly Sample[];
  /** Samples in which the core that makes the load was full. */
  readonly thrownAway: number;
}

export interface Plan {
  readonly rounds: number;
  readonly seconds: number;
  /** The same load before each sample, uncounted: code that another question made cold is compiled anew meanwhile. */
  readonly runUpSeconds: number;
}

/**
 * Every round measures all contenders, one after the other, so that a busy moment meets all alike. A sample in which
 * the load's own core was full is thrown away and taken again; where that does not help, its rate is a lower bound
 * and what a processor second yields is what counts.
 */
export async function measure(
  contenders: readonly Contender[],
  generator: Generator,
  redis: BenchRedis,
  plan: Plan,
  tell: (line: string) => void,
): Promise<readonly Result[]> {
  const sampler = new Sampler(generator, redis, plan);
  const taken = new Map<Contender, Sample[]>(contenders.map((one) => [one, []]));
  const thrown = new Map<Contender, number>();
  for (let round = 1; round <= plan.rounds; round += 1) {
    for (const contender of contenders) {
      let sample = await sampler.take(contender);
      for (let tries = 1; sample.otherCore > FULL && tries < MOST_TRIES; tries += 1) {
        thrown.set(contender, (thrown.get(contender) ?? 0) + 1);
        sample = await sampler.take(contender);
      }
      taken.get(contender)?.push(sample);
    }
    tell(`round ${round} of ${plan.rounds}`);
  }
  return contenders.map((contender) => ({
    contender,
    samples: taken.get(contender) ?? [],
    thrownAway: thrown.get(contender) ?? 0,
  }));
}

class Sampler {
  private readonly generator: Generator;
  private readonly redis: BenchRedis;
  private readonly plan: Plan;

  constructor(generator: Generator, redis: BenchRedis, plan: Plan) {
    this.generator = generator;
    this.redis = redis;
    this.plan = plan;
  }

  async take(contender: Contender): Promise<Sample> {
    const { pid, url, headers = {}, form, redis } = contender;
    const load = { url, headers, ...(form !== undefined && { form }) };
    await this.generator({ ...load, seconds: this.plan.runUpSeconds });
    const core = coreTimes(OTHER_CORE);
    const commands = redis === true ? await this.redis.commands() : 0;
    const cpu = cpuMsOf(pid);
    const measured = await this.generator({ ...load, seconds: this.plan.seconds });
    const usedMs = cpuMsOf(pid) - cpu;
    // Its own INFO is one of them.
    const asked = redis === true ? (await this.redis.commands()) - commands - 1 : undefined;
    const after = coreTimes(OTHER_CORE);
    if (measured.errors > 0) throw new Error(`${contender.name}: ${measured.errors} errors`);
    return {
      ...measured,
      perCpuSecond: (1_000 * measured.requests) / usedMs,
      redisCommands: asked === undefined ? undefined : asked / measured.requests,
      otherCore: (after.busy - core.busy) / (after.all - core.all),
    };
  }
}
