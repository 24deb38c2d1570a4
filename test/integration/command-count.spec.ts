import type { UserAgent } from '../support/user-agent.js';
import { Stage } from '../support/stage.js';

const IDLE_MS = 30 * 60_000;
const READS = 50;
/** What asks for the figures is counted, too. */
const OURS = new Set(['info', 'config|resetstat']);
/** ioredis sends the text of a script once for each connection. */
const SCRIPT = new Set(['eval', 'evalsha']);
/** What the extension's script is made of; Redis counts these, too. */
const INSIDE = new Set(['getrange', 'pexpire', 'publish', 'setrange']);

let stage: Stage;
let person: UserAgent;
beforeAll(async () => {
  stage = await Stage.open({ redis: true, env: { SESSION_IDLE: '30m' } });
  person = await stage.member();
});
afterAll(() => stage.close());
beforeEach(async () => {
  await stage.redis.command('CONFIG', 'RESETSTAT');
});

/** The commands that clients sent since the test began, by Redis' own count; what a script does inside is left out. */
async function commands(): Promise<Readonly<Record<string, number>>> {
  const stats = await stage.redis.command('INFO', 'commandstats');
  const all = [...stats.matchAll(/cmdstat_([^:]+):calls=(\d+)/g)].map(
    ([, name = '', calls]) => [name, Number(calls)] as const,
  );
  const counted: Record<string, number> = {};
  const scripted = all.some(([name]) => SCRIPT.has(name));
  for (const [name, calls] of all) {
    if (OURS.has(name) || (scripted && INSIDE.has(name))) continue;
    const kind = SCRIPT.has(name) ? 'script' : name;
    counted[kind] = (counted[kind] ?? 0) + calls;
  }
  return counted;
}

const repeat = async (what: () => Promise<{ readonly status: number }>): Promise<number[]> => {
  const answers: number[] = [];
  for (let at = 0; at < READS; at += 1) answers.push((await what()).status);
  return [...new Set(answers)];
};

describe('what Redis is asked', () => {
  it('is one command for an authenticated GET /session', async () => {
    expect(await repeat(() => stage.session(person))).toEqual([200]);
    expect(await commands()).toEqual({ get: READS });
  });

  it('is one more when a tenth of the idle time has gone, however many requests come', async () => {
    for (let tenth = 1; tenth <= 3; tenth += 1) {
      stage.clock.advance(IDLE_MS / 10);
      expect(await repeat(() => stage.session(person))).toEqual([200]);
    }
    expect(await commands()).toEqual({ get: 3 * READS, script: 3 });
  });

  it('is one command without an extension where the page does not want one', async () => {
    stage.clock.advance(IDLE_MS / 5);
    expect(await repeat(() => stage.session(person, '?touch=false'))).toEqual([200]);
    expect(await commands()).toEqual({ get: READS });
  });

  it('is nothing for who has no cookie, or one that we never gave (J-24, H-40)', async () => {
    const anybody = stage.person();
    expect(await repeat(() => stage.session(anybody))).toEqual([401]);
    await anybody.plant(stage.url('/'), `${stage.bff.cookieName}=s%3A${'x'.repeat(43)}.y; path=/`);
    expect(await repeat(() => stage.session(anybody))).toEqual([401]);
    expect(await repeat(() => stage.call(anybody))).toEqual([401]);
    expect(await commands()).toEqual({});
  });

  it('is one command for a proxied call, the tokens included', async () => {
    const fresh = await stage.member({ as: 'bob' });
    await stage.redis.command('CONFIG', 'RESETSTAT');
    expect(await repeat(() => stage.call(fresh))).toEqual([200]);
    expect(await commands()).toEqual({ mget: READS });
  });

  it('is two for a session that has ended: its tombstone tells why', async () => {
    const leaving = await stage.member({ as: 'carol' });
    const cookie = await stage.cookieOf(leaving);
    await leaving.fetch(stage.url('/logout'), { method: 'POST' });
    await stage.redis.command('CONFIG', 'RESETSTAT');
    const headers = { cookie, 'sec-fetch-site': 'same-origin' };
    expect(await repeat(() => stage.send(stage.url('/session'), { headers }))).toEqual([401]);
    expect(await commands()).toEqual({ get: 2 * READS });
  });
});
