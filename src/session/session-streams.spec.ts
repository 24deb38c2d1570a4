import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { jest } from '@jest/globals';
import {
  ABSOLUTE_MS,
  IDLE_MS,
  MINUTE,
  sessionConfig,
  sessionWorld,
  tokenSet,
} from '../../test/support/session-fixtures.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import { MarkedResponse } from '../http/marked-response.js';
import type { SignalListener } from '../store/directory.port.js';
import type { Store } from '../store/store.port.js';
import { SessionRecords } from './session-records.js';
import { SessionStream } from './session-stream.js';
import { SessionStreams } from './session-streams.js';

/** What a browser gets, without a connection. */
class Received extends MarkedResponse {
  text = '';
  /** What `write` answers: false is a browser that does not read. */
  takes = true;

  sent: unknown;

  override writeHead(status: number, headers?: unknown): this {
    this.sent = { status, ...(headers as object) };
    return super.writeHead(status);
  }

  override write(chunk: unknown): boolean {
    this.text += String(chunk);
    return this.takes;
  }

  override end(): this {
    super.end();
    this.emit('close');
    return this;
  }

  /** The browser goes. */
  leave(): void {
    this.destroy();
    this.emit('close');
  }

  /** The events so far, each as its name and data. */
  get events(): readonly (readonly [string, unknown])[] {
    return [...this.text.matchAll(/event: (\w+)\ndata: (.*)\n\n/g)].map(
      ([, name = '', data = '']) => [name, JSON.parse(data)] as const,
    );
  }
}

let world: ReturnType<typeof sessionWorld>;
let listeners: SignalListener[];
let outage: boolean;
let streams: SessionStreams;

beforeEach(() => {
  world = sessionWorld();
  jest.useFakeTimers({ doNotFake: ['Date', 'nextTick', 'setImmediate', 'queueMicrotask'] });
  listeners = [];
  outage = false;
  const store = fakeStore();
  const records = new SessionRecords(store, world.clock, sessionConfig, world.log, world.audit);
  streams = new SessionStreams(records, store, world.clock);
});
afterEach(async () => {
  streams.closeAll();
  jest.useRealTimers();
  await world.close();
});

/** The store with signals by hand, and with outages. */
function fakeStore(): Store {
  const away = (): Promise<never> => Promise.reject(new VestibuleError('store_unavailable'));
  return new Proxy(world.store, {
    get: (target, name): unknown => {
      if (name === 'listen')
        return (listener: SignalListener) => {
          listeners.push(listener);
          return () => void listeners.splice(listeners.indexOf(listener), 1);
        };
      return outage ? away : Reflect.get(target, name);
    },
  });
}

async function open(id: string): Promise<Received> {
  const res = new Received(new IncomingMessage(new Socket()));
  const exchange = {
    req: res.req,
    res,
    id: 'r',
    method: 'GET',
    path: '/session/events',
    search: '',
  };
  const reading = await world.records.read(id, { touch: false });
  if (reading.kind === 'anonymous') throw new Error('this session has ended');
  streams.watch(id, reading.session, new SessionStream(exchange));
  await settled();
  return res;
}

const settled = (): Promise<void> => jest.advanceTimersByTimeAsync(0);

async function pass(ms: number): Promise<void> {
  world.pass(ms);
  await jest.advanceTimersByTimeAsync(ms);
}

const keyOf = (id: string): string => world.records.credentials.of(id).storeKey;
const names = (res: Received): string[] => res.events.map(([name]) => name);
const signal = (...args: Parameters<SignalListener['onSignal']>): void => {
  for (const listener of listeners) listener.onSignal(...args);
};

