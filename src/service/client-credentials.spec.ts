import { fakeExchange } from '../../test/support/fake-exchange.js';
import { credentialsOf } from './client-credentials.js';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

function read(authorization?: string, parameters: Readonly<Record<string, string>> = {}) {
  const headers = authorization === undefined ? {} : { authorization };
  return credentialsOf(fakeExchange({ headers }), new Map(Object.entries(parameters)));
}

describe('the credentials of a service', () => {
  it.each([
    [`Basic ${base64('orders:secret')}`, 'orders', 'secret'],
    [`basic  ${base64('orders:a%2Bb%25+c%3A')}`, 'orders', 'a+b% c:'],
    [`BASIC ${base64('orders:with:colons')}`, 'orders', 'with:colons'],
    [`Basic ${base64('orders:')}`, 'orders', ''],
    [`Basic ${base64('%6Frders:%C3%A4')}`, 'orders', 'ä'],
  ])('are read from %s (RFC 6749 §2.3.1)', (header, id, secret) => {
    expect(read(header)).toEqual({ method: 'client_secret_basic', id, secret });
  });

  it.each([
    ['Basic'],
    ['Basic '],
    ['Basic !!!'],
    [`Basic ${base64('no colon')}`],
    [`Basic ${base64('orders:%')}`],
    [`Basic ${base64('orders:%FF')}`],
    [`Bearer ${base64('orders:secret')}`],
    [`Basic ${base64('orders:secret')}, Basic x`],
    [''],
  ])('are not read from %j', (header) => {
    expect(read(header)).toEqual({ method: 'unusable' });
  });

  it('are read from a form', () => {
    expect(read(undefined, { client_id: 'orders', client_secret: 's' })).toEqual({
      method: 'client_secret_post',
      id: 'orders',
      secret: 's',
    });
    expect(read(undefined, { client_secret: 's' })).toEqual({ method: 'unusable' });
    expect(read(undefined, { client_id: 'orders' })).toEqual({ method: 'none', id: 'orders' });
    expect(read()).toEqual({ method: 'none' });
    expect(read(undefined, { client_id: 'orders', client_assertion: 'x' })).toEqual({
      method: 'unusable',
    });
  });

  it.each<[Record<string, string>]>([
    [{ client_secret: 's' }],
    [{ client_assertion: 'x' }],
    [{ client_id: 'others' }],
  ])('are given in one way only: not %j beside the header', (parameters) => {
    expect(() => read(`Basic ${base64('orders:secret')}`, parameters)).toThrow('bad_request');
  });

  it('are given in one way only: not two headers, of which Node shows the first', () => {
    const exchange = fakeExchange({ headers: { authorization: `Basic ${base64('a:b')}` } });
    Object.defineProperty(exchange.req, 'headersDistinct', {
      value: { authorization: ['Basic x', 'Basic y'] },
    });
    expect(() => credentialsOf(exchange, new Map())).toThrow('bad_request');
  });
});
