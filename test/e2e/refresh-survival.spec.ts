import { setTimeout as delay } from 'node:timers/promises';
import { exchange, jsonOf, type Hop } from '../support/http-exchange.js';
import { LeavingClient } from '../support/leaving-client.js';
import { PATHS } from '../support/op-host.js';
import {
  holdAnswer,
  refreshesAt,
  sentToken,
  tokensIn,
  type HeldAnswer,
} from '../support/refresh-calls.js';
import { startReplica, type Replica } from '../support/replica.js';
import { Stage, type StageOptions } from '../support/stage.js';
import { TcpGate } from '../support/tcp-gate.js';
import type { UserAgent } from '../support/user-agent.js';

const LIFE_MS = 300_000;
const LOCK_MS = 1_000;
const SHORT_LOCK = 'tokens:\n  lock: 1s\n';
const DURABLE = { settings: { appendonly: 'yes', appendfsync: 'always' } };

const outcomeOf = (hop: Hop): unknown[] => {
  const { code, reason } = hop.status === 200 ? {} : jsonOf(hop);
  return [hop.status, code, reason].filter((part) => part !== undefined);
};
const LOST = [401, 'unauthenticated', 'refresh_lost'];

/** The same person's call at another instance. */
async function callAt(stage: Stage, replica: Replica, person: UserAgent): Promise<Hop> {
  const headers = { cookie: await stage.cookieOf(person), 'x-csrf': '1' };
  return stage.send(replica.url('/api/orders'), { headers });
}

const ended = (stage: Stage): unknown[] =>
  stage.bff.logged('session.ended').map(({ reason }) => reason);

describe('a provider that is slow', () => {
  it('slower than the lock lives: the lock is renewed, and there is one call (ATK-71, P-31)', async () => {
    await using stage = await Stage.open({ redis: true, file: SHORT_LOCK });
    const replica = await startReplica(stage);
    const person = await stage.member();
    stage.op.rewrite(PATHS.token, async (answer) => {
      await delay(2.5 * LOCK_MS);
      return answer;
    });
    stage.clock.advance(LIFE_MS);
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, at) =>
        at % 2 === 0 ? stage.call(person) : callAt(stage, replica, person),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200));
    expect(refreshesAt(stage.op)).toHaveLength(1);
    await replica.stop();
  });

  it('slower than people wait: each is told to try again, and the tokens are there when it has answered (ATK-71, P-32)', async () => {
    await using stage = await Stage.open({ redis: true, file: 'tokens:\n  wait: 200ms\n' });
    const replica = await startReplica(stage);
    const person = await stage.member();
    const held = holdAnswer(stage.op, PATHS.token);
    stage.clock.advance(LIFE_MS);
    const calling = stage.call(person);
    await held.arrived;
    const waiting = await Promise.all([
      calling,
      stage.call(person),
      callAt(stage, replica, person),
    ]);
    for (const answer of waiting) {
      expect(outcomeOf(answer)).toEqual([503, 'provider_unreachable']);
      expect(answer.headers['retry-after']).toBeTruthy();
    }
    const renewed = stage.bff.nextLog('token.refreshed');
    held.release();
    await renewed;
    expect((await callAt(stage, replica, person)).status).toBe(200);
    expect(refreshesAt(stage.op)).toHaveLength(1);
    await replica.stop();
  });

  it('outlives the caller for whom it was asked: its token is used once, and the next call has the new one (ATK-85)', async () => {
    await using stage = await Stage.open({ redis: true });
    const person = await stage.member();
    const held = holdAnswer(stage.op, PATHS.token);
    stage.clock.advance(LIFE_MS);
    const headers = { cookie: await stage.cookieOf(person), 'x-csrf': '1' };
    const client = new LeavingClient(stage.url('/api/orders'), headers);
    await held.arrived;
    await client.leave();
    const renewed = stage.bff.nextLog('token.refreshed');
    held.release();
    await renewed;
    expect((await stage.call(person)).status).toBe(200);
    expect(refreshesAt(stage.op)).toHaveLength(1);
  });

  it('is not waited for while the old token lives, by another instance (P-34)', async () => {
    await using stage = await Stage.open({ redis: true });
    const replica = await startReplica(stage);
    const person = await stage.member();
    await stage.call(person);
    const held = holdAnswer(stage.op, PATHS.token);
    stage.clock.advance(LIFE_MS - 10_000);
    const calling = stage.call(person);
    await held.arrived;
    expect((await callAt(stage, replica, person)).status).toBe(200);
    held.release();
    expect((await calling).status).toBe(200);
    expect(refreshesAt(stage.op)).toHaveLength(1);
    await replica.stop();
  });
});

