import { exchange, jsonOf } from '../support/http-exchange.js';
import { InstanceProcess } from '../support/instance-process.js';
import { Stage } from '../support/stage.js';

const SECRET = 'hunter2';

/** Loaded before the product: faults in its process that nobody foresaw, one for each signal. */
const FAULTS = `data:text/javascript,${encodeURIComponent(`
  process.on('SIGUSR2', () => void Promise.reject(new TypeError('the secret is ${SECRET}')));
  process.on('SIGPIPE', () => { throw new RangeError('the secret is ${SECRET}'); });
`)}`;

describe('a fault that nobody foresaw', () => {
  let stage: Stage;
  let instance: InstanceProcess;
  beforeEach(async () => {
    stage = await Stage.open({ redis: true });
    instance = await InstanceProcess.start(stage, { env: { NODE_OPTIONS: `--import=${FAULTS}` } });
  });
  afterEach(async () => {
    await instance.end();
    await stage.close();
  });

  it.each([
    ['a promise that nobody waits for', 'SIGUSR2', 'TypeError'],
    ['an exception outside of every request', 'SIGPIPE', 'RangeError'],
  ] as const)(
    'is logged by its name and ends the process in order, to be started again: %s (E-52)',
    async (_what, signal, name) => {
      const cookie = await stage.cookieOf(await stage.member());
      const arrived = new Promise<() => void>((resolve) => {
        stage.api.respond((_received, res) => resolve(() => res.writeHead(200).end('done')));
      });
      const call = exchange(instance.url('/api/slow'), { headers: { cookie, 'x-csrf': '1' } });
      const letGo = await arrived;
      const draining = instance.nextLog('server.draining');
      const ended = instance.endsOn(signal);
      await Promise.race([draining, ended]);
      letGo();
      expect((await call).status).toBe(200);
      expect(await ended).toBe(1);
      expect(instance.logged('server.failed')).toEqual([
        expect.objectContaining({
          level: 'error',
          cause: expect.stringMatching(new RegExp(`^${name} < at `)) as string,
        }),
      ]);
      expect(instance.errorOutput).toBe('');

      const next = await InstanceProcess.start(stage);
      const view = jsonOf(await exchange(next.url('/session'), { headers: { cookie } }));
      expect(view).toMatchObject({ authenticated: true });
      await next.end();
    },
  );
});
