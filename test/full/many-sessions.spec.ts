import { once } from 'node:events';
import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads';
import { systemClock } from '../../src/domain/clock.js';
import { RedisStore } from '../../src/store/redis/redis.store.js';
import { RecordedEvents } from '../support/recorded-events.js';
import { redisConfig } from '../support/redis-config.js';
import { RedisHost } from '../support/redis-host.js';
import { newSession, storeKey } from '../support/store-records.js';

const SESSIONS = 100_000;
const CREATED_AT_ONCE = 200;
const BATCH = 500;
const LONG = 600_000;

/** Asks Redis every few milliseconds how it is, from a thread that nothing else keeps busy. */
const PROBE = `
const { connect } = require('node:net');
const { workerData } = require('node:worker_threads');
const { port, channel } = workerData;
const socket = connect(port, '127.0.0.1').setNoDelay(true);
const delays = [];
let sent;
const ask = () => { if (socket.destroyed) return; sent = performance.now(); socket.write('PING\\r\\n'); };
socket.on('connect', ask);
socket.on('data', () => { delays.push(performance.now() - sent); setTimeout(ask, 5); });
channel.on('message', () => { socket.destroy(); channel.postMessage(delays); channel.close(); });
`;

class LatencyProbe {
  private readonly channel: MessagePort;
  private readonly worker: Worker;

  constructor(port: number) {
    const { port1, port2 } = new MessageChannel();
    this.channel = port1;
    const workerData = { port, channel: port2 };
    this.worker = new Worker(PROBE, { eval: true, workerData, transferList: [port2] });
  }

  /** Milliseconds that each answer took, ascending. */
  async stop(): Promise<readonly number[]> {
    const answer = once(this.channel, 'message') as Promise<[readonly number[]]>;
    const gone = once(this.worker, 'exit');
    this.channel.postMessage('stop', []);
    const [delays] = await answer;
    await gone;
    return delays.toSorted((a, b) => a - b);
  }
}

describe('a subject with a hundred thousand sessions', () => {
  let redis: RedisHost;
  let store: RedisStore;

  beforeAll(async () => {
    redis = await RedisHost.start();
    const log = new RecordedEvents();
    store = new RedisStore(redisConfig(redis.url, { commandTimeoutMs: 500 }), systemClock, log);
    await log.next('store.connected');
  });
  afterAll(async () => {
    await store.close();
    await redis.stop();
  });

  it('is logged out of all of them in bounded time, and Redis answers others meanwhile (K-29, R-50)', async () => {
    const indexes = [{ index: 'subject', score: Date.now() + LONG }];
    for (let at = 0; at < SESSIONS; at += CREATED_AT_ONCE) {
      const some = Array.from({ length: CREATED_AT_ONCE }, () =>
        store.create(storeKey(), newSession({ indexes, ttlMs: LONG })),
      );
      await Promise.all(some);
    }

    const probe = new LatencyProbe(redis.port);
    const started = performance.now();
    let ended = 0;
    let cursor: string | undefined;
    do {
      const { members, next } = await store.scanIndex('subject', cursor, BATCH);
      ended += await store.endMany(members, 'backchannel', LONG);
      await store.removeFromIndex('subject', members);
      cursor = next;
    } while (cursor !== undefined);
    const tookMs = performance.now() - started;
    const delays = await probe.stop();

    const longest = delays.at(-1) ?? Number.POSITIVE_INFINITY;
    const p99 = delays[Math.floor(delays.length * 0.99)] ?? longest;
    console.log(
      `${ended} sessions ended in ${(tookMs / 1_000).toFixed(1)} s; meanwhile PING took at most ` +
        `${longest.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, of ${delays.length}`,
    );
    expect(ended).toBe(SESSIONS);
    expect(await redis.command('EXISTS', 'v:x:subject')).toBe(':0\r\n');
    expect(tookMs).toBeLessThan(60_000);
    expect(delays.length).toBeGreaterThan(100);
    expect(longest).toBeLessThan(100);
  }, 180_000);
});