describe('an instance that dies before its request left', () => {
  it('costs the time of its lock and nobody their session (ATK-71, R-30, K-20)', async () => {
    await using stage = await Stage.open({ redis: true });
    const person = await stage.member();
    await stage.call(person);
    const keys = await stage.redis.command('KEYS', '*s:{*:i');
    const [identity = ''] = keys.split('\r\n').filter((line) => line.endsWith(':i'));
    const lock = identity.replace(/:i$/, ':l');
    // Who died has the lock, and nothing else of it is left.
    await stage.redis.command('SET', lock, 'somebody-who-died', 'PX', '1200', 'NX');
    stage.clock.advance(LIFE_MS - 10_000);
    expect((await stage.call(person)).status).toBe(200);
    expect(refreshesAt(stage.op)).toHaveLength(0);
    stage.clock.advance(LIFE_MS);
    expect((await stage.call(person)).status).toBe(200);
    expect(refreshesAt(stage.op)).toHaveLength(1);
    expect(ended(stage)).toEqual([]);
  });
});

/** A person's refresh under way at an instance that is about to die: the provider has acted, its answer waits. */
async function sentAndHeld(options: StageOptions): Promise<{
  readonly stage: Stage;
  readonly person: UserAgent;
  readonly held: HeldAnswer;
  /** Cuts the instance off from Redis for good; whatever it still does reaches nobody. */
  readonly kill: () => Promise<void>;
  readonly bury: () => Promise<void>;
}> {
  const stage = await Stage.open({ redis: true, file: SHORT_LOCK, ...options });
  const gate = await TcpGate.open(stage.redis.port);
  const { store } = stage.bff.config;
  if (store.kind !== 'redis') throw new Error('this needs Redis');
  const connection = { kind: 'standalone', url: `redis://127.0.0.1:${gate.port}` } as const;
  const dying = await startReplica(stage, { store: { ...store, connection } });
  const person = await stage.member();
  const held = holdAnswer(stage.op, PATHS.token);
  stage.clock.advance(LIFE_MS);
  const calling = callAt(stage, dying, person);
  await held.arrived;
  return {
    stage,
    person,
    held,
    kill: () => gate.close(),
    bury: async () => {
      held.release();
      expect((await calling).status).toBe(503);
      await dying.stop();
    },
  };
}

describe('an instance that dies after it has sent the refresh token', () => {
  it('costs one clean logout: nobody sends that token again (R-27, R-30)', async () => {
    const { stage, person, kill, bury } = await sentAndHeld({});
    await kill();
    const [first, second] = await Promise.all([stage.call(person), stage.call(person)]);
    expect([outcomeOf(first), outcomeOf(second)]).toEqual([LOST, LOST]);
    expect(await stage.view(person)).toMatchObject({ reason: 'refresh_lost', login_url: '/login' });
    await bury();
    expect(outcomeOf(await stage.call(person))).toEqual(LOST);
    expect(refreshesAt(stage.op)).toHaveLength(1);
    expect(ended(stage)).toEqual(['refresh_lost']);
    await stage.logIn(person);
    stage.op.behave();
    stage.clock.advance(LIFE_MS);
    expect((await stage.call(person)).status).toBe(200);
    await stage.close();
  });

  it('costs nothing where the provider takes the same token again for a while (R-28)', async () => {
    const { stage, person, kill, held, bury } = await sentAndHeld({
      env: { OIDC_REFRESH_GRACE: '1m' },
      op: { configuration: { rotateRefreshToken: false } },
    });
    await kill();
    stage.op.behave();
    expect((await stage.call(person)).status).toBe(200);
    held.release();
    await bury();
    expect((await stage.call(person)).status).toBe(200);
    const sent = refreshesAt(stage.op).map(sentToken);
    expect(sent).toHaveLength(2);
    expect(new Set(sent).size).toBe(1);
    expect(ended(stage)).toEqual([]);
    await stage.close();
  });
});

describe('an answer that is lost', () => {
  it('is asked for once more within the grace of the provider (R-28)', async () => {
    await using stage = await Stage.open({
      env: { OIDC_REFRESH_GRACE: '1m' },
      op: { configuration: { rotateRefreshToken: false } },
    });
    const person = await stage.member();
    let losses = 1;
    stage.op.fail(PATHS.token, () => (losses-- > 0 ? 'lost' : undefined));
    stage.clock.advance(LIFE_MS);
    expect((await stage.call(person)).status).toBe(200);
    // The one that was lost was no answer, and the next one was the second and last.
    expect([losses, refreshesAt(stage.op).length]).toEqual([-1, 1]);
  });

  it('is asked for once more and never again: after the second loss one clean logout', async () => {
    await using stage = await Stage.open({
      env: { OIDC_REFRESH_GRACE: '1m' },
      op: { configuration: { rotateRefreshToken: false } },
    });
    const person = await stage.member();
    let asked = 0;
    stage.op.fail(PATHS.token, () => {
      asked += 1;
      return 'lost';
    });
    stage.clock.advance(LIFE_MS);
    const answers = await Promise.all([stage.call(person), stage.call(person)]);
    expect(answers.map(outcomeOf)).toEqual([LOST, LOST]);
    expect(asked).toBe(2);
  });
});

