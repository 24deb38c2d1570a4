import { newLogin } from '../../test/support/session-fixtures.js';
import type { Claims } from '../domain/identity.js';
import type { LiveSession } from '../domain/session.js';
import { pairsOf } from '../http/flat-headers.js';
import { IdentityHeaders } from './identity-headers.js';

const DEFAULT = ['email', 'name', 'groups'].map((name) => ({ name, source: name }));

function live(claims: Claims, subject = 'user-1'): LiveSession {
  const identity = { ...newLogin().identity, claims, subject };
  const record = { identity, createdAt: 0, absoluteDeadline: 1, limitedBy: 'absolute' as const };
  return { counter: 1n, handle: 'the-handle', record, idleDeadline: 1 };
}

function headersOf(session: LiveSession | undefined, told = DEFAULT): Record<string, string> {
  const headers = new IdentityHeaders({ headers: told, assertion: [] });
  return Object.fromEntries(pairsOf(headers.of(session)));
}

describe('the identity headers', () => {
  it('say who is there', () => {
    const claims = { email: 'a@example.com', name: 'Alice', groups: ['staff', 'a,admin'] };
    expect(headersOf(live(claims))).toEqual({
      'x-auth-subject': 'user-1',
      'x-auth-issuer': newLogin().identity.issuer,
      'x-auth-provider': 'generic',
      'x-auth-session': 'the-handle',
      'x-auth-email': 'a@example.com',
      'x-auth-name': 'Alice',
      'x-auth-groups': '["staff","a,admin"]',
    });
  });

  it('are all there and empty for nobody, and for claims that are not told (ATK-07)', () => {
    const names = Object.keys(headersOf(live({})));
    expect(headersOf(undefined)).toEqual(Object.fromEntries(names.map((name) => [name, ''])));
    const untold = headersOf(live({ email: 'a@example.com' }), []);
    expect(untold).toMatchObject({ 'x-auth-email': '', 'x-auth-name': '', 'x-auth-groups': '' });
  });

  it('tell a claim under a name of its own', () => {
    const told = [{ name: 'Roles', source: 'realm_roles' }];
    const headers = headersOf(live({ realm_roles: ['a'], level: 3 }), told);
    expect(headers).toMatchObject({ 'x-auth-roles': '["a"]', 'x-auth-email': '' });
  });

  it.each<[string, Claims, string]>([
    ['a line break', { email: 'a\r\nX-Auth-Subject: root' }, 'a%0D%0AX-Auth-Subject: root'],
    ['what is not ASCII', { email: 'ä%' }, '%C3%A4%25'],
    ['a NUL', { email: 'a\u0000b' }, 'a%00b'],
    ['an object', { email: { a: 1 } }, ''],
    ['64 kB', { email: 'a'.repeat(65_536) }, ''],
    ['a number', { email: 7 }, '7'],
  ])('cannot be broken by %s (ATK-09, ATK-68)', (_what, claims, value) => {
    expect(headersOf(live(claims))['x-auth-email']).toBe(value);
  });

  it('tell no half list of 5,000 groups (ATK-09)', () => {
    const groups = Array.from({ length: 5_000 }, (_none, at) => `group-${at}`);
    expect(headersOf(live({ groups }))['x-auth-groups']).toBe('');
  });
});
