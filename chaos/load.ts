import { setTimeout as delay } from 'node:timers/promises';
import { ask, logIn, type Answer, type Person } from './browser.ts';
import type { Stage } from './stage.ts';

/** What was seen during one drill. */
export interface Tally {
  requests: number;
  unavailable: number;
  /** 401 for a live session. */
  lost: number;
  anothers: number;
  /** Success after the end of the session was acknowledged. */
  revived: number;
  /** Neither 200, 401 nor 503, or nothing at all. */
  odd: number;
  longestMs: number;
  longestUnavailableMs: number;
  logins: number;
  /** Logins that were not possible at the time. */
  refused: number;
  logouts: number;
}

const PAUSE_MS = 400;
const CHURN_PAUSE_MS = 250;
const WATCHED = 40;

const empty = (): Tally => ({
  requests: 0,
  unavailable: 0,
  lost: 0,
  anothers: 0,
  revived: 0,
  odd: 0,
  longestMs: 0,
  longestUnavailableMs: 0,
  logins: 0,
  refused: 0,
  logouts: 0,
});

/** Steady load: everybody reads their session; a few log in, log out, and try their old cookie. */
export class Load {
  private readonly stage: Stage;
  private readonly people: readonly Person[];
  /** Sessions whose end was acknowledged. */
  private readonly ended: Person[] = [];
  private readonly loops: Promise<void>[] = [];
  private tally = empty();
  private running = true;

  constructor(stage: Stage, people: readonly Person[]) {
    this.stage = stage;
    this.people = people;
  }

  start(): void {
    for (const [at, person] of this.people.entries()) this.loops.push(this.readOn(person, at));
    this.loops.push(this.churn(), this.haunt());
  }

  /** What was seen since the last time. */
  take(): Tally {
    const { tally } = this;
    this.tally = empty();
    return tally;
  }

  async stop(): Promise<void> {
    this.running = false;
    await Promise.all(this.loops);
  }

  /** How many of the people have no session any more, on any replica. */
  async lost(): Promise<number> {
    const perReplica = await Promise.all(
      this.stage.places.replicas.map(async (replica) => {
        const statuses = [];
        for (const person of this.people)
          statuses.push((await this.session(person, replica)).status);
        return statuses;
      }),
    );
    return this.people.filter((_, at) => perReplica.some((statuses) => statuses[at] !== 200))
      .length;
  }

  /** True when every replica answers for this person. */
  async answered(): Promise<boolean> {
    const [person] = this.people;
    if (person === undefined) return true;
    const all = await Promise.all(
      this.stage.places.replicas.map((replica) => this.session(person, replica)),
    );
    return all.every(({ status }) => status === 200);
  }

  private session({ cookie }: Person, replica: number): Promise<Answer> {
    const { publicHost: host } = this.stage.places;
    return ask(replica, '/session', { headers: { host, cookie } });
  }

  private async readOn(person: Person, at: number): Promise<void> {
    await delay(Math.random() * PAUSE_MS);
    for (let turn = at; this.running; turn += 1) {
      const answer = await this.session(person, this.stage.replica(turn));
      this.count(answer);
      if (answer.status === 401) this.tally.lost += 1;
      if (answer.status === 200 && !answer.body.includes(`"${person.sessionId}"`))
        this.tally.anothers += 1;
      await delay(PAUSE_MS * (0.5 + Math.random()));
    }
  }

  /** Logs in and out, one after the other, and asks for the logout until it is acknowledged. */
  private async churn(): Promise<void> {
    for (let turn = 0; this.running; turn += 1) {
      const person = await logIn(this.stage.places, this.stage.replica(turn));
      await delay(CHURN_PAUSE_MS);
      if (person === undefined) {
        this.tally.refused += 1;
        continue;
      }
      this.tally.logins += 1;
      while (this.running && !(await this.logOut(person, turn + 1))) await delay(CHURN_PAUSE_MS);
    }
  }

  private async logOut(person: Person, turn: number): Promise<boolean> {
    const { publicHost: host } = this.stage.places;
    const answer = await ask(this.stage.replica(turn), '/logout', {
      method: 'POST',
      headers: { host, cookie: person.cookie, 'x-csrf': '1' },
    });
    this.count(answer);
    if (answer.status !== 200) return answer.status === 401;
    this.tally.logouts += 1;
    this.ended.push(person);
    return true;
  }

  /** Tries the cookies of the latest who have logged out. */
  private async haunt(): Promise<void> {
    for (let turn = 0; this.running; turn += 1) {
      const latest = this.ended.slice(-WATCHED);
      const person = latest[turn % Math.max(latest.length, 1)];
      if (person !== undefined) {
        const answer = await this.session(person, this.stage.replica(Math.floor(turn / WATCHED)));
        this.count(answer);
        if (answer.status === 200) this.tally.revived += 1;
      }
      await delay(PAUSE_MS / 10);
    }
  }

  private count({ status, ms }: Answer): void {
    const { tally } = this;
    tally.requests += 1;
    tally.longestMs = Math.max(tally.longestMs, ms);
    if (status === 503) {
      tally.unavailable += 1;
      tally.longestUnavailableMs = Math.max(tally.longestUnavailableMs, ms);
    } else if (status !== 200 && status !== 401) tally.odd += 1;
  }
}
