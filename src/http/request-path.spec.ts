import { belowBase, judgeTarget } from './request-path.js';

describe('judgeTarget', () => {
  describe('refuses what two parsers could read differently', () => {
    it.each([
      // ATK-12
      ['a fragment in the request line', '/api/secret#/public/'],
      ['a fragment after the query', '/api/secret?a=1#/public/'],
      // ATK-13
      ['a dot segment', '/public/../api/x'],
      ['a single dot segment', '/./api'],
      ['a dot segment at the end', '/public/..'],
      ['a single dot at the end', '/public/.'],
      ['an encoded dot segment', '/public/%2e%2e/api/x'],
      ['a half encoded dot segment', '/public/.%2E/api/x'],
      ['an encoded slash', '/public/..%2fapi'],
      ['an encoded slash in a segment', '/api%2Fx'],
      ['a dot segment with a path parameter', '/public/..;/api'],
      ['a dot segment with a named path parameter', '/public/..;a=b/api'],
      ['a dot segment with an encoded path parameter', '/public/..%3b/api'],
      ['a double slash at the start', '//api/x'],
      ['a double slash inside', '/api//x'],
      ['a double slash at the end', '/api//'],
      ['an encoded letter', '/%61pi/x'],
      ['an encoded capital', '/%41pi/x'],
      ['an encoded digit', '/api/%31'],
      ['an encoded hyphen', '/api%2dx'],
      ['an encoded underscore', '/api%5fx'],
      ['an encoded tilde', '/api%7ex'],
      ['a backslash', '/api\\x'],
      ['an encoded backslash', '/api%5cx'],
      ['an encoded null byte', '/api%00'],
      ['an encoded line break', '/api%0d%0ax'],
      ['an encoded delete', '/api%7f'],
      ['a doubly encoded slash', '/api%252fx'],
      ['a doubly encoded dot', '/public/%252e%252e/api'],
      ['a doubly encoded backslash', '/api%255cx'],
      ['a doubly encoded null byte', '/api%2500'],
      ['a triply encoded slash', '/api%25252fx'],
      ['an overlong slash', '/api%c0%afx'],
      ['an overlong dot', '/%c0%ae%c0%ae/api'],
      ['truncated UTF-8', '/api/%e2%82'],
      ['a surrogate in UTF-8', '/api/%ed%a0%80'],
      ['a broken percent sign', '/api/%zz'],
      ['a percent sign at the end', '/api/%'],
      // ATK-14, ATK-16
      ['a raw space', '/api/a b'],
      ['a raw control byte', '/api/a\u0001b'],
      ['a raw byte above ASCII', '/api/\u00e9'],
      ['the absolute form', 'http://h/api/x'],
      ['the authority form', 'host:443'],
      ['the asterisk form', '*'],
      ['nothing', ''],
      ['only a query', '?/api'],
      ['a raw control byte in the query', '/api?a=\u0000'],
      ['a raw space in the query', '/api?a= b'],
    ])('%s', (_what, target) => {
      expect(judgeTarget(target)).toEqual({ kind: 'ambiguous' });
    });
  });

  describe('takes the rest byte for byte', () => {
    it.each([
      ['/', '/', ''],
      ['/api/x', '/api/x', ''],
      ['/api/x/', '/api/x/', ''],
      ['/API/x', '/API/x', ''],
      ['/api.', '/api.', ''],
      ['/.well-known/x', '/.well-known/x', ''],
      ['/a..b/c', '/a..b/c', ''],
      ['/api;jsessionid=1/x', '/api;jsessionid=1/x', ''],
      ['/caf%C3%A9/a%20b', '/caf%C3%A9/a%20b', ''],
      ['/a%25b', '/a%25b', ''],
      ['/a%3Fb', '/a%3Fb', ''],
      ['/a%23b', '/a%23b', ''],
      // ATK-11: the path is what stands before the first question mark
      ['/api/secret?x=/public/', '/api/secret', '?x=/public/'],
      ['/api?/public/../x', '/api', '?/public/../x'],
      ['/api?a=%2e%2e%2f&b=//', '/api', '?a=%2e%2e%2f&b=//'],
      ['/api?', '/api', '?'],
      ['/api??', '/api', '??'],
    ])('%s', (target, path, search) => {
      expect(judgeTarget(target)).toEqual({ kind: 'path', path, search });
    });
  });
});

describe('belowBase', () => {
  it.each([
    ['', '/login', '/login'],
    ['/app', '/app', '/'],
    ['/app', '/app/', '/'],
    ['/app', '/app/login', '/login'],
    ['/app', '/application', undefined],
    ['/app', '/App/login', undefined],
    ['/app', '/', undefined],
    ['/app', '/login', undefined],
  ])('with base %p the path %p is %p', (base, path, below) => {
    expect(belowBase(path, base)).toBe(below);
  });
});