describe('a stream', () => {
  it('opens as server-sent events that no proxy collects, and says when to come back', async () => {
    const res = await open(await world.login());
    expect(res.sent).toEqual({
      status: 200,
      'Content-Type': 'text/event-stream; charset=utf-8',
      'X-Accel-Buffering': 'no',
    });
    expect(res.text).toBe('retry: 3000\n\n');
    expect(streams.open).toBe(1);
  });

  it('tells the end and why, at once, and closes', async () => {
    const [id, other] = [await world.login(), await world.login()];
    const [first, second, foreign] = [await open(id), await open(id), await open(other)];
    signal({ kind: 'ended', key: keyOf(id), reason: 'backchannel' });
    for (const res of [first, second]) {
      expect(res.text).toContain('id: ended\nevent: ended\ndata: {"reason":"backchannel"}\n\n');
      expect(res.writableEnded).toBe(true);
    }
    expect(names(foreign)).toEqual([]);
    expect(streams.open).toBe(1);
  });

  it('does not repeat a reason that is none of ours', async () => {
    const id = await world.login();
    const res = await open(id);
    signal({ kind: 'ended', key: keyOf(id), reason: 'x"}\n\nevent: evil' });
    expect(res.events).toEqual([['ended', { reason: null }]]);
    expect(res.text).not.toContain('evil');
  });

  it('finds out by itself what it missed while signals were lost', async () => {
    const [id, other] = [await world.login(), await world.login()];
    const [res, foreign] = [await open(id), await open(other)];
    await world.records.end(keyOf(id), 'revoked');
    await settled();
    expect(names(res)).toEqual([]);
    for (const listener of listeners) listener.onGap();
    await settled();
    expect(res.events).toEqual([['ended', { reason: 'revoked' }]]);
    expect(names(foreign)).toEqual([]);
  });

  it('of a session that ended while it was opened hears of it', async () => {
    const id = await world.login();
    const reading = await world.records.read(id, { touch: false });
    await world.records.end(keyOf(id), 'logout');
    const res = new Received(new IncomingMessage(new Socket()));
    const exchange = { req: res.req, res, id: 'r', method: 'GET', path: '/', search: '' };
    if (reading.kind === 'live') streams.watch(id, reading.session, new SessionStream(exchange));
    await settled();
    expect(res.events).toEqual([['ended', { reason: 'logout' }]]);
  });

  it('tells of new deadlines after a renewal, and extends nothing', async () => {
    const id = await world.login();
    const res = await open(id);
    const before = await world.records.readWithTokens(id, { touch: false });
    if (before.kind === 'anonymous') throw new Error('this session has ended');
    await pass(5 * MINUTE);
    const expiry = world.clock.now() + MINUTE;
    const tokens = tokenSet({ accessTokenExpiresAt: expiry });
    await world.records.replaceTokens(id, before.tokens, tokens);
    signal({ kind: 'renewed', key: keyOf(id) });
    await settled();
    expect(res.events).toEqual([
      [
        'renewed',
        {
          idle_expires_at: before.session.idleDeadline / 1000,
          absolute_expires_at: before.session.record.absoluteDeadline / 1000,
          access_token_expires_at: expiry / 1000,
        },
      ],
    ]);
    await expect(world.records.read(id, { touch: false })).resolves.toMatchObject({
      session: { idleDeadline: before.session.idleDeadline },
    });
  });

  it('warns a minute before the idle deadline, once, and then tells the end', async () => {
    const id = await world.login();
    const res = await open(id);
    await pass(IDLE_MS - MINUTE - 1);
    expect(names(res)).toEqual([]);
    await pass(2);
    expect(names(res)).toEqual(['expiring']);
    await pass(30_000);
    for (const listener of listeners) listener.onGap();
    await settled();
    expect(names(res)).toEqual(['expiring']);
    await pass(30_001);
    expect(res.events.slice(1)).toEqual([['ended', { reason: 'idle' }]]);
  });

  it('warns again when the person went on, of the new deadline', async () => {
    const id = await world.login();
    const res = await open(id);
    await pass(IDLE_MS - MINUTE + 1);
    await world.records.read(id, { touch: true });
    await pass(MINUTE);
    expect(names(res)).toEqual(['expiring']);
    await pass(IDLE_MS - 2 * MINUTE + 1);
    expect(names(res)).toEqual(['expiring', 'expiring']);
    expect(new Set(res.events.map(([, data]) => JSON.stringify(data))).size).toBe(2);
  });

  it('tells that the absolute limit was reached, whatever the person did', async () => {
    const id = await world.login();
    const res = await open(id);
    for (let at = 0; at < ABSOLUTE_MS - 10 * MINUTE; at += 10 * MINUTE) {
      await pass(10 * MINUTE);
      await world.records.read(id, { touch: true });
    }
    expect(names(res)).toEqual([]);
    await pass(9 * MINUTE + 1);
    expect(names(res)).toEqual(['expiring']);
    await pass(MINUTE);
    expect(res.events.at(-1)).toEqual(['ended', { reason: 'absolute' }]);
  });

  it('stays open while the store is away, and tells what it finds when it is back', async () => {
    const id = await world.login();
    const res = await open(id);
    outage = true;
    for (const listener of listeners) listener.onGap();
    await pass(30_000);
    expect(res.writableEnded).toBe(false);
    expect(names(res)).toEqual([]);
    await world.records.end(keyOf(id), 'logout');
    outage = false;
    await pass(2_000);
    expect(res.events).toEqual([['ended', { reason: 'logout' }]]);
  });

  it('beats all the while, so that no proxy takes it for dead', async () => {
    const res = await open(await world.login());
    await pass(60_000);
    expect(res.text.match(/^: $/gm)).toHaveLength(3);
  });

  it('is forgotten when the browser leaves, timers and all', async () => {
    const id = await world.login();
    const res = await open(id);
    res.leave();
    expect(streams.open).toBe(0);
    const { text } = res;
    signal({ kind: 'ended', key: keyOf(id), reason: 'logout' });
    await pass(IDLE_MS);
    expect(res.text).toBe(text);
    // The heartbeat of the instance is the only timer that is left.
    expect(jest.getTimerCount()).toBe(1);
  });

  it('whose browser left before it was watched is not kept', async () => {
    const id = await world.login();
    const reading = await world.records.read(id, { touch: false });
    const res = new Received(new IncomingMessage(new Socket()));
    const exchange = { req: res.req, res, id: 'r', method: 'GET', path: '/', search: '' };
    const stream = new SessionStream(exchange);
    res.leave();
    if (reading.kind === 'live') streams.watch(id, reading.session, stream);
    expect(streams.open).toBe(0);
  });

  it('that is not read is cut off', async () => {
    const res = await open(await world.login());
    res.takes = false;
    await pass(20_000);
    expect(res.destroyed).toBe(true);
  });
});

