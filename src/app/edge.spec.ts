import { Registry } from 'prom-client';
import { configOf, HTTPS_ENV } from '../../test/support/config-env.js';
import { fakeExchange } from '../../test/support/fake-exchange.js';
import { RecordedEvents } from '../../test/support/recorded-events.js';
import { ErrorAnswer } from '../http/error-answer.js';
import { pairsOf } from '../http/flat-headers.js';
import { PublicUrl } from '../http/public-url.js';
import { RequestMetrics } from '../ops/request-metrics.js';
import { createEdge } from './edge.js';
import { RecordedAudit } from '../../test/support/recorded-audit.js';

const { server, csrf } = configOf({ ...HTTPS_ENV, BASE_PATH: '/app' });

/** What became of one request, and who was asked to answer it. */
async function ask(method: string, url: string, answer?: Pick<ErrorAnswer, 'send'>) {
  const log = new RecordedEvents();
  const asked: string[] = [];
  const { req, res } = fakeExchange();
  // The edge attaches its own exchange to a request that has none yet.
  const bare = Object.assign(Object.create(req) as typeof req, { method, url });
  Reflect.defineProperty(bare, 'headers', { value: {} });
  const edge = createEdge({
    listener: 'public',
    server,
    csrf,
    basePath: '/app',
    headers: { everywhere: ['x-content-type-options', 'nosniff'], pages: [] },
    hot: new Map([['session', async () => void asked.push('hot')]]),
    otherwise: async (exchange) => void asked.push(`otherwise ${exchange.path}${exchange.search}`),
    errors: (answer ??
      new ErrorAnswer(log, new PublicUrl(server), new RecordedAudit())) as ErrorAnswer,
    log,
    meter: new RequestMetrics(new Registry()).of('public'),
    isDraining: () => false,
  });
  edge(bare, res, (toExpress) => void asked.push(`express ${toExpress.url}`));
  await new Promise(setImmediate);
  const marks = new Map(pairsOf(res.withMarks([])));
  const header = (name: string): unknown => marks.get(name) ?? res.getHeader(name);
  const { destroyed } = res;
  return { asked, status: res.headersSent ? res.statusCode : undefined, header, destroyed };
}

describe('the edge', () => {
  it.each([
    ['/app/session', 'hot'],
    ['/app/login?return_to=/x', 'express /login?return_to=/x'],
    ['/app/api/x?y', 'otherwise /api/x?y'],
    ['/app', 'otherwise /'],
    ['/app/', 'otherwise /'],
  ])('hands %s on to %s', async (url, to) => {
    expect((await ask('GET', url)).asked).toEqual([to]);
  });

  it('ends the connection, and not the process, where not even an error can be sent', async () => {
    const broken = {
      send: () => {
        throw new Error('no answer');
      },
    };
    expect(await ask('GET', '/app//x')).toMatchObject({ status: 400, destroyed: false });
    expect(await ask('GET', '/app//x', broken)).toMatchObject({
      status: undefined,
      destroyed: true,
    });
  });

  it.each([['/'], ['/login'], ['/application/login'], ['/App/login']])(
    'has nothing outside the base path: %s',
    async (url) => {
      expect(await ask('GET', url)).toMatchObject({ asked: [], status: 404 });
    },
  );

  it.each([['/app//x'], ['/app/../app/session'], ['http://app.example.com/app/session']])(
    'refuses the ambiguous address %s before anybody is asked',
    async (url) => {
      expect(await ask('GET', url)).toMatchObject({ asked: [], status: 400 });
    },
  );

  it.each([['TRACE'], ['CONNECT'], ['PROPFIND']])('does not know the method %s', async (method) => {
    expect(await ask(method, '/app/api/x')).toMatchObject({ asked: [], status: 405 });
  });

  it('names the methods of a path of ours', async () => {
    const { asked, status, header } = await ask('DELETE', '/app/logout');
    expect([asked, status]).toEqual([[], 405]);
    expect(String(header('allow')).split(', ').toSorted()).toEqual(['GET', 'POST']);
  });

  it('marks every answer before anybody writes it', async () => {
    const { header } = await ask('GET', '/app/api/x');
    expect(header('x-content-type-options')).toBe('nosniff');
    expect(header('cache-control')).toBe('no-store');
    expect(header('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });
});
