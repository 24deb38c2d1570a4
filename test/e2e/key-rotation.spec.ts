import { errorCodeOf } from '../support/html-page.js';
import { PATHS } from '../support/op-host.js';
import { newSigningKey, publicKeys, type SigningKey } from '../support/signing-key.js';
import { Stage } from '../support/stage.js';
import type { UserAgent } from '../support/user-agent.js';

const FIVE_MINUTES_MS = 300_000;
const A_SECOND_MS = 1_000;

/** Whether each of some people is logged in. */
const states = async (stage: Stage, people: readonly UserAgent[]): Promise<unknown[]> =>
  Promise.all(people.map(async (person) => (await stage.view(person))['authenticated']));

/** As many people as that come back from the provider at the same moment. */
async function arriveTogether(stage: Stage, count: number): Promise<UserAgent[]> {
  const people = Array.from({ length: count }, () => stage.person());
  const callbacks = await Promise.all(people.map((person) => stage.callbackFor(person)));
  await Promise.all(people.map((person, at) => person.arrive(callbacks[at] ?? '')));
  return people;
}

const keyFetches = (stage: Stage): number => stage.op.callsOf(PATHS.keys).length;

describe('a provider that rotates its key', () => {
  let stage: Stage;
  beforeEach(async () => {
    stage = await Stage.open();
  });
  afterEach(() => stage.close());

  /** What is published with the new key, and under which name it comes. */
  const ROTATIONS: readonly {
    readonly how: string;
    readonly kid: string;
    readonly published: (before: SigningKey, after: SigningKey) => readonly SigningKey[];
  }[] = [
    { how: 'with the old key published', kid: 'key-2', published: (old, next) => [next, old] },
    { how: 'without it', kid: 'key-3', published: (_old, next) => [next] },
    { how: 'under the same name', kid: 'key-3', published: (_old, next) => [next] },
    {
      how: 'under the same name, beside the old key',
      kid: 'key-3',
      published: (old, next) => [old, next],
    },
    { how: 'without the old key, again', kid: 'key-4', published: (_old, next) => [next] },
  ];

  it('a second after we fetched its keys, five times in twenty steady logins: none fails (A-19, A-20, R-17, R-18, ATK-96)', async () => {
    let current = stage.op.key;
    const outcomes: string[] = [];
    const logIn = async (when: string): Promise<void> => {
      const person = stage.person();
      const page = await stage.logIn(person);
      const { authenticated } = await stage.view(person);
      outcomes.push(`${when}: ${authenticated === true ? 'in' : errorCodeOf(page.body)}`);
    };
    for (const { how, kid, published } of ROTATIONS) {
      stage.clock.advance(FIVE_MINUTES_MS);
      const before = keyFetches(stage);
      await logIn(how);
      expect(keyFetches(stage)).toBe(before + 1);
      const next = newSigningKey(kid);
      stage.clock.advance(A_SECOND_MS);
      stage.op.rotateTo(next, published(current, next));
      for (let count = 0; count < 3; count += 1) await logIn(how);
      expect(keyFetches(stage)).toBe(before + 2);
      current = next;
    }
    const inEach = ROTATIONS.flatMap(({ how }) => Array.from({ length: 4 }, () => `${how}: in`));
    expect(outcomes).toEqual(inEach);
    expect(stage.bff.logged('provider.keys_failed')).toEqual([]);
  });

  it('loses nobody of twenty who come at that moment, and is asked for its keys once more (R-18, R-21)', async () => {
    await stage.member();
    const before = keyFetches(stage);
    stage.op.rotateTo(newSigningKey('key-2'));
    const people = await arriveTogether(stage, 20);
    expect(new Set(await states(stage, people))).toEqual(new Set([true]));
    expect(keyFetches(stage)).toBe(before + 1);
  });

  it('and took a stolen key out: what it signs is refused after five minutes at the latest (R-19, ATK-96)', async () => {
    const stolen = stage.op.key;
    await stage.member();
    const next = newSigningKey('key-2');
    // The thief answers in the place of the provider; nobody has seen the new key yet.
    stage.op.rewriteJson(PATHS.keys, () => publicKeys([next]));
    stage.op.forgeIdToken(({ claims }) => stolen.sign(claims));
    stage.clock.advance(FIVE_MINUTES_MS + A_SECOND_MS);
    const page = await stage.logIn(stage.person());
    expect([page.status, errorCodeOf(page.body)]).toEqual([400, 'login_rejected']);
    stage.op.rotateTo(next);
    expect(await states(stage, [await stage.member()])).toEqual([true]);
  });

  it('and took a stolen key out: the first token by the new one ends it at once', async () => {
    const stolen = stage.op.key;
    await stage.member();
    stage.op.rotateTo(newSigningKey('key-2'));
    await stage.member();
    stage.op.forgeIdToken(({ claims }) => stolen.sign(claims));
    const page = await stage.logIn(stage.person());
    expect([page.status, errorCodeOf(page.body)]).toEqual([400, 'login_rejected']);
  });

  it('during a refresh loses no session', async () => {
    const person = await stage.member();
    stage.clock.advance(FIVE_MINUTES_MS);
    stage.op.rotateTo(newSigningKey('key-1'));
    await stage.call(person);
    expect(stage.bff.logged('token.refreshed')).toHaveLength(1);
    expect(await states(stage, [person])).toEqual([true]);
  });
});

