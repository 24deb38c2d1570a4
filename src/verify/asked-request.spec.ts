import { configOf, LOOPBACK_ENV } from '../../test/support/config-env.js';
import { fakeExchange } from '../../test/support/fake-exchange.js';
import { RecordedEvents } from '../../test/support/recorded-events.js';
import { ForwardedRequests } from '../http/forwarded-request.js';
import { AskedRequests, type AskedRequest } from './asked-request.js';

const GATEWAY = '10.0.0.7';
const { server } = configOf({ ...LOOPBACK_ENV, TRUST_PROXY: GATEWAY });

interface Question {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly peer?: string;
}

function worldOf() {
  const log = new RecordedEvents();
  const requests = new AskedRequests(new ForwardedRequests(server), log);
  const of = ({ peer = GATEWAY, ...question }: Question): AskedRequest => {
    const exchange = fakeExchange(question);
    Object.defineProperty(exchange.req.socket, 'remoteAddress', { value: peer });
    return requests.of(exchange);
  };
  return { log, of };
}

const forwarded = (method: string) => ({ 'x-forwarded-method': method });

describe('the method that is asked about', () => {
  it.each<[string, Question, string, AskedRequest['certainty']]>([
    ['a gateway that tells it', { headers: forwarded('DELETE') }, 'DELETE', 'told'],
    ['a gateway that tells a safe one', { headers: forwarded('GET') }, 'GET', 'told'],
    ['a gateway that keeps it', { method: 'POST' }, 'POST', 'told'],
    [
      'a gateway that keeps it, whatever a client says beside it',
      { method: 'POST', headers: forwarded('GET') },
      'POST',
      'told',
    ],
    ['a gateway that always asks with GET', {}, 'GET', 'guessed'],
    [
      'a gateway that tells something else',
      { headers: { 'x-original-uri': '/a' } },
      'GET',
      'guessed',
    ],
    ['a stranger', { headers: forwarded('GET'), peer: '192.0.2.1' }, 'GET', 'unknown'],
    [
      'a stranger who keeps it',
      { method: 'PUT', headers: forwarded('GET'), peer: '192.0.2.1' },
      'PUT',
      'unknown',
    ],
    ['a stranger who forwards nothing', { method: 'PUT', peer: '192.0.2.1' }, 'PUT', 'told'],
    ['another spelling, which is another method', { headers: forwarded('get') }, 'get', 'told'],
  ])('of %s', (_whose, question, method, certainty) => {
    expect(worldOf().of(question)).toMatchObject({ method, certainty });
  });
});

describe('a WebSocket is asked for', () => {
  it.each([
    ['upgrade', 'websocket'],
    ['upgrade', 'WebSocket'],
    ['sec-websocket-key', 'dGhlIHNhbXBsZSBub25jZQ=='],
    ['sec-fetch-mode', 'websocket'],
  ])('by %s: %s', (name, value) => {
    expect(worldOf().of({ headers: { [name]: value } }).isUpgrade).toBe(true);
  });

  it.each([
    ['upgrade', 'h2c'],
    ['sec-fetch-mode', 'cors'],
    ['connection', 'upgrade'],
  ])('and not by %s: %s', (name, value) => {
    expect(worldOf().of({ headers: { [name]: value } }).isUpgrade).toBe(false);
  });
});

describe('a gateway that is not trusted', () => {
  it('is told to the operator, once for each', () => {
    const { of, log } = worldOf();
    for (const peer of ['192.0.2.1', '192.0.2.1', '192.0.2.2'])
      of({ headers: forwarded('GET'), peer });
    expect(log.events).toMatchObject([
      { name: 'gateway.not_trusted', fields: { peer: '192.0.2.1' } },
      { name: 'gateway.not_trusted', fields: { peer: '192.0.2.2' } },
    ]);
    expect(JSON.stringify(log.events)).toContain('TRUST_PROXY');
  });

  it('fills no log', () => {
    const { of, log } = worldOf();
    for (let at = 0; at < 50; at += 1) of({ headers: forwarded('GET'), peer: `192.0.2.${at}` });
    expect(log.events).toHaveLength(10);
  });
});

it('what is no request is refused, and the log says what is wrong', () => {
  expect(() => worldOf().of({ headers: { 'x-forwarded-uri': '%zz' } })).toThrow(
    expect.objectContaining({ code: 'bad_request', detail: expect.stringMatching(/address$/) }),
  );
});
