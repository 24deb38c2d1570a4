/**
 * `npm run chaos`: what happens to people who are logged in when Redis breaks. Two replicas of the built product,
 * a real Redis with an append-only file, a Sentinel set, a real provider; everything real is broken for real.
 * `-- --quick` is a short version. Exit code 1: a guarantee did not hold.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { failOver, redisDrills, type Drill } from './drills.ts';
import { timeEvents, type EventTimes } from './events.ts';
import { Load } from './load.ts';
import { until } from './processes.ts';
import { RedisServer, SentinelSet } from './redis.ts';
import { Relay } from './relay.ts';
import { broken, eventLine, table, type Result } from './report.ts';
import { Stage } from './stage.ts';

const quick = process.argv.includes('--quick');
const USERS = quick ? 20 : 100;
const BROKEN_MS = quick ? 2_000 : 5_000;
const FAIL_OVER_MS = quick ? 5_000 : 8_000;
const CALM_MS = 2_000;

// The listener in processes.ts ends the children.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => process.exit(130));

const say = (text: string): void => console.log(text);

/** One drill under load: calm, broken, repaired, calm again; then everybody is counted. */
async function perform(drill: Drill, load: Load): Promise<Result> {
  say(`  ${drill.name} …`);
  await delay(CALM_MS);
  const started = performance.now();
  await drill.breaks();
  const repaired = drill.repairs === undefined ? recovery(load, started) : undefined;
  await delay(drill.forMs);
  let recoverMs = 0;
  if (drill.repairs !== undefined) {
    const at = performance.now();
    // A Redis that reads its file back is not back yet; what it takes counts.
    const back = recovery(load, at);
    await drill.repairs();
    recoverMs = await back;
  } else recoverMs = (await repaired) ?? 0;
  await delay(CALM_MS);
  const usersLost = await load.lost();
  const result = { name: drill.name, recoverMs, usersLost, ...load.take() };
  say(
    `    ${result.requests} requests, ${result.logins} logins (${result.refused} refused), ${result.logouts} logouts`,
  );
  return result;
}

/** Milliseconds until both replicas answer. */
async function recovery(load: Load, from: number): Promise<number> {
  await until('recovery', () => load.answered());
  return performance.now() - from;
}

async function underLoad(stage: Stage, drills: readonly Drill[]): Promise<readonly Result[]> {
  const people = await stage.people(USERS);
  const load = new Load(stage, people);
  load.start();
  // The first requests find cold processes; they are no part of any drill.
  await delay(CALM_MS);
  load.take();
  const results: Result[] = [];
  for (const drill of drills) results.push(await perform(drill, load));
  await load.stop();
  return results;
}

async function withOneRedis(): Promise<{
  readonly results: readonly Result[];
  readonly events: EventTimes;
}> {
  say(`Two replicas over one Redis, ${USERS} people`);
  const redis = await RedisServer.start();
  const relay = await Relay.open(redis.port);
  const stage = await Stage.open({ REDIS_URL: `redis://127.0.0.1:${relay.port}` });
  const results = await underLoad(stage, redisDrills(redis, relay, BROKEN_MS));
  say('  the other tabs …');
  const events = await timeEvents(stage, await stage.people(USERS));
  await stage.close();
  relay.close();
  await redis.stop();
  return { results, events };
}

async function withSentinels(): Promise<readonly Result[]> {
  say(`Two replicas over a Sentinel set, ${USERS} people`);
  let set: SentinelSet;
  try {
    set = await SentinelSet.start();
  } catch (error) {
    say(`  left out, no Sentinel set could be started: ${String(error)}`);
    return [];
  }
  const stage = await Stage.open(set.environment);
  const results = await underLoad(stage, [failOver(set, FAIL_OVER_MS)]);
  await stage.close();
  await set.stop();
  return results;
}

const { results: one, events } = await withOneRedis();
const results = [...one, ...(await withSentinels())];
say(`\n${table(results)}\n\n${eventLine(events)}\n`);
const faults = broken(results, events);
for (const fault of faults) say(`BROKEN  ${fault}`);
if (faults.length === 0) say('Every guarantee held.');
process.exit(faults.length === 0 ? 0 : 1);
