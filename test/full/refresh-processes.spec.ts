import { setTimeout as delay } from 'node:timers/promises';
import { exchange, jsonOf, type Hop } from '../support/http-exchange.js';
import { PATHS } from '../support/op-host.js';
import { InstanceProcess } from '../support/instance-process.js';
import { holdAnswer, refreshesAt, sentToken, tokensIn } from '../support/refresh-calls.js';
import { Stage } from '../support/stage.js';

const LIFE_S = 3;
const CALLS = 200;
const ROUNDS = 5;
const OPTIONS = { env: { TOKEN_LEEWAY: '0s' }, file: 'tokens:\n  lock: 1s\n' };

let stage: Stage;
let processes: InstanceProcess[];
let cookie: string;

beforeEach(async () => {
  stage = await Stage.open({
    redis: true,
    op: { accessTokenSeconds: LIFE_S },
    env: { TOKEN_LEEWAY: '0s' },
  });
  processes = await Promise.all([0, 1, 2].map(() => InstanceProcess.start(stage, OPTIONS)));
  cookie = await stage.cookieOf(await stage.member());
}, 60_000);
afterEach(async () => {
  await Promise.all(processes.map((one) => one.end()));
  await stage.close();
});

const callAt = (at: number): Promise<Hop> =>
  exchange(processes[at % processes.length]!.url('/api/orders'), {
    headers: { cookie, 'x-csrf': '1' },
  });
/** By everybody's clock, that of the API included. */
const expiry = (): Promise<void> => delay(LIFE_S * 1000 + 100);

describe('two hundred calls at the same time at three processes, with a token that has really run out', () => {
  it('cost one refresh, and all are answered (ATK-70, R-29)', async () => {
    for (let round = 1; round <= ROUNDS; round += 1) {
      await expiry();
      const received = stage.api.received.length;
      const answers = await Promise.all(Array.from({ length: CALLS }, (_, at) => callAt(at)));
      expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
      expect(refreshesAt(stage.op)).toHaveLength(round);
      const used = stage.api.received.slice(received).map((one) => one.headers.authorization);
      const { access } = tokensIn(refreshesAt(stage.op).at(-1));
      expect(new Set(used)).toEqual(new Set([`Bearer ${access}`]));
    }
  }, 120_000);
});

describe('a process that is killed while it holds the lock', () => {
  it('before its request left: another one renews when the lock has run out (R-30)', async () => {
    stage.op.fail(PATHS.discovery, 'hang');
    const dying = await InstanceProcess.start(stage, OPTIONS);
    processes.unshift(dying);
    await expiry();
    const broken = callAt(0).catch(() => undefined);
    // It has the lock, and looks for the provider.
    while (!(await stage.redis.command('KEYS', '*s:{*:l')).includes(':l')) await delay(10);
    await dying.end('SIGKILL');
    await broken;
    // The API looks for the provider as well.
    stage.op.behave();
    expect((await callAt(1)).status).toBe(200);
    expect(refreshesAt(stage.op)).toHaveLength(1);
  }, 60_000);

  it('after its request was sent: one clean logout, and the token is not sent again (R-27)', async () => {
    const held = holdAnswer(stage.op, PATHS.token);
    await expiry();
    const broken = callAt(0).catch(() => undefined);
    await held.arrived;
    await processes[0]!.end('SIGKILL');
    await broken;
    held.release();
    const answers = await Promise.all([callAt(1), callAt(2)]);
    for (const answer of answers)
      expect([answer.status, jsonOf(answer)['reason']]).toEqual([401, 'refresh_lost']);
    const ended = processes.flatMap((one) => one.logged('session.ended'));
    expect(ended).toMatchObject([{ reason: 'refresh_lost' }]);
    expect(new Set(refreshesAt(stage.op).map(sentToken)).size).toBe(1);
    expect(refreshesAt(stage.op)).toHaveLength(1);
  }, 60_000);
});
