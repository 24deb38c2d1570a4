import dns from 'node:dns';
import { once } from 'node:events';
import { createServer as createHttpServer, type Server } from 'node:http';
import { connect, createServer } from 'node:net';
import { providerParts } from '../../src/provider/provider-parts.js';
import { RedisStore } from '../../src/store/redis/redis.store.js';
import { FixedClock } from '../support/fixed-clock.js';
import { providerAt } from '../support/provider-config.js';
import { RecordedEvents } from '../support/recorded-events.js';
import { redisConfig } from '../support/redis-config.js';
import { freePort, RedisHost } from '../support/redis-host.js';
import { newSession, storeKey } from '../support/store-records.js';

type Callback = (error: null, address: string | dns.LookupAddress[], family?: number) => void;

/** This machine has many addresses; where a name leads is up to the test, everything behind that is real. */
describe('a name that leads to another address (R-48)', () => {
  const NAME = 'moving.test';
  const [HERE, THERE] = ['127.0.0.1', '127.0.0.2'];
  const { lookup } = dns;
  let address = HERE;
  beforeEach(() => {
    address = HERE;
    const moving = (name: string, options: dns.LookupOptions, told: Callback): void => {
      if (name !== NAME) return lookup(name, options, told as never);
      if (options.all === true) told(null, [{ address, family: 4 }]);
      else told(null, address, 4);
    };
    Object.assign(dns, { lookup: moving });
  });
  afterEach(() => Object.assign(dns, { lookup }));

  it('is followed when the Redis that it named is gone', async () => {
    const [old, next] = await Promise.all([RedisHost.start(), RedisHost.start()]);
    const there = createServer((socket) => {
      const onward = connect(next.port, HERE);
      socket.pipe(onward).pipe(socket);
      socket.on('error', () => onward.destroy());
      onward.on('error', () => socket.destroy());
    }).listen(old.port, THERE);
    await once(there, 'listening');
    const log = new RecordedEvents();
    const url = `redis://${NAME}:${old.port}`;
    const store = new RedisStore(redisConfig(url), new FixedClock(), log);
    try {
      await log.next('store.connected');
      address = THERE;
      const again = log.next('store.connected');
      await old.kill();
      await again;
      await store.create(storeKey(), newSession());
      expect(await next.command('DBSIZE')).not.toBe(':0\r\n');
    } finally {
      await store.close();
      there.close();
      await Promise.all([old.stop(), next.stop()]);
    }
  });

  it('is followed when the provider that it named is gone', async () => {
    const port = await freePort();
    const serve = async (host: string): Promise<Server> => {
      const server = createHttpServer((_req, res) => {
        res.writeHead(200, { 'content-type': 'text/plain' }).end(host);
      }).listen(port, host);
      await once(server, 'listening');
      return server;
    };
    const [old, next] = [await serve(HERE), await serve(THERE)];
    const origin = `http://${NAME}:${port}`;
    const { fetch } = providerParts(
      providerAt(`http://${HERE}:${port}`),
      new FixedClock(),
      new RecordedEvents(),
    );
    const ask = async (): Promise<string> =>
      (await fetch(`${origin}/`, { signal: AbortSignal.timeout(2_000) })).text();
    try {
      expect(await ask()).toBe(HERE);
      address = THERE;
      old.closeAllConnections();
      old.close();
      expect(await ask()).toBe(THERE);
    } finally {
      next.closeAllConnections();
      next.close();
    }
  });
});
