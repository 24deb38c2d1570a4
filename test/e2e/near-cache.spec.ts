import { setImmediate } from 'node:timers/promises';
import { jsonOf, type Hop } from '../support/http-exchange.js';
import { startReplica, type Replica } from '../support/replica.js';
import { Stage } from '../support/stage.js';
import type { UserAgent } from '../support/user-agent.js';

/** A message takes milliseconds; a second is what a busy machine may need. */
const SOON_MS = 1_000;
const ROUNDS = 30;

describe('two instances with near caches', () => {
  let stage: Stage;
  let replica: Replica;
  beforeAll(async () => {
    stage = await Stage.open({ redis: true, env: { NEAR_CACHE: '1m' } });
    replica = await startReplica(stage);
  });
  afterAll(async () => {
    await replica.stop();
    await stage.close();
  });

  /** Asks the other instance, as a page of its own would. */
  const there = (cookie: string, path = '/session'): Promise<Hop> =>
    stage.send(replica.url(path), { headers: { cookie, 'sec-fetch-site': 'same-origin' } });

  async function untilKnown(cookie: string): Promise<void> {
    for (;;) {
      const before = await stage.redis.calls('get');
      expect((await there(cookie)).status).toBe(200);
      if ((await stage.redis.calls('get')) === before) return;
    }
  }

  /** Milliseconds until the other instance knows; whatever it answers before that is what was true. */
  async function untilGone(cookie: string): Promise<number> {
    const started = performance.now();
    while ((await there(cookie)).status === 200) await setImmediate();
    return performance.now() - started;
  }

  async function member(): Promise<{ person: UserAgent; cookie: string }> {
    const person = await stage.member();
    return { person, cookie: await stage.cookieOf(person) };
  }

  it('hear of a logout at the other within a second, though its message is all that tells them (ATK-60)', async () => {
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const { person, cookie } = await member();
      await untilKnown(cookie);
      expect((await stage.call(person, '/logout', { method: 'POST' })).status).toBe(200);
      times.push(await untilGone(cookie));
      expect(jsonOf(await there(cookie))).toMatchObject({ authenticated: false, reason: 'logout' });
    }
    expect(Math.max(...times)).toBeLessThan(SOON_MS);
  });

  it('let nobody in who logged out at the same one (ATK-38)', async () => {
    const { person, cookie } = await member();
    expect((await stage.session(person)).status).toBe(200);
    expect((await stage.call(person, '/logout', { method: 'POST' })).status).toBe(200);
    expect((await stage.send(stage.url('/session'), { headers: { cookie } })).status).toBe(401);
  });

  it('take tokens from Redis all the same: a call of an API after the end is refused at once', async () => {
    const { person, cookie } = await member();
    await untilKnown(cookie);
    const headers = { cookie, 'x-csrf': '1', 'sec-fetch-site': 'same-origin' };
    const call = (): Promise<Hop> => stage.send(replica.url('/api/orders'), { headers });
    expect((await call()).status).toBe(200);
    await stage.call(person, '/logout', { method: 'POST' });
    expect((await call()).status).toBe(401);
  });

  it('hear of new tokens at the other', async () => {
    const { person, cookie } = await member();
    await untilKnown(cookie);
    const expiry = async (): Promise<unknown> =>
      jsonOf(await there(cookie))['access_token_expires_at'];
    const before = await expiry();
    const renewed = await stage.refresh(person);
    expect(jsonOf(renewed)['access_token_expires_at']).not.toBe(before);
    while ((await expiry()) !== jsonOf(renewed)['access_token_expires_at']) await setImmediate();
  });

  it('end a session at its deadline, of which no message tells', async () => {
    const { cookie } = await member();
    await untilKnown(cookie);
    stage.clock.advance(8 * 60 * 60_000);
    expect(jsonOf(await there(cookie))).toMatchObject({ authenticated: false, reason: 'absolute' });
  });

  it('answer 503 while Redis is away, also for who was there a moment ago', async () => {
    const { cookie } = await member();
    await untilKnown(cookie);
    await stage.redis.kill();
    while ((await there(cookie)).status === 200) await setImmediate();
    expect((await there(cookie)).status).toBe(503);
  });
});
