import { readFileSync } from 'node:fs';
import { ownPrefixes } from '../../src/http/route-table.js';
import { locationOf } from '../support/http-exchange.js';
import { scriptTargetOf } from '../support/html-page.js';
import { Stage } from '../support/stage.js';
import type { UserAgent } from '../support/user-agent.js';

const CORPUS: readonly string[] = readFileSync(
  new URL('../fixtures/open-redirects.txt', import.meta.url),
  'utf8',
)
  .split('\n')
  .filter((line) => line.startsWith('"'))
  .map((line) => JSON.parse(line) as string);
const BATCH = 25;
const BATCHES = Array.from(
  { length: Math.ceil(CORPUS.length / BATCH) },
  (_, at) => [at * BATCH, CORPUS.slice(at * BATCH, (at + 1) * BATCH)] as const,
);

describe('return_to', () => {
  let stage: Stage;
  let person: UserAgent;
  beforeAll(async () => {
    stage = await Stage.open();
    person = await stage.member();
  });
  afterAll(() => stage.close());

  const here = (text: string): string => {
    const { origin, host, port } = new URL(stage.bff.origin);
    return text
      .replaceAll('ORIGINHOST', host)
      .replaceAll('ORIGIN', origin)
      .replaceAll('PORT', port);
  };

  /** Where a browser goes from a page of ours; judged by its own parser, with every rule of its own. */
  function expectSafe(given: string, target: string | undefined): void {
    expect({ given, target }).toEqual({ given, target: expect.any(String) as string });
    const place = new URL(target ?? '', stage.url('/login/return'));
    expect({ given, origin: place.origin }).toEqual({ given, origin: stage.bff.origin });
    expect(target).toMatch(/^\/(?![/\\])/);
    const closed = [...ownPrefixes(), '/api'].filter(
      (prefix) => place.pathname === prefix || place.pathname.startsWith(`${prefix}/`),
    );
    expect({ given, closed }).toEqual({ given, closed: [] });
  }

  it('is tried with 200 strings and more', () => {
    expect(CORPUS.length).toBeGreaterThanOrEqual(200);
    expect(new Set(CORPUS).size).toBe(CORPUS.length);
  });

  it.each(BATCHES)(
    'leads nowhere else from the bounce page, strings from %i (ATK-20…24)',
    async (_from, strings) => {
      for (const text of strings) {
        const given = here(text);
        const page = await person.load(
          stage.url(`/login/return?return_to=${encodeURIComponent(given)}`),
        );
        expect({ given, status: page.status }).toEqual({ given, status: 200 });
        expectSafe(given, scriptTargetOf(page.body));
      }
    },
  );

  it.each(BATCHES)(
    'leads nowhere else after a login, strings from %i (ATK-20…24)',
    async (_from, strings) => {
      for (const text of strings) {
        const given = here(text);
        const callback = await stage.callbackFor(person, { return_to: given });
        const answer = await person.load(callback, { site: 'cross-site' });
        expect({ given, status: answer.status }).toEqual({ given, status: 303 });
        const bounce = locationOf(answer);
        expect(`${bounce.origin}${bounce.pathname}`).toBe(stage.url('/login/return'));
        expectSafe(given, bounce.searchParams.get('return_to') ?? undefined);
      }
    },
  );

  it.each([
    '/',
    '/inbox',
    '/a/b?c=d&e=f#g',
    '/ü',
    '/a%20b',
    '/login-help',
    '/apis',
    '/sessionsearch',
    '/x?next=//evil.example',
  ])('leads to a page of ours: %s', async (path) => {
    const page = await person.load(
      stage.url(`/login/return?return_to=${encodeURIComponent(path)}`),
    );
    expect(scriptTargetOf(page.body)).toBe(path === '/ü' ? '/%C3%BC' : path);
  });

  it('leads to a page of ours by its full address', async () => {
    const page = await person.load(
      stage.url(`/login/return?return_to=${encodeURIComponent(stage.url('/inbox?x=1#y'))}`),
    );
    expect(scriptTargetOf(page.body)).toBe('/inbox?x=1#y');
  });

  it('is cut at no length: what is too long leads home', async () => {
    const page = await person.load(stage.url(`/login/return?return_to=/${'a'.repeat(5_000)}`));
    expect(scriptTargetOf(page.body)).toBe('/');
  });
});

describe('RETURN_ORIGINS', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open({ env: { RETURN_ORIGINS: 'https://app.example.com' } });
  });
  afterAll(() => stage.close());

  const target = async (value: string): Promise<string | undefined> =>
    scriptTargetOf(
      (await stage.person().load(stage.url(`/login/return?return_to=${encodeURIComponent(value)}`)))
        .body,
    );

  it.each(['https://app.example.com', 'https://app.example.com/x?y#z'])(
    'lets a listed one in: %s',
    async (value) => {
      expect(await target(value)).toBe(new URL(value).href);
    },
  );

  it.each([
    'http://app.example.com/',
    'https://app.example.com:8443/',
    'https://app.example.com.evil.example/',
    'https://evilapp.example.com/',
    'https://app.example.com@evil.example/',
    'https://app.example.com:x@evil.example/',
    'https://user@app.example.com/',
    'https://sub.app.example.com/',
    'https://app.example.com.',
    'https://app.example.com\\@evil.example',
    'https:app.example.com',
    '//app.example.com/',
    'HTTPS://APP.EXAMPLE.COM/',
  ])('and nothing that looks like it: %s (ATK-21, ATK-22)', async (value) => {
    expect(await target(value)).toBe('/');
  });
});
