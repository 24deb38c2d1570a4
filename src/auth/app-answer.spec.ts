import { toCallbackParameters } from './app-answer.js';

const read = (body: Readonly<Record<string, unknown>>) =>
  toCallbackParameters(new Map(Object.entries(body)));

describe('what an application hands in', () => {
  it('becomes the parameters of a callback, and nothing else does', () => {
    const body = { code: 'c&d=e', state: 's', iss: 'https://a', scope: 'x', session_state: 7 };
    expect([...read(body)]).toEqual([
      ['code', 'c&d=e'],
      ['state', 's'],
      ['iss', 'https://a'],
    ]);
    expect([...read({ error: 'access_denied', state: 's', error_description: [] })]).toEqual([
      ['state', 's'],
      ['error', 'access_denied'],
    ]);
    expect([...read({})]).toEqual([]);
  });

  it('keeps an empty value, which is not an absent one', () => {
    expect(read({ code: '' }).get('code')).toBe('');
    expect(read({}).get('code')).toBeNull();
  });

  it.each([null, 1, true, ['c'], { toString: 'c' }])('is refused as %j', (value) => {
    for (const name of ['code', 'state', 'iss', 'error']) {
      expect(() => read({ [name]: value })).toThrow(
        expect.objectContaining({ code: 'bad_request' }),
      );
    }
  });

  it('may be a code of 8,192 characters, not more', () => {
    expect(read({ code: 'c'.repeat(8_192) }).get('code')).toHaveLength(8_192);
    expect(() => read({ code: 'c'.repeat(8_193) })).toThrow(
      expect.objectContaining({ code: 'bad_request' }),
    );
  });
});
