import { setTimeout as delay } from 'node:timers/promises';
import type { Send, Sent } from './balancer.ts';
import { logIn, type Person } from './browser.ts';
import { Churn } from './churn.ts';
import { until } from './processes.ts';
import type { Stage } from './stage.ts';
import { count, emptyTally, note, type Kind, type Tally } from './tally.ts';

const PAUSE_MS = 400;
const AGAIN_MS = 100;
const CHURNERS = 2;
const LOGINS_AT_ONCE = 8;

type Asking = 'session' | 'verify' | 'api';
const TURNS: readonly Asking[] = ['session', 'api', 'session', 'verify', 'session'];

/** Steady load: everybody reads, calls an API, is asked about by a gateway; some log in, log out, and try old cookies. */
export class Load {
  tally = emptyTally();
  private readonly people: (Person | undefined)[];
  private readonly loops: Promise<void>[] = [];
  private loggingIn = 0;
  private running = true;

  readonly stage: Stage;

  constructor(stage: Stage, people: readonly Person[]) {
    this.stage = stage;
    this.people = [...people];
  }

  start(): void {
    for (const at of this.people.keys()) this.loops.push(this.live(at));
    for (let at = 0; at < CHURNERS; at += 1) {
      const churn = new Churn(this, `user-${this.people.length + at}`);
      this.loops.push(churn.run(), churn.haunt());
    }
  }

  get isRunning(): boolean {
    return this.running;
  }

  /** What was seen since the last time. */
  take(): Tally {
    const { tally } = this;
    this.tally = emptyTally();
    return tally;
  }

  async stop(): Promise<void> {
    this.running = false;
    await Promise.all(this.loops);
  }

  /** Waits until everybody has a session again, and looks that all replicas know it. */
  async settle(): Promise<void> {
    await until('everybody is logged in again', async () => !this.people.includes(undefined));
    for (const replica of this.stage.replicas) {
      const send = this.stage.balancer.pinned(replica);
      await Promise.all(this.people.map((person, at) => this.look(person, at, send)));
    }
  }

  /** True when every replica answers for this person. */
  async answered(): Promise<boolean> {
    const person = this.people.find((one) => one !== undefined);
    if (person === undefined) return false;
    const all = await Promise.all(
      this.stage.replicas.map((replica) =>
        this.ask('session', person, this.stage.balancer.pinned(replica)),
      ),
    );
    return all.every(({ status }) => status === 200);
  }

  /** True when somebody can log in, through every replica. */
  async admitted(): Promise<boolean> {
    const { places, balancer, replicas } = this.stage;
    const subject = `user-${this.people.length + CHURNERS}`;
    const all = await Promise.all(
      replicas.map((replica) => logIn(places, subject, balancer.pinned(replica))),
    );
    return !all.includes(undefined);
  }

  /** One question about a person. */
  ask(kind: Asking, { cookie }: Person, send: Send = this.stage.balancer.send): Promise<Sent> {
    const headers = { host: this.stage.places.publicHost, cookie };
    switch (kind) {
      case 'session':
        return send('/session', { headers });
      case 'verify':
        return send('/verify', { headers: { cookie } }, 'internal');
      case 'api':
        return send('/api/whoami', { headers: { ...headers, 'x-csrf': '1' } });
    }
  }

  count(kind: Kind, sent: Sent): void {
    count(this.tally, kind, sent);
  }

  private async live(at: number): Promise<void> {
    await delay(Math.random() * PAUSE_MS);
    for (let turn = at; this.running; turn += 1) {
      const kind = TURNS[turn % TURNS.length] ?? 'session';
      const person = this.people[at];
      if (person !== undefined) {
        const sent = await this.ask(kind, person);
        this.count(kind, sent);
        if (sent.status === 401) await this.gone(at, person, kind, sent);
        if (sent.status === 200 && !isAbout(person, kind, sent)) {
          this.tally.anothers += 1;
          note(this.tally, `${kind} told of somebody else`);
        }
      }
      await delay(PAUSE_MS * (0.5 + Math.random()));
    }
  }

  /** A 401 is wrong if there still is a session; else somebody lost theirs, and logs in again. */
  private async gone(at: number, person: Person, kind: Kind, sent: Sent): Promise<void> {
    if (await this.hasSession(person)) {
      this.tally.denied += 1;
      note(this.tally, `${kind} 401 ${sent.body.slice(0, 300)}`);
      return;
    }
    const reason = reasonIn(sent) ?? 'no reason told';
    this.tally.losses.set(reason, (this.tally.losses.get(reason) ?? 0) + 1);
    this.people[at] = undefined;
    let again: Person | undefined;
    while (this.running && again === undefined) {
      if (this.loggingIn < LOGINS_AT_ONCE) again = await this.logInAgain(person.subject);
      if (again === undefined) await delay(AGAIN_MS);
    }
    this.people[at] = again;
  }

  private async logInAgain(subject: string): Promise<Person | undefined> {
    this.loggingIn += 1;
    try {
      const { places, balancer } = this.stage;
      return await logIn(places, subject, balancer.send);
    } finally {
      this.loggingIn -= 1;
    }
  }

  /** Whether any replica still knows the session; asked until they say yes or no. */
  private async hasSession(person: Person): Promise<boolean> {
    const all = await Promise.all(
      this.stage.replicas.map(async (replica) => {
        for (;;) {
          const sent = await this.ask('session', person, this.stage.balancer.pinned(replica));
          // One that is not there says nothing.
          if (sent.isCut || sent.status === 200 || sent.status === 401) return sent.status;
          await delay(AGAIN_MS);
        }
      }),
    );
    return all.includes(200);
  }

  private async look(person: Person | undefined, at: number, send: Send): Promise<void> {
    if (person === undefined) return;
    const sent = await this.ask('session', person, send);
    this.count('session', sent);
    // Whoever lost their session meanwhile is counted by their own loop.
    if (sent.status === 200 || this.people[at] !== person) return;
    if (sent.status !== 401) return;
    if (!(await this.hasSession(person))) return;
    this.tally.denied += 1;
    note(this.tally, 'one replica has lost a session that another knows');
  }
}

function isAbout({ subject, sessionId }: Person, kind: Asking, { body, headers }: Sent): boolean {
  switch (kind) {
    case 'session':
      return body.includes(`"${sessionId}"`);
    case 'verify':
      return headers['x-auth-subject'] === subject && headers['x-auth-session'] === sessionId;
    case 'api':
      return body.includes(`"${subject}"`);
  }
}

function reasonIn({ body }: Sent): string | undefined {
  return /"reason":"([^"]+)"/u.exec(body)?.[1];
}
