import { fakeExchange } from '../../test/support/fake-exchange.js';
import type { ErrorCode } from '../errors/error-catalogue.js';
import { isJson, readJsonObject } from './json-body.js';

const JSON_TYPE = 'application/json';
const posted = (body: string, type = JSON_TYPE) =>
  fakeExchange({ method: 'POST', body, headers: { 'content-type': type } });
const read = async (body: string, type?: string) =>
  Object.fromEntries(await readJsonObject(posted(body, type)));

describe('isJson', () => {
  it.each([
    ['application/json', true],
    ['Application/JSON', true],
    ['application/json; charset=utf-8', true],
    ['application/json ;x="a;b"', true],
    ['application/json, text/plain', false],
    ['application/jsonp', false],
    ['application/problem+json', false],
    ['text/json', false],
    ['text/plain', false],
    ['text/plain; application/json', false],
    ['application/x-www-form-urlencoded', false],
    ['', false],
  ])('%s: %s', (type, is) => {
    expect(isJson(posted('{}', type))).toBe(is);
  });
});

describe('readJsonObject', () => {
  it.each([
    ['{}', {}],
    [' {"a":"1","b":{"a":[1,{"a":2}]},"c":null} ', { a: '1', b: { a: [1, { a: 2 }] }, c: null }],
    ['{"a":"\\"b\\":{\\\\","b":"{\\"a\\":1}"}', { a: '"b":{\\', b: '{"a":1}' }],
    ['{"é":"\\u00e9"}', { é: 'é' }],
  ])('reads %s', async (body, value) => {
    await expect(read(body)).resolves.toEqual(value);
    await expect(read(body, `${JSON_TYPE}; charset=utf-8`)).resolves.toEqual(value);
  });

  it('takes a member for what it is called, whatever that means elsewhere', async () => {
    const members = await readJsonObject(posted('{"__proto__":{"code":"c"},"toString":"s"}'));
    expect([...members.keys()]).toEqual(['__proto__', 'toString']);
    expect(members.get('code')).toBeUndefined();
  });

  it.each<[string, string, string, ErrorCode]>([
    ['a form', 'a=1', 'application/x-www-form-urlencoded', 'unsupported_media_type'],
    ['another kind of JSON', '{}', 'application/ld+json', 'unsupported_media_type'],
    ['nothing', '', JSON_TYPE, 'bad_request'],
    ['half an object', '{"a":', JSON_TYPE, 'bad_request'],
    ['an object and more', '{}{}', JSON_TYPE, 'bad_request'],
    ['an array', '[]', JSON_TYPE, 'bad_request'],
    ['a string', '"a"', JSON_TYPE, 'bad_request'],
    ['null', 'null', JSON_TYPE, 'bad_request'],
    ['a repeated member', '{"a":1,"a":1}', JSON_TYPE, 'bad_request'],
    ['a member repeated in other letters', '{"a":1,"b":2,"\\u0061":1}', JSON_TYPE, 'bad_request'],
    ['a member repeated after an object', '{"a":{"a":[]},"a":1}', JSON_TYPE, 'bad_request'],
    ['an unknown charset', '{}', `${JSON_TYPE}; charset=klingon`, 'bad_request'],
    ['more than 64 KiB', `{"a":"${'x'.repeat(65_536)}"}`, JSON_TYPE, 'payload_too_large'],
  ])('refuses %s', async (_what, body, type, code) => {
    await expect(read(body, type)).rejects.toMatchObject({ code });
  });

  it('says nothing of what it could not read', async () => {
    const failed = await read('{"code":"the-code"').catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: 'bad_request', detail: 'no JSON' });
    expect((failed as Error).cause).toBeUndefined();
  });

  it('is quick with what is deep', async () => {
    await expect(read(`{"a":${'['.repeat(30_000)}${']'.repeat(30_000)}}`)).resolves.toBeDefined();
  });
});
