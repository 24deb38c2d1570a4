import { createHmac } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import session from 'express-session';
import { JsonServer } from '../../test/support/json-server.js';
import { randomToken } from '../crypto/random.js';
import { cookieValues } from '../http/cookies.js';
import { SessionCookie } from './session-cookie.js';

const [FIRST, SECOND] = ['secret-one', 'secret-two'];
const id = randomToken();

/** The value as `cookie-signature` makes it. */
function signed(of: string, secret = FIRST): string {
  const mac = createHmac('sha256', secret).update(of).digest('base64').replace(/=+$/, '');
  return encodeURIComponent(`s:${of}.${mac}`);
}

const idsOf = (values: readonly string[], secrets: readonly string[] = [FIRST]) =>
  new SessionCookie(secrets).idsOf(values);

describe('a cookie of express-session', () => {
  let server: JsonServer;
  beforeAll(async () => {
    server = await JsonServer.start();
  });
  afterAll(() => server.stop());

  async function cookieOf(secret: string[]): Promise<string> {
    const middleware = session({
      secret,
      name: 'v',
      resave: false,
      saveUninitialized: true,
      genid: () => id,
      store: new session.MemoryStore(),
    });
    server.answerWith((req, res) =>
      middleware(
        req as Parameters<typeof middleware>[0],
        res as ServerResponse as Parameters<typeof middleware>[1],
        () => res.end(),
      ),
    );
    const [cookie = ''] = (await fetch(server.origin)).headers.getSetCookie();
    return cookie.split(';')[0] ?? '';
  }

  it('proves the id that it was made for', async () => {
    const values = cookieValues(await cookieOf([FIRST]), 'v');
    expect(values).toHaveLength(1);
    expect(idsOf(values)).toEqual([id]);
  });

  it('proves it after the secrets were rotated, until the old one is taken out (J-16, J-17)', async () => {
    const values = cookieValues(await cookieOf([FIRST, SECOND]), 'v');
    expect(idsOf(values, [SECOND, FIRST])).toEqual([id]);
    expect(idsOf(values, [SECOND])).toEqual([]);
  });
});

describe('what proves nothing', () => {
  const good = signed(id);

  it.each<[string, string]>([
    ['an empty value', ''],
    ['no prefix', good.replace('s%3A', '')],
    ['another prefix', good.replace('s%3A', 'j%3A')],
    ['no signature', encodeURIComponent(`s:${id}`)],
    ['an empty signature', encodeURIComponent(`s:${id}.`)],
    ['another secret', signed(id, 'other')],
    ['another id under this signature', good.replace(id, randomToken())],
    ['a byte moved from the id into the signature', good.replace(/(.)\./, '.$1')],
    ['a byte moved from the signature into the id', good.replace(/\.(.)/, '$1.')],
    ['the id alone, as other cookies hold theirs', id],
    ['a longer signature', `${good}A`],
    ['a shorter signature', good.slice(0, -1)],
    ['a changed signature', good.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))],
    ['an id that is no session id', signed('short')],
    ['an id with a path in it', signed(`../${id.slice(3)}`)],
    ['a broken encoding', `${good}%`],
    ['an encoding of no UTF-8', `${good}%ff`],
  ])('%s (ATK-40, J-15)', (_what, value) => {
    expect(idsOf([value])).toEqual([]);
  });

  it('stays nothing when it is shown again', () => {
    const cookie = new SessionCookie([FIRST]);
    const forged = signed(id, 'other');
    expect(cookie.idsOf([forged])).toEqual([]);
    expect(cookie.idsOf([forged])).toEqual([]);
    expect(cookie.idsOf([good])).toEqual([id]);
    expect(cookie.idsOf([good])).toEqual([id]);
  });
});

describe('an id that the secret has signed and that is none', () => {
  it.each([
    ['a format', 'a%s%n'],
    ['a pattern', '*'],
    ['a pattern of keys', 'sess:*'],
    ['another key of the store', `lock:${id.slice(5)}`],
    ['a hash tag', `{tag}${id.slice(5)}`],
    ['commands', `${id}\r\nFLUSHALL\r\n`],
    ['ten kilobytes', 'a'.repeat(10_000)],
    ['a name that objects have', '__proto__'],
    ['nothing', ''],
  ])('is never looked for: %s (ATK-46)', (_what, one) => {
    expect(idsOf([signed(one)])).toEqual([]);
  });
});

describe('several cookies of one name', () => {
  const others = [randomToken(), randomToken(), randomToken()];

  it('are all looked at, in order, once each (J-18)', () => {
    const values = [signed(others[0] ?? ''), 'junk', signed(id), signed(id)];
    expect(idsOf(values)).toEqual([others[0], id]);
  });

  it('are looked at up to four (ATK-50)', () => {
    const values = [...others, randomToken()].map((one) => signed(one));
    expect(idsOf([...values, signed(id)])).toHaveLength(4);
    expect(idsOf([...values, signed(id)])).not.toContain(id);
  });
});