describe('a provider whose keys cannot be had', () => {
  it.each<[string, (stage: Stage) => void]>([
    ['fails', (stage) => stage.op.fail(PATHS.keys, 503)],
    ['breaks the connection', (stage) => stage.op.fail(PATHS.keys, 'reset')],
    ['hangs', (stage) => stage.op.fail(PATHS.keys, 'hang')],
    [
      'answers with something else',
      (stage) =>
        stage.op.rewrite(PATHS.keys, (answer) => ({ ...answer, body: '<html>maintenance' })),
    ],
  ])(
    'for an hour, because the endpoint %s: the last good ones go on (R-20, D-33, ATK-98)',
    async (_how, fail) => {
      await using stage = await Stage.open({ env: { OIDC_TIMEOUT: '1s' } });
      await stage.member();
      fail(stage);
      for (let minutes = 0; minutes < 60; minutes += 20) {
        stage.clock.advance(4 * FIVE_MINUTES_MS);
        expect(await states(stage, [await stage.member()])).toEqual([true]);
      }
      stage.op.behave();
      stage.clock.advance(FIVE_MINUTES_MS);
      stage.op.rotateTo(newSigningKey('key-2'));
      expect(await states(stage, [await stage.member()])).toEqual([true]);
    },
  );
});

describe('many first logins at the same time', () => {
  it('cost one discovery and one request for the keys: twenty of them, all at once (D-31, R-43)', async () => {
    await using stage = await Stage.open({ withoutProvider: true });
    await stage.bff.untilLogged('provider.discovery_failed');
    await stage.op.up();
    stage.clock.advance(60_000);
    const people = await arriveTogether(stage, 20);
    expect(new Set(await states(stage, people))).toEqual(new Set([true]));
    expect(stage.op.callsOf(PATHS.discovery)).toHaveLength(1);
    expect(keyFetches(stage)).toBe(1);
    expect(stage.op.callsOf(PATHS.token)).toHaveLength(20);
  });

  it('wait together for keys that are slow: fifty for one request (R-21)', async () => {
    await using stage = await Stage.open();
    const people = Array.from({ length: 50 }, () => stage.person());
    const callbacks: string[] = [];
    for (const person of people) callbacks.push(await stage.callbackFor(person));
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    stage.op.rewrite(PATHS.keys, async (answer) => {
      await held;
      return answer;
    });
    const arrivals = people.map((person, at) => person.arrive(callbacks[at] ?? ''));
    while (stage.op.callsOf(PATHS.token).length < people.length) await stage.op.next(PATHS.token);
    release();
    await Promise.all(arrivals);
    expect(new Set(await states(stage, people))).toEqual(new Set([true]));
    expect(keyFetches(stage)).toBe(1);
  });
});