describe('streams of one session', () => {
  it('are eight at the most: the oldest goes, and comes back by itself', async () => {
    const id = await world.login();
    const opened: Received[] = [];
    for (let count = 0; count < 11; count += 1) opened.push(await open(id));
    expect(opened.map((res) => res.writableEnded)).toEqual([
      true,
      true,
      true,
      ...Array.from({ length: 8 }, () => false),
    ]);
    expect(opened.flatMap(names)).toEqual([]);
    expect(streams.open).toBe(8);
  });

  it('are as many again for another session', async () => {
    const ids = await Promise.all([world.login(), world.login()]);
    for (const id of ids) for (let count = 0; count < 8; count += 1) await open(id);
    expect(streams.open).toBe(16);
  });
});

describe('an instance that goes', () => {
  it('closes its streams without an end, so that the browsers come back', async () => {
    const opened = [await open(await world.login()), await open(await world.login())];
    streams.closeAll();
    expect(opened.map((res) => res.writableEnded)).toEqual([true, true]);
    expect(opened.flatMap(names)).toEqual([]);
    expect(listeners).toEqual([]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('takes no new ones', async () => {
    streams.closeAll();
    const res = await open(await world.login());
    expect(res.writableEnded).toBe(true);
    expect([streams.open, listeners.length]).toEqual([0, 0]);
  });
});
