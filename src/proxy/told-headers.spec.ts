import { asIncoming } from './told-headers.js';

describe('the header fields of an answer', () => {
  it('are what they were where each came once', () => {
    expect(asIncoming({ 'content-type': 'text/html', etag: '"a"' })).toEqual({
      'content-type': 'text/html',
      etag: '"a"',
    });
  });

  it.each([
    ['a', ['a']],
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
  ])('have cookies as a list, also one: %j', (told, cookies) => {
    expect(asIncoming({ 'set-cookie': told })).toEqual({ 'set-cookie': cookies });
  });

  it('have one type, the first: a second one would be judged by nobody', () => {
    expect(asIncoming({ 'content-type': ['image/png', 'text/html'] })).toEqual({
      'content-type': 'image/png',
    });
  });

  it('are joined where a name may come several times', () => {
    expect(asIncoming({ connection: ['close', 'x-own'], vary: ['a', 'b'] })).toEqual({
      connection: 'close, x-own',
      vary: 'a, b',
    });
  });
});
