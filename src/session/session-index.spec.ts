import { KeyRing } from '../crypto/key-ring.js';
import { newLogin, sessionConfig } from '../../test/support/session-fixtures.js';
import { SessionIndexNames, subjectsOf } from './session-index.js';

const [k1] = sessionConfig.keys;
const k2 = { kid: 'k2', secret: Buffer.alloc(32, 2) };
const names = new SessionIndexNames(new KeyRing(sessionConfig.keys));
const ISSUER = 'https://login.example';

describe('the names of indexes', () => {
  it('differ for whatever differs (ATK-67, E-28, E-31)', () => {
    const subjects = [
      { issuer: ISSUER, subject: 'a' },
      { issuer: ISSUER, subject: 'b' },
      { issuer: `${ISSUER}/`, subject: 'a' },
      { issuer: ISSUER, providerSessionId: 'a' },
      { issuer: ISSUER, subject: 'a', providerSessionId: 'a' },
      { issuer: ISSUER, subject: 'aa', providerSessionId: '' },
      { issuer: ISSUER, subject: '', providerSessionId: 'aa' },
      { issuer: `${ISSUER}a`, subject: '' },
      { issuer: 'https://other.example', subject: 'a' },
      { issuer: ISSUER, subject: 'A' },
      { issuer: ISSUER, subject: 'a ' },
      { issuer: ISSUER, subject: '\u00e9' },
      { issuer: ISSUER, subject: 'e\u0301' },
      { issuer: ISSUER, subject: 'a'.repeat(299) },
      { issuer: ISSUER, subject: 'a'.repeat(300) },
    ];
    expect(new Set(subjects.map((subject) => names.current(subject))).size).toBe(subjects.length);
  });

  it('tell nothing of the user and cannot be guessed without the server key', () => {
    const subject = { issuer: ISSUER, subject: 'user-1' };
    const other = new SessionIndexNames(new KeyRing([k2]));
    expect(names.current(subject)).toMatch(/^[\w-]{43}$/);
    expect(other.current(subject)).not.toBe(names.current(subject));
  });

  it('are entered under the first key and looked for under each', () => {
    const subject = { issuer: ISSUER, subject: 'user-1' };
    const rotated = new SessionIndexNames(new KeyRing([k2, k1!]));
    expect(rotated.current(subject)).not.toBe(names.current(subject));
    expect(rotated.all(subject)).toEqual([rotated.current(subject), names.current(subject)]);
  });
});

describe('the indexes of a session', () => {
  const { identity } = newLogin();

  it("are the user's, the provider session's, and that of both", () => {
    const { issuer, subject, providerSessionId } = identity;
    expect(subjectsOf(identity)).toEqual([
      { issuer, subject },
      { issuer, providerSessionId },
      { issuer, subject, providerSessionId },
    ]);
  });

  it("are only the user's where the provider tells no session", () => {
    const { providerSessionId: _sid, ...without } = identity;
    expect(subjectsOf(without)).toEqual([{ issuer: ISSUER, subject: 'user-1' }]);
  });
});
