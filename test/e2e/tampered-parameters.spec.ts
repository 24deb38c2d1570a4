import { errorCodeOf, formsOf, scriptTargetOf } from '../support/html-page.js';
import { jsonOf } from '../support/http-exchange.js';
import { PATHS } from '../support/op-host.js';
import { Stage } from '../support/stage.js';
import type { UserAgent } from '../support/user-agent.js';

/** The same with one character changed, at several places; cut short; of nobody; not there at all. */
function bent(value: string): (string | undefined)[] {
  const places = [0, 1, Math.floor(value.length / 2), value.length - 2];
  return [
    ...places.map(
      (at) => `${value.slice(0, at)}${value[at] === 'x' ? 'y' : 'x'}${value.slice(at + 1)}`,
    ),
    value.slice(0, -1),
    `${value}A`,
    Array.from(value).toReversed().join(''),
    'x'.repeat(43),
    '',
    undefined,
  ];
}

const withParameter = (address: string, name: string, value: string | undefined): string => {
  const url = new URL(address);
  if (value === undefined) url.searchParams.delete(name);
  else url.searchParams.set(name, value);
  return url.href;
};

describe('a parameter that is bound to a browser, changed or left out', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
  });
  afterAll(() => stage.close());

  const isIn = async (person: UserAgent): Promise<boolean> =>
    (await stage.view(person))['authenticated'] === true;
  const logoutLink = async (person: UserAgent): Promise<string> =>
    stage.url(String((await stage.view(person))['logout_url']));

  it('the state of a login: 400, nothing is redeemed, and the right one still works (ATK-27)', async () => {
    const person = stage.person();
    const callback = await stage.callbackFor(person);
    const redeemed = stage.op.callsOf(PATHS.token).length;
    for (const state of bent(new URL(callback).searchParams.get('state') ?? '')) {
      const page = await person.load(withParameter(callback, 'state', state), {
        site: 'cross-site',
      });
      expect([page.status, errorCodeOf(page.body)]).toEqual([
        400,
        expect.stringMatching(/^login_state_(?:missing|unknown)$/),
      ]);
    }
    expect(stage.op.callsOf(PATHS.token)).toHaveLength(redeemed);
    await person.arrive(callback);
    expect(await isIn(person)).toBe(true);
  });

  it('the binding of the browser: 400, and the code is not redeemed (ATK-27)', async () => {
    const person = stage.person();
    const callback = await stage.callbackFor(person);
    const name = stage.bff.loginCookieName;
    const binding = (await person.cookie(callback, name)) ?? '';
    const redeemed = stage.op.callsOf(PATHS.token).length;
    for (const value of bent(binding)) {
      const headers = value === undefined ? {} : { cookie: `${name}=${value}` };
      expect((await stage.send(callback, { headers })).status).toBe(400);
    }
    expect(stage.op.callsOf(PATHS.token)).toHaveLength(redeemed);
    await person.arrive(callback);
    expect(await isIn(person)).toBe(true);
  });

  it('the token of a logout link: a page that asks, and nobody is logged out (ATK-27)', async () => {
    const person = await stage.member();
    const link = await logoutLink(person);
    for (const token of bent(new URL(link).searchParams.get('token') ?? '')) {
      const page = await person.load(withParameter(link, 'token', token), { site: 'same-origin' });
      expect([page.status, formsOf(page.body)[0]?.action]).toEqual([200, '/logout']);
      expect(await isIn(person)).toBe(true);
    }
    await person.load(link, { site: 'same-origin' });
    expect(await isIn(person)).toBe(false);
  });

  it('the token of the logout form: 403, and nobody is logged out (ATK-27)', async () => {
    const person = await stage.member();
    const [form] = formsOf((await person.visit(stage.url('/logout'))).body);
    for (const token of bent(form?.fields['token'] ?? '')) {
      const page = await person.load(stage.url('/logout'), {
        method: 'POST',
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          origin: stage.bff.origin,
        },
        body: new URLSearchParams(token === undefined ? {} : { token }).toString(),
        site: 'same-origin',
      });
      expect([page.status, errorCodeOf(page.body)]).toEqual([403, 'csrf_refused']);
      expect(await isIn(person)).toBe(true);
    }
    await person.submit({}, await person.visit(stage.url('/logout')));
    expect(await isIn(person)).toBe(false);
  });

  it('the state of a logout: the page stays, and leads nowhere by itself (ATK-27)', async () => {
    const person = await stage.member();
    const answer = await stage.call(person, '/logout', { method: 'POST' });
    const state = new URL(String(jsonOf(answer)['location'])).searchParams.get('state') ?? '';
    const done = (value: string | undefined) =>
      person.load(withParameter(stage.url('/logout/done'), 'state', value), { site: 'cross-site' });
    expect(scriptTargetOf((await done(state)).body)).toBe('/');
    for (const value of bent(state)) {
      const page = await done(value);
      expect([page.status, scriptTargetOf(page.body)]).toEqual([200, undefined]);
      expect(page.body).toContain('You are logged out');
    }
  });
});
