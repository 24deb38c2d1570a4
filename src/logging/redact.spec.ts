import { cleanText } from './redact.js';

const TOKEN = 'Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF';
const JWT = `eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1c2VyIn0.c2lnbmF0dXJl`;

describe('cleanText', () => {
  it.each([
    ['a JWT', `got ${JWT} back`],
    ['a JWT without its signature', 'got eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1c2VyIn0 back'],
    ['a session id', `cookie s%3A${TOKEN} lost`],
    ['a bearer value', 'authorization: Bearer abc.def'],
    ['a basic value', 'authorization: basic YWxpY2U6cHc='],
    ['a short code', 'GET /callback?code=abc&x=1'],
    ['a state', 'state=abc'],
    ['a client secret', 'client_secret=hunter2&x=1'],
    ['a password', 'password=hunter2'],
  ])('removes %s', (_what, text) => {
    const clean = cleanText(text);
    expect(clean).toContain('[redacted]');
    expect(clean).not.toMatch(/abc|hunter2|YWxp|eyJ|Zm9v/);
  });

  it.each([
    ['login_rejected'],
    ['UND_ERR_HEADERS_TIMEOUT'],
    ['id token: at_hash'],
    ['at f (file:///app/dist/x.js:1:2)'],
  ])('leaves %p as it is', (text) => {
    expect(cleanText(text)).toBe(text);
  });

  it('lets nobody write a second log line (E-53)', () => {
    expect(cleanText('a\r\n{"event":"x"}\u2028b\u0000c\u009bd')).toBe('a  {"event":"x"} b c d');
  });

  it('cuts what is long', () => {
    expect(cleanText('word '.repeat(1_000)).length).toBeLessThanOrEqual(520);
  });

  it.each(Array.from({ length: TOKEN.length }, (_none, at) => at + 1))(
    'leaves no part of a secret that the cut goes through after %d characters',
    (visible) => {
      const text = `${'. '.repeat(300).slice(0, 500 - visible)}${TOKEN} and more`;
      expect(cleanText(text)).not.toContain('Zm9v'.slice(0, Math.min(4, visible)));
    },
  );
});