describe('a logout while the provider renews', () => {
  it('stands; the request that got new tokens revokes them, and waits for no revocation (ATK-72, J-02)', async () => {
    await using stage = await Stage.open({ redis: true });
    const person = await stage.member();
    const held = holdAnswer(stage.op, PATHS.token);
    const revoked: (string | null)[] = [];
    const slow = Promise.withResolvers<void>();
    const bothRevoked = new Promise<void>((resolve) => {
      stage.op.rewrite(PATHS.revoke, async (answer, { body }) => {
        if (revoked.push(new URLSearchParams(body).get('token')) === 2) resolve();
        await slow.promise;
        return answer;
      });
    });
    stage.clock.advance(LIFE_MS);
    const calling = stage.call(person);
    await held.arrived;
    expect((await stage.call(person, '/logout', { method: 'POST' })).status).toBe(200);
    held.release();
    expect(outcomeOf(await calling)).toEqual([401, 'unauthenticated', 'logout']);
    await bothRevoked;
    slow.resolve();
    const [refresh] = refreshesAt(stage.op);
    expect(new Set(revoked)).toEqual(new Set([sentToken(refresh), tokensIn(refresh).refresh]));
    expect(revoked).toHaveLength(2);
    const keys = await stage.redis.command('KEYS', '*s:{*');
    expect(keys.split('\r\n').filter((key) => /:[itd]$/.test(key))).toEqual([]);
  });
});

describe('Redis that refuses to write when the provider has rotated (P-36)', () => {
  const refuse = (stage: Stage, whether: boolean): Promise<string> =>
    stage.redis.command('CONFIG', 'SET', 'min-replicas-to-write', whether ? '1' : '0');

  it('for a moment costs nothing: the tokens are written when it takes them (P-23)', async () => {
    await using stage = await Stage.open({ redis: true });
    const person = await stage.member();
    stage.op.rewriteJson(PATHS.token, async (body) => {
      await refuse(stage, true);
      setTimeout(() => void refuse(stage, false), 400);
      return body;
    });
    stage.clock.advance(LIFE_MS);
    expect((await stage.call(person)).status).toBe(200);
    stage.op.behave();
    stage.clock.advance(LIFE_MS);
    expect((await stage.call(person)).status).toBe(200);
    const [first, second] = refreshesAt(stage.op);
    expect(sentToken(second)).toBe(tokensIn(first).refresh);
  });

  it('for long: the error is told, and then there is one clean logout, without a second use of the token', async () => {
    await using stage = await Stage.open({ redis: DURABLE, file: SHORT_LOCK });
    const person = await stage.member();
    stage.op.rewriteJson(PATHS.token, async (body) => {
      await refuse(stage, true);
      return body;
    });
    stage.clock.advance(LIFE_MS);
    expect(outcomeOf(await stage.call(person))).toEqual([503, 'store_unavailable']);
    await refuse(stage, false);
    expect(outcomeOf(await stage.call(person))).toEqual(LOST);
    expect(refreshesAt(stage.op)).toHaveLength(1);
  });
});

describe('an instance that stops while it renews ahead of time', () => {
  it('waits for the provider, and loses nobody (R-36)', async () => {
    await using stage = await Stage.open({ redis: true, env: { TOKEN_AHEAD: '2m' } });
    const person = await stage.member();
    await stage.call(person);
    const held = holdAnswer(stage.op, PATHS.token);
    stage.clock.advance(LIFE_MS - 60_000);
    expect((await stage.call(person)).status).toBe(200);
    await held.arrived;
    const draining = stage.bff.nextLog('server.draining');
    const stopped = stage.bff.stop();
    await draining;
    held.release();
    await stopped;
    stage.op.behave();
    const connected = stage.bff.nextLog('store.connected');
    await stage.bff.run();
    await connected;
    stage.clock.advance(LIFE_MS);
    expect((await stage.call(person)).status).toBe(200);
    const [first, second] = refreshesAt(stage.op);
    expect(sentToken(second)).toBe(tokensIn(first).refresh);
  });
});

describe('a thief who uses an old refresh token', () => {
  it('kills the family: one clean logout, and the log tells (R-33, P-56, E-53)', async () => {
    await using stage = await Stage.open({ redis: true });
    const person = await stage.member();
    stage.clock.advance(LIFE_MS);
    expect((await stage.call(person)).status).toBe(200);
    const stolen = sentToken(refreshesAt(stage.op)[0]) ?? '';
    const { clientId } = stage.bff.config.providers[0]!;
    const credentials = [clientId, stage.clientSecret].map(encodeURIComponent).join(':');
    const theft = await exchange(`${stage.op.issuer}${PATHS.token}`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        refresh_token: stolen,
      }).toString(),
    });
    expect([theft.status, jsonOf(theft)['error']]).toEqual([400, 'invalid_grant']);
    stage.clock.advance(LIFE_MS);
    const answers = await Promise.all(Array.from({ length: 5 }, () => stage.call(person)));
    for (const answer of answers)
      expect(outcomeOf(answer)).toEqual([401, 'unauthenticated', 'refresh_failed']);
    expect(stage.bff.logged('token.refresh_failed')).toMatchObject([
      { level: 'warn', failure: 'invalid_grant', provider: 'generic' },
    ]);
    expect(ended(stage)).toEqual(['refresh_failed']);
  });
});
