import { setTimeout as delay } from 'node:timers/promises';
import { logIn, type Person } from './browser.ts';
import type { Load } from './load.ts';
import { note } from './tally.ts';

const PAUSE_MS = 250;
const HAUNT_MS = 40;
const WATCHED = 40;

/** Somebody who logs in and out, one after the other, and tries the cookies of before. */
export class Churn {
  /** Sessions whose end was acknowledged. */
  private readonly ended: Person[] = [];

  private readonly load: Load;
  private readonly subject: string;

  constructor(load: Load, subject: string) {
    this.load = load;
    this.subject = subject;
  }

  async run(): Promise<void> {
    const { places, balancer } = this.load.stage;
    while (this.load.isRunning) {
      let answer = '';
      const person = await logIn(places, this.subject, balancer.send, (sent) => {
        this.load.count('login', sent);
        answer = `${sent.status} ${/<code>[^<]*/u.exec(sent.body)?.[0] ?? ''}`;
      });
      await delay(PAUSE_MS);
      if (person === undefined) {
        this.load.tally.refused += 1;
        note(this.load.tally, `a login ended with ${answer}`);
        continue;
      }
      this.load.tally.logins += 1;
      while (this.load.isRunning && !(await this.logOut(person))) await delay(PAUSE_MS);
    }
  }

  /** Tries the cookies of the latest who have logged out. */
  async haunt(): Promise<void> {
    for (let turn = 0; this.load.isRunning; turn += 1) {
      const latest = this.ended.slice(-WATCHED);
      const person = latest[turn % Math.max(latest.length, 1)];
      if (person !== undefined) {
        const kind = turn % 2 === 0 ? 'session' : 'api';
        const sent = await this.load.ask(kind, person);
        this.load.count(kind, sent);
        if (sent.status === 200) {
          this.load.tally.revived += 1;
          note(this.load.tally, `${kind} answered after a logout`);
        }
      }
      await delay(HAUNT_MS);
    }
  }

  /** Asks for the logout; true when it is acknowledged, or there was nothing to end. */
  private async logOut(person: Person): Promise<boolean> {
    const { places, balancer } = this.load.stage;
    const sent = await balancer.send('/logout', {
      method: 'POST',
      headers: { host: places.publicHost, cookie: person.cookie, 'x-csrf': '1' },
    });
    this.load.count('logout', sent);
    if (sent.status !== 200) return sent.status === 401;
    this.load.tally.logouts += 1;
    this.ended.push(person);
    return true;
  }
}
