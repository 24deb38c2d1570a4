import { createHash } from 'node:crypto';
import { fakeExchange } from '../../test/support/fake-exchange.js';
import { rateLimits } from '../../test/support/rate-limits.js';
import { RecordedEvents } from '../../test/support/recorded-events.js';
import type { ServiceConfig } from '../config/config.types.js';
import type { Exchange } from '../http/exchange.js';
import { routeNamed, type Access } from '../http/route-table.js';
import { ServiceAuthenticator } from './service-authenticator.js';
import { RecordedAudit } from '../../test/support/recorded-audit.js';

const SECRET = 'a-secret-of-thirty-two-characters';

function service(more: Partial<ServiceConfig> & { readonly id: string }): ServiceConfig {
  return {
    auth: 'client_secret_basic',
    secretHash: createHash('sha256').update(SECRET).digest(),
    scopes: ['introspect'],
    redirectUris: [],
    codeShape: 'standard',
    audiences: [],
    resources: [],
    tokenVia: 'refresh',
    refreshTokens: false,
    ...more,
  };
}
const { secretHash: _secret, ...open } = service({ id: 'open', auth: 'none', scopes: ['code'] });
const { secretHash: _none, ...unfinished } = service({ id: 'unfinished' });
const SERVICES = [
  service({ id: 'basic' }),
  service({ id: 'post', auth: 'client_secret_post' }),
  service({ id: 'reader', scopes: ['sessions'] }),
  open,
  unfinished,
];

interface Asked {
  readonly basic?: readonly [string, string];
  readonly form?: Readonly<Record<string, string>>;
  readonly peer?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function world(services: readonly ServiceConfig[] = SERVICES) {
  const log = new RecordedEvents();
  const authenticator = new ServiceAuthenticator(services, rateLimits(), log, new RecordedAudit());
  const exchangeOf = ({ basic, peer = '10.0.0.1', headers = {} }: Asked): Exchange => {
    const authorization =
      basic === undefined
        ? {}
        : { authorization: `Basic ${Buffer.from(basic.join(':')).toString('base64')}` };
    const exchange = fakeExchange({ headers: { ...authorization, ...headers } });
    Object.defineProperty(exchange.req.socket, 'remoteAddress', { value: peer });
    return exchange;
  };
  return {
    log,
    /** The id of the service that is let in, or the code of the refusal. */
    ask: async (asked: Asked, access: Access = { service: 'by-grant' }): Promise<string> => {
      const form = new Map(Object.entries(asked.form ?? {}));
      return authenticator.authenticate(exchangeOf(asked), form, access).then(
        ({ id }) => id,
        (error: Error) => error.message,
      );
    },
  };
}

describe('a service', () => {
  it.each<[string, Asked, string]>([
    ['its header', { basic: ['basic', SECRET] }, 'basic'],
    ['its form', { form: { client_id: 'post', client_secret: SECRET } }, 'post'],
    ['its id, where that does', { form: { client_id: 'open' } }, 'open'],
    ['nothing, where one service needs nothing', {}, 'open'],
  ])('is known by %s', async (_what, asked, id) => {
    expect(await world().ask(asked)).toBe(id);
  });

  it.each<[string, Asked]>([
    ['a wrong secret', { basic: ['basic', `${SECRET}x`] }],
    ['an empty secret', { basic: ['basic', ''] }],
    [
      'the hash of the secret',
      { basic: ['basic', createHash('sha256').update(SECRET).digest('base64url')] },
    ],
    ['an unknown id', { basic: ['nobody', SECRET] }],
    ['the id in capitals', { basic: ['BASIC', SECRET] }],
    ['a form in place of the header', { form: { client_id: 'basic', client_secret: SECRET } }],
    ['the header in place of a form', { basic: ['post', SECRET] }],
    ['the id alone', { form: { client_id: 'basic' } }],
    ['a secret where none is registered', { basic: ['open', ''] }],
    ['an entry without a secret', { basic: ['unfinished', ''] }],
    ['a page in a browser on this machine', { headers: { origin: 'http://localhost:3000' } }],
    ['a page without an origin', { headers: { 'sec-fetch-site': 'cross-site' } }],
  ])('is not known by %s', async (_what, asked) => {
    const { ask, log } = world();
    expect(await ask(asked)).toBe('invalid_client');
    expect(log.events.map(({ name }) => name)).toEqual(['service.refused']);
    expect(JSON.stringify(log.events)).not.toContain(SECRET);
  });

  it('that names nobody is nobody where several need no secret', async () => {
    const { ask } = world([open, { ...open, id: 'another' }]);
    expect(await ask({})).toBe('invalid_client');
    expect(await ask({ form: { client_id: 'another' } })).toBe('another');
  });

  it('needs the scope that the row asks for', async () => {
    const { access } = routeNamed('introspect');
    const { ask } = world();
    expect(await ask({ basic: ['basic', SECRET] }, access)).toBe('basic');
    expect(await ask({ basic: ['reader', SECRET] }, access)).toBe('service_not_permitted');
    expect(await ask({}, access)).toBe('service_not_permitted');
  });

  it.each<[Access]>([['session'], [{ open: 'to everybody' }]])(
    'does not come by a row that is not for services: %j',
    async (access) => {
      expect(await world().ask({ basic: ['basic', SECRET] }, access)).toMatch('no row');
    },
  );

  it('has its unknown id kept out of the log, which may be a secret', async () => {
    const { ask, log } = world();
    await ask({ basic: [SECRET, 'basic'] });
    expect(JSON.stringify(log.events)).not.toContain(SECRET);
  });
});

describe('failures', () => {
  it('are counted for one service at one address, and hold nobody else up', async () => {
    const { ask } = world();
    const wrong = { basic: ['basic', 'x'] } as const;
    for (let at = 0; at < 10; at += 1) expect(await ask(wrong)).toBe('invalid_client');
    expect(await ask(wrong)).toBe('too_many_failures');
    expect(await ask({ basic: ['basic', SECRET] })).toBe('too_many_failures');
    expect(await ask({ basic: ['basic', SECRET], peer: '10.0.0.2' })).toBe('basic');
    expect(await ask({ basic: ['reader', SECRET] })).toBe('reader');
  });

  it('of unknown ids are counted together', async () => {
    const { ask } = world();
    for (let at = 0; at < 10; at += 1)
      expect(await ask({ basic: [`nobody-${at}`, 'x'] })).toBe('invalid_client');
    expect(await ask({ basic: ['somebody', 'x'] })).toBe('too_many_failures');
    expect(await ask({ basic: ['basic', SECRET] })).toBe('basic');
  });

  it('are none where nobody failed', async () => {
    const { ask } = world();
    for (let at = 0; at < 50; at += 1)
      expect(await ask({ basic: ['basic', SECRET] })).toBe('basic');
  });
});
