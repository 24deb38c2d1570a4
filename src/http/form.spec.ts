import { fakeExchange } from '../../test/support/fake-exchange.js';
import type { ErrorCode } from '../errors/error-catalogue.js';
import { readForm, single } from './form.js';

const FORM = 'application/x-www-form-urlencoded';

const read = (body: string, type: string | undefined = FORM) =>
  readForm(
    fakeExchange({
      method: 'POST',
      body,
      headers: type === '' ? {} : { 'content-type': type },
    }),
  );

describe('readForm', () => {
  it.each([
    ['a=1&b=%26%3D&c=+x%20', FORM],
    ['a=1&b=%26%3D&c=+x%20', `${FORM}; charset=UTF-8`],
    ['a=1&b=%26%3D&c=+x%20', 'Application/X-WWW-Form-URLencoded'],
  ])('reads %s as %s', async (body, type) => {
    const form = await read(body, type);
    expect(Object.fromEntries(form)).toEqual({ a: '1', b: '&=', c: ' x ' });
  });

  it('keeps a repeated field visible', async () => {
    expect((await read('a=1&a=2')).getAll('a')).toEqual(['1', '2']);
  });

  it('makes neither arrays nor objects of brackets', async () => {
    const form = await read('a[]=1&a[b]=2&__proto__=3');
    expect([...form.keys()]).toEqual(['a[]', 'a[b]', '__proto__']);
  });

  it('takes an empty body for an empty form', async () => {
    expect([...(await read(''))]).toEqual([]);
  });

  it.each<[string, string, string, ErrorCode]>([
    ['json', '{}', 'application/json', 'unsupported_media_type'],
    ['a type that only begins alike', 'a=1', `${FORM}x`, 'unsupported_media_type'],
    ['no type', 'a=1', '', 'unsupported_media_type'],
    ['more than 64 KiB', 'a'.repeat(65_537), FORM, 'payload_too_large'],
    ['an unknown charset', 'a=1', `${FORM}; charset=klingon`, 'bad_request'],
  ])('refuses %s', async (_what, body, type, code) => {
    await expect(read(body, type)).rejects.toMatchObject({ code });
  });

  it('takes exactly 64 KiB', async () => {
    const form = await read(`a=${'x'.repeat(65_534)}`);
    expect(form.get('a')).toHaveLength(65_534);
  });
});

describe('single', () => {
  const parameters = new URLSearchParams('a=1&b=2&b=2&c=');

  it('gives a value that comes once, the empty one too', () => {
    expect(single(parameters, 'a')).toBe('1');
    expect(single(parameters, 'c')).toBe('');
    expect(single(parameters, 'd')).toBeUndefined();
  });

  it('refuses a repeated parameter, even when the values agree (RFC 6749 §3.1)', () => {
    expect(() => single(parameters, 'b')).toThrow(expect.objectContaining({ code: 'bad_request' }));
  });
});
