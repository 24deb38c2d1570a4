import type { Hop } from '../support/http-exchange.js';
import { jsonOf } from '../support/http-exchange.js';
import { PATHS } from '../support/op-host.js';
import { holdAnswer, refreshesAt, sentToken, tokensIn } from '../support/refresh-calls.js';
import { Stage } from '../support/stage.js';
import type { UserAgent } from '../support/user-agent.js';

const LIFE_MS = 300_000;
const SECOND = 1_000;
const LONGEST_PAUSE_MS = 30_000;

async function people(stage: Stage, count: number): Promise<UserAgent[]> {
  const all: UserAgent[] = [];
  while (all.length < count) all.push(await stage.member());
  return all;
}

const callAll = async (stage: Stage, all: readonly UserAgent[]): Promise<number[]> =>
  (await Promise.all(all.map((person) => stage.call(person)))).map(({ status }) => status);
const reasonsOf = (stage: Stage): unknown[] =>
  stage.bff.logged('session.ended').map(({ reason }) => reason);

describe('a provider that asks to be left alone', () => {
  const ASKED_S = 120;
  it.each([
    ['in seconds', (_now: number) => String(ASKED_S)],
    ['by an instant', (now: number) => new Date(now + ASKED_S * SECOND).toUTCString()],
  ])('%s is left alone for so long, by all sessions (R-16)', async (_way, retryAfter) => {
    await using stage = await Stage.open();
    const [alice, bob] = (await people(stage, 2)) as [UserAgent, UserAgent];
    stage.clock.advance(LIFE_MS);
    stage.op.fail(PATHS.token, () => ({
      status: 429,
      headers: { 'retry-after': retryAfter(stage.clock.now()) },
      body: '',
    }));
    expect(await callAll(stage, [alice])).toEqual([503]);
    stage.op.behave();
    stage.clock.advance((ASKED_S - 2) * SECOND);
    expect(await callAll(stage, [alice, bob])).toEqual([503, 503]);
    expect(refreshesAt(stage.op)).toHaveLength(1);
    stage.clock.advance(2 * SECOND);
    expect(await callAll(stage, [alice])).toEqual([200]);
    expect(await callAll(stage, [bob])).toEqual([200]);
    expect(refreshesAt(stage.op)).toHaveLength(3);
  });
});

describe('a provider that flaps', () => {
  const PEOPLE = 12;

  /** Calls again and again, with time for the pauses in between, until everybody is served or logged out. */
  async function serveAll(stage: Stage, all: readonly UserAgent[]): Promise<Hop[]> {
    let waiting = [...all];
    const served: Hop[] = [];
    for (let round = 0; waiting.length > 0 && round < 100; round += 1) {
      const answers = await Promise.all(waiting.map((person) => stage.call(person)));
      served.push(...answers.filter(({ status }) => status !== 503));
      waiting = waiting.filter((_person, at) => answers[at]?.status === 503);
      stage.clock.advance(LONGEST_PAUSE_MS);
    }
    expect(waiting).toEqual([]);
    return served;
  }

  it('and refuses every second call: everybody is served in the end, nobody is lost (R-15)', async () => {
    await using stage = await Stage.open({ env: { SESSION_IDLE: '8h' } });
    const all = await people(stage, PEOPLE);
    let count = 0;
    stage.op.fail(PATHS.token, () => ((count += 1) % 2 === 1 ? 503 : undefined));
    for (let round = 0; round < 2; round += 1) {
      stage.clock.advance(LIFE_MS);
      const served = await serveAll(stage, all);
      expect(served.map(({ status }) => status)).toEqual(all.map(() => 200));
    }
    expect(reasonsOf(stage)).toEqual([]);
  });

  it('and loses every second answer: only those whose answer was lost log in again (R-15, R-28)', async () => {
    await using stage = await Stage.open({ env: { SESSION_IDLE: '8h' } });
    const all = await people(stage, PEOPLE);
    let count = 0;
    let lost = 0;
    stage.op.fail(PATHS.token, () => {
      if ((count += 1) % 2 === 0) return undefined;
      lost += 1;
      return count % 4 === 1 ? 'lost' : 'reset';
    });
    stage.clock.advance(LIFE_MS);
    const served = await serveAll(stage, all);
    const out = served.filter(({ status }) => status === 401);
    expect(lost).toBeGreaterThan(1);
    expect(out).toHaveLength(lost);
    for (const answer of out) expect(jsonOf(answer)).toMatchObject({ reason: 'refresh_lost' });
    expect(served).toHaveLength(PEOPLE);
    expect(reasonsOf(stage)).toEqual(out.map(() => 'refresh_lost'));
  });
});

