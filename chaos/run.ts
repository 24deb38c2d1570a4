/**
 * `npm run chaos`: what happens to people who are logged in when something breaks. Three replicas of the built
 * product, a real Redis with an append-only file, then a Sentinel set, a real provider behind a network that can
 * break; everything real is broken for real. `-- --quick` is a short version, `-- --only=<part of a name>` runs some of
 * the drills. Exit code 1: a guarantee did not hold.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { clockDrills } from './clock-drills.ts';
import type { Drill } from './drill.ts';
import { timeEvents, type EventTimes } from './events.ts';
import { Load } from './load.ts';
import { perform, type Result } from './perform.ts';
import { providerDrills } from './provider-drills.ts';
import { emptied, FAIL_OVER, failOver, redisDrills } from './redis-drills.ts';
import { RedisServer, SentinelSet } from './redis.ts';
import { Relay } from './relay.ts';
import { replicaDrills } from './replica-drills.ts';
import { broken, eventLine, table } from './report.ts';
import { Stage } from './stage.ts';

const quick = process.argv.includes('--quick');
const only = process.argv.find((word) => word.startsWith('--only='))?.slice('--only='.length);
const USERS = quick ? 20 : 100;
const CROWD = {
  // Beside those whose sessions are watched: who logs in and out.
  users: USERS + 10,
  // So that there are refreshes all the time.
  accessTokenSeconds: quick ? 5 : 15,
};
const BROKEN_MS = quick ? 1_500 : 5_000;
const FAIL_OVER_MS = quick ? 5_000 : 8_000;
const CALM_MS = quick ? 500 : 2_000;
const ROUNDS = quick ? 1 : 4;
const REPETITIONS = quick ? 2 : 20;

// The listener in processes.ts ends the children.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => process.exit(130));

const started = performance.now();
const say = (text: string): void => console.log(text);
const isWanted = ({ name }: Pick<Drill, 'name'>): boolean =>
  only === undefined || name.includes(only);

async function underLoad(stage: Stage, drills: readonly Drill[]): Promise<readonly Result[]> {
  const load = new Load(stage, await stage.people(0, USERS));
  load.start();
  // The first requests find cold processes; they are no part of any drill.
  await delay(CALM_MS);
  load.take();
  const results: Result[] = [];
  for (const drill of drills) {
    say(`  ${drill.name} …`);
    const result = await perform(drill, load, CALM_MS);
    results.push(result);
    const { requests, logins, refused, logouts } = result;
    say(`    ${requests} requests, ${logins} logins (${refused} refused), ${logouts} logouts`);
    for (const fault of broken([result], undefined)) say(`    BROKEN  ${fault}`);
  }
  await load.stop();
  return results;
}

async function withOneRedis(): Promise<{
  readonly results: readonly Result[];
  readonly events: EventTimes | undefined;
}> {
  say(`Three replicas over one Redis, ${USERS} people`);
  const redis = await RedisServer.start();
  const relay = await Relay.open(redis.port);
  const store = { REDIS_URL: `redis://127.0.0.1:${relay.port}` };
  const stage = await Stage.open({ store, ...CROWD });
  const drills = [
    ...redisDrills(redis, relay, BROKEN_MS),
    ...providerDrills(stage, BROKEN_MS),
    ...replicaDrills(stage, ROUNDS, REPETITIONS),
    ...clockDrills(stage, BROKEN_MS),
    emptied(redis, BROKEN_MS),
  ].filter(isWanted);
  const results = await underLoad(stage, drills);
  let events: EventTimes | undefined;
  if (only === undefined) {
    say('  the other tabs …');
    events = await timeEvents(stage, await stage.people(0, USERS));
  }
  await stage.close();
  relay.close();
  await redis.stop();
  return { results, events };
}

async function withSentinels(): Promise<readonly Result[]> {
  if (!isWanted({ name: FAIL_OVER })) return [];
  say(`Three replicas over a Sentinel set, ${USERS} people`);
  let set: SentinelSet;
  try {
    set = await SentinelSet.start();
  } catch (error) {
    say(`  left out, no Sentinel set could be started: ${String(error)}`);
    return [];
  }
  const drills = [failOver(set, FAIL_OVER_MS)];
  const stage = await Stage.open({ store: set.environment, ...CROWD });
  const results = await underLoad(stage, drills);
  await stage.close();
  await set.stop();
  return results;
}

const { results: one, events } = await withOneRedis();
const results = [...one, ...(await withSentinels())];
say(`\n${table(results)}\n`);
if (events !== undefined) say(`${eventLine(events)}\n`);
say(`${Math.round((performance.now() - started) / 1000)} s`);
const faults = broken(results, events);
for (const fault of faults) say(`BROKEN  ${fault}`);
if (faults.length === 0) say('Every guarantee held.');
process.exit(faults.length === 0 ? 0 : 1);