describe('a provider that is away for ten minutes', () => {
  const STEPS = 60;
  const STEP_MS = 10_000;

  it('is asked some twenty times by all sessions together, and nobody is logged out (ATK-95, R-11)', async () => {
    await using stage = await Stage.open();
    const all = await people(stage, 10);
    stage.clock.advance(LIFE_MS);
    await stage.op.down();
    for (let step = 0; step < STEPS; step += 1) {
      expect(await callAll(stage, all)).toEqual(all.map(() => 503));
      stage.clock.advance(STEP_MS);
    }
    const attempts = stage.bff.logged('token.refresh_failed');
    expect(attempts.length).toBeLessThan(30);
    expect(new Set(attempts.map(({ failure }) => failure))).toEqual(new Set(['not_sent']));
    expect(reasonsOf(stage)).toEqual([]);
    await stage.op.up();
    stage.clock.advance(LONGEST_PAUSE_MS);
    expect(await callAll(stage, all.slice(0, 1))).toEqual([200]);
    expect(await callAll(stage, all)).toEqual(all.map(() => 200));
  });

  it('but takes calls and never answers: few are logged out, not everybody (ATK-95, R-14)', async () => {
    await using stage = await Stage.open({ env: { OIDC_TIMEOUT: '1s' } });
    const all = await people(stage, 10);
    stage.clock.advance(LIFE_MS);
    stage.op.fail(PATHS.token, 'hang');
    // The first of them finds out; from then on one at a time, whenever the pause is over.
    expect((await stage.call(all[0]!)).status).toBe(401);
    const rest = all.slice(1);
    expect(await callAll(stage, rest)).toEqual(rest.map(() => 503));
    stage.clock.advance(LONGEST_PAUSE_MS);
    const statuses = await callAll(stage, rest);
    const ascending = (a: number, b: number): number => a - b;
    expect(statuses.toSorted(ascending)).toEqual(
      [401, ...rest.slice(1).map(() => 503)].toSorted(ascending),
    );
    expect(reasonsOf(stage)).toEqual(['refresh_lost', 'refresh_lost']);
  });

  it('lets people work whose tokens are still good, and asks nothing for them (R-10)', async () => {
    await using stage = await Stage.open();
    const person = await stage.member();
    await stage.call(person);
    await stage.op.down();
    const calls = stage.op.calls.length;
    stage.clock.advance(LIFE_MS - 60_000);
    for (let count = 0; count < 5; count += 1) expect((await stage.call(person)).status).toBe(200);
    expect(stage.op.calls).toHaveLength(calls);
    expect(stage.bff.logged('token.refresh_failed')).toEqual([]);
  });
});

describe('a refresh ahead of the end', () => {
  it('goes beside the call, which is not held up by it', async () => {
    await using stage = await Stage.open({ env: { TOKEN_AHEAD: '2m' } });
    const person = await stage.member();
    const before = tokensIn(stage.op.callsOf(PATHS.token)[0]);
    stage.clock.advance(LIFE_MS - 60_000);
    const held = holdAnswer(stage.op, PATHS.token);
    expect((await stage.call(person)).status).toBe(200);
    await held.arrived;
    expect((await stage.call(person)).status).toBe(200);
    const renewed = stage.bff.nextLog('token.refreshed');
    held.release();
    await renewed;
    expect((await stage.call(person)).status).toBe(200);
    const [refresh, ...more] = refreshesAt(stage.op);
    expect(more).toEqual([]);
    expect(sentToken(refresh)).toBe(before.refresh);
    expect(stage.api.received.map(({ headers }) => headers.authorization)).toEqual(
      [before, before, tokensIn(refresh)].map(({ access }) => `Bearer ${access}`),
    );
  });
});
