import * as fc from 'fast-check';
import { BackchannelLogoutService } from '../../src/auth/backchannel-logout.service.js';
import { LoginTransactions } from '../../src/auth/login-transactions.js';
import type { SessionConfig } from '../../src/config/config.types.js';
import { randomToken } from '../../src/crypto/random.js';
import { VestibuleError } from '../../src/errors/vestibule.error.js';
import type { ProviderRegistry } from '../../src/provider/provider-registry.js';
import { LogoutMarks } from '../../src/session/logout-marks.js';
import { storeKeyOf } from '../../src/session/session-credential.js';
import { SessionDirectory } from '../../src/session/session-directory.js';
import { SessionLifecycle } from '../../src/session/session-lifecycle.js';
import { SessionRecords } from '../../src/session/session-records.js';
import { HEAD, type Store, type StoreKey } from '../../src/store/store.port.js';
import { configOf, HTTPS_ENV } from './config-env.js';
import { fakeExchange } from './fake-exchange.js';
import { FixedClock } from './fixed-clock.js';
import type { Interleaver } from './interleaver.js';
import { loginConfig, newTransaction } from './login-fixtures.js';
import { RecordedEvents } from './recorded-events.js';
import { sessionConfig, tokenSet } from './session-fixtures.js';
import { RecordedAudit } from './recorded-audit.js';

/** One thing that happens to the session of a slot, on one replica. `pick` chooses among a slot's sessions. */
export interface Op {
  readonly kind: (typeof KINDS)[number];
  readonly slot: number;
  readonly replica: number;
  readonly pick: number;
}

export interface Scenario {
  /** Slots whose session is there from the beginning. */
  readonly loggedIn: readonly boolean[];
  /** Each does one thing after the other; all of them at the same time. */
  readonly actors: readonly (readonly Op[])[];
  readonly choices: readonly number[];
  readonly maxPerUser: number;
}

/** What races most stands here more than once. */
const KINDS = [
  'read',
  'read',
  'read',
  'touch',
  'refresh',
  'refresh',
  'logout',
  'logout',
  'callback',
  'login',
  'backchannel',
  'revoke',
  'revoke-all',
  'list',
  'pass-time',
] as const;
const SLOTS = 4;
const REPLICAS = 3;
const ISSUER = 'https://login.example';
const IDLE_MS = 120_000;
/** Within the life of logout marks, as any login is. */
const MOST_TIME_MS = 500_000;

const op = fc.record({
  kind: fc.constantFrom(...KINDS),
  slot: fc.oneof(
    { weight: 2, arbitrary: fc.constant(0) },
    { weight: 3, arbitrary: fc.nat(SLOTS - 1) },
  ),
  replica: fc.nat(REPLICAS - 1),
  pick: fc.nat(3),
});

export const scenario: fc.Arbitrary<Scenario> = fc.record({
  loggedIn: fc.tuple(fc.constant(true), fc.boolean(), fc.boolean(), fc.boolean()),
  actors: fc.array(fc.array(op, { minLength: 1, maxLength: 5 }), { minLength: 2, maxLength: 6 }),
  choices: fc.array(fc.nat(7), { minLength: 20, maxLength: 160, size: 'max' }),
  maxPerUser: fc.constantFrom(0, 0, 2),
});

/** What must never be seen. */
export type Rule =
  | 'a session was read after its end was acknowledged'
  | 'a session survived a logout that came after its login began'
  | 'a session was lost that nobody ended'
  | 'a live session is missing from its index'
  | 'a live session was not listed'
  | 'a counter or a deadline went back'
  | 'two writes followed one counter'
  | 'one login was redeemed twice'
  | "another's data was read";

class Violation extends Error {}

interface Known {
  readonly id: string;
  readonly key: StoreKey;
  readonly handle: string;
  readonly subject: string;
  readonly sid: string;
  /** The moment at which its login began, and that at which it was acknowledged. */
  readonly began: number;
  readonly acknowledged: number;
  /** The moment at which its end was acknowledged. */
  ended?: number;
  /** Something began that may end it. */
  mayBeGone: boolean;
}

interface Logout {
  readonly concerns: (session: Pick<Known, 'subject' | 'sid'>) => boolean;
  readonly began: number;
  /** Whether logins under way lose against it, too. */
  readonly isFinal: boolean;
  acknowledged?: number;
}

interface Slot {
  readonly subject: string;
  readonly sid: string;
  readonly binding: string;
  readonly state: string;
  readonly began: number;
  readonly startedAt: number;
  readonly sessions: Known[];
  taken: number;
}

type Replica = ReturnType<typeof replicaOver>;

export interface ModelOptions {
  /** The store of each replica, as it is; the same one, or several connections to one. */
  readonly stores: readonly Store[];
  /** Looks at the store without taking part. */
  readonly raw: Store;
  readonly clock: FixedClock;
  readonly interleaver: Interleaver;
  readonly maxPerUser: number;
  /** A bug to plant: back-channel logouts end what is there, and mark afterwards. */
  readonly endsBeforeItMarks?: boolean;
  /** The one rule to judge by; all of them by default. */
  readonly only?: Rule;
}

function replicaOver(store: Store, options: ModelOptions) {
  const { clock, endsBeforeItMarks } = options;
  const config: SessionConfig = {
    ...sessionConfig,
    idleMs: IDLE_MS,
    absoluteMs: 3 * IDLE_MS,
    maxPerUser: options.maxPerUser,
  };
  const { cookie } = configOf(HTTPS_ENV);
  const log = new RecordedEvents();
  const audit = new RecordedAudit();
  const records = new SessionRecords(store, clock, config, log, audit);
  const marks = new LogoutMarks(store, clock, config);
  const directory = new SessionDirectory(store, clock, config, log);
  // A provider whose tokens need no verification: that is tested elsewhere.
  const provider = {
    config: { id: 'generic' },
    verifyLogoutToken: async (token: string) => JSON.parse(token) as unknown,
  };
  const registry = { issuing: () => provider } as unknown as ProviderRegistry;
  const swapped = (): { marks: LogoutMarks; directory: SessionDirectory } => {
    let pending: () => Promise<void> = async () => undefined;
    return {
      marks: Object.assign(Object.create(marks) as LogoutMarks, {
        mark: async (subject: Parameters<LogoutMarks['mark']>[0]) => {
          pending = () => marks.mark(subject);
        },
      }),
      directory: Object.assign(Object.create(directory) as SessionDirectory, {
        endAll: async (...args: Parameters<SessionDirectory['endAll']>) => {
          const ended = await directory.endAll(...args);
          await pending();
          return ended;
        },
      }),
    };
  };
  const backchannel = (): BackchannelLogoutService => {
    const parts = endsBeforeItMarks === true ? swapped() : { marks, directory };
    return new BackchannelLogoutService(registry, parts.directory, parts.marks, log, audit);
  };
  return {
    records,
    directory,
    backchannel,
    transactions: new LoginTransactions(store, clock, loginConfig, config),
    lifecycle: new SessionLifecycle(records, marks, directory, cookie, config, audit),
  };
}

/** Several replicas over one store, and what must be true of them whatever happens in whatever order. */
export class SessionModel {
  private readonly replicas: readonly Replica[];
  private readonly slots: Slot[] = [];
  private readonly logouts: Logout[] = [];
  private readonly indexesOf = new Map<StoreKey, readonly string[]>();
  private readonly counters = new Map<StoreKey, readonly bigint[]>();
  private readonly writes = new Set<string>();
  private moment = 0;
  private passed = 0;

  private constructor(private readonly options: ModelOptions) {
    const { stores, interleaver } = options;
    this.replicas = stores.map((store) =>
      replicaOver(interleaver.stepping(this.witnessing(store)), options),
    );
  }

  /** Runs one scenario; throws a Violation. */
  static async run(wanted: Scenario, options: ModelOptions): Promise<void> {
    const model = new SessionModel(options);
    const { interleaver } = options;
    const quiet = async (): Promise<void> => undefined;
    await interleaver.run([model.open(wanted.loggedIn)], quiet);
    const actors = wanted.actors.map((ops) => model.act(ops));
    await interleaver.run(actors, () => model.look());
    await interleaver.run([model.readAll()], () => model.look());
  }

  /** Remembers in which indexes each session must be. */
  private witnessing(store: Store): Store {
    return new Proxy(store, {
      get: (target, name): unknown => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        if (name !== 'create') return member.bind(target) as unknown;
        return (...[key, session]: Parameters<Store['create']>): unknown => {
          this.indexesOf.set(
            key,
            session.indexes.map(({ index }) => index),
          );
          return target.create(key, session);
        };
      },
    });
  }

  private async open(loggedIn: readonly boolean[]): Promise<void> {
    const run = randomToken();
    for (const [at, isLoggedIn] of loggedIn.entries()) {
      const slot: Slot = {
        subject: `user-${at % 2}-${run}`,
        sid: `sid-${at}-${run}`,
        binding: randomToken(),
        state: randomToken(),
        began: this.now(),
        startedAt: this.options.clock.now(),
        sessions: [],
        taken: 0,
      };
      this.slots.push(slot);
      const replica = this.replica(at);
      if (isLoggedIn) await this.start(replica, slot, { ...slot });
      const { state, startedAt: createdAt } = slot;
      await replica.transactions.begin(slot.binding, newTransaction({ state, createdAt }));
    }
  }

  private async act(ops: readonly Op[]): Promise<void> {
    for (const one of ops) await this.perform(one);
  }

  private async perform({ kind, slot: slotAt, replica: at, pick }: Op): Promise<void> {
    const slot = this.slots[slotAt % this.slots.length]!;
    const replica = this.replica(at);
    const session = slot.sessions.at(pick % Math.max(slot.sessions.length, 1));
    if (kind === 'callback') return this.callback(replica, slot);
    if (kind === 'login') return this.logIn(replica, slot, session);
    if (kind === 'backchannel') return this.backchannel(replica, slot, pick);
    if (kind === 'revoke-all') return this.revokeAll(replica, slot);
    if (kind === 'list') return this.list(replica, slot);
    if (kind === 'pass-time') return this.passTime(pick);
    if (session === undefined) return;
    if (kind === 'read' || kind === 'touch') return this.read(replica, session, kind === 'touch');
    if (kind === 'refresh') return this.refresh(replica, session);
    if (kind === 'logout') return this.logOut(replica, session);
    return this.revoke(replica, session);
  }

  /** The callbacks of one login, of which any number may come. */
  private async callback(replica: Replica, slot: Slot): Promise<void> {
    const taking = await replica.transactions.take(slot.binding, slot.state);
    if (taking.kind !== 'taken') return;
    slot.taken += 1;
    if (slot.taken > 1) this.violate('one login was redeemed twice');
    await this.start(replica, slot, slot);
  }

  /** A login from beginning to end, which replaces the session of the same browser. */
  private async logIn(replica: Replica, slot: Slot, replaced: Known | undefined): Promise<void> {
    const began = this.now();
    const startedAt = this.options.clock.now();
    const state = randomToken();
    await replica.transactions.begin(slot.binding, newTransaction({ state, createdAt: startedAt }));
    const taking = await replica.transactions.take(slot.binding, state);
    if (taking.kind === 'taken') await this.start(replica, slot, { began, startedAt }, replaced);
  }

  private async start(
    { lifecycle, records }: Replica,
    slot: Slot,
    { began, startedAt }: { readonly began: number; readonly startedAt: number },
    replaced?: Known,
  ): Promise<void> {
    const { subject, sid } = slot;
    const identity = {
      provider: 'generic',
      issuer: ISSUER,
      subject,
      providerSessionId: sid,
      claims: {},
    };
    const exchange = fakeExchange({ path: '/callback' });
    if (replaced !== undefined) replaced.mayBeGone = true;
    try {
      await lifecycle.start(
        exchange,
        { identity, tokens: tokenSet(), client: 'Browser/1' },
        { startedAt, ...(replaced !== undefined && { replaces: replaced.handle }) },
      );
    } catch (error) {
      // Somebody logged out meanwhile. Anything else is no answer to a login.
      if (error instanceof VestibuleError && error.code === 'login_rejected') return;
      throw error;
    }
    const { sessionID: id } = exchange.req as unknown as { readonly sessionID: string };
    const { storeKey: key, handle } = records.credentials.of(id);
    if (replaced !== undefined) replaced.ended ??= this.now();
    const known = { id, key, handle, subject, sid, began, acknowledged: this.now() };
    slot.sessions.push({ ...known, mayBeGone: this.mayBeGone(known) });
  }

  private mayBeGone(session: Pick<Known, 'subject' | 'sid' | 'began'>): boolean {
    return (
      this.options.maxPerUser > 0 ||
      this.passed > 0 ||
      this.logouts.some(
        ({ concerns, acknowledged = Infinity }) =>
          concerns(session) && acknowledged >= session.began,
      )
    );
  }

  private async read({ records }: Replica, session: Known, touch: boolean): Promise<void> {
    const asked = this.now();
    const reading = await records.read(session.id, { touch });
    if (reading.kind === 'anonymous') return this.judgeAnonymous(session);
    this.judgeLive(session, asked, reading.session.record.identity.subject);
  }

  /** Compare-and-set without the lock: it must do by itself. */
  private async refresh({ records }: Replica, session: Known): Promise<void> {
    const asked = this.now();
    const reading = await records.readWithTokens(session.id, { touch: true });
    if (reading.kind === 'anonymous') return this.judgeAnonymous(session);
    this.judgeLive(session, asked, reading.session.record.identity.subject);
    const fresh = tokenSet({ accessToken: randomToken() });
    const outcome = await records.replaceTokens(session.id, reading.tokens, fresh);
    if (outcome === 'gone') this.judgeAnonymous(session);
    if (outcome !== 'written') return;
    const write = `${session.key} ${reading.tokens.counter}`;
    if (this.writes.has(write)) this.violate('two writes followed one counter');
    this.writes.add(write);
  }

  private judgeLive(session: Known, asked: number, subject: string): void {
    if (subject !== session.subject) this.violate("another's data was read");
    if (session.ended !== undefined && session.ended < asked)
      this.violate('a session was read after its end was acknowledged');
    const survived = this.logouts.some(
      ({ concerns, began, isFinal, acknowledged = Infinity }) =>
        isFinal && concerns(session) && session.began < began && acknowledged < asked,
    );
    if (survived) this.violate('a session survived a logout that came after its login began');
  }

  private judgeAnonymous(session: Known): void {
    if (!session.mayBeGone) this.violate('a session was lost that nobody ended');
    session.ended ??= this.now();
  }

  private async logOut({ records }: Replica, session: Known): Promise<void> {
    session.mayBeGone = true;
    await records.end(session.key, 'logout');
    session.ended ??= this.now();
  }

  private async revoke({ directory, records }: Replica, session: Known): Promise<void> {
    session.mayBeGone = true;
    const { handle } = records.credentials.of(session.id);
    const ended = await directory.endOne(
      { issuer: ISSUER, subject: session.subject },
      handle,
      'revoked',
    );
    if (ended) session.ended ??= this.now();
  }

  private async backchannel(replica: Replica, { subject, sid }: Slot, pick: number): Promise<void> {
    const named = [{ subject }, { providerSessionId: sid }, { subject, providerSessionId: sid }][
      pick % 3
    ]!;
    const logout = this.logoutOf(true, (session) =>
      'providerSessionId' in named ? session.sid === sid : session.subject === subject,
    );
    const token = { issuer: ISSUER, tokenId: randomToken(), ...named };
    await replica.backchannel().carryOut(JSON.stringify(token));
    logout.acknowledged = this.now();
  }

  /** All sessions of a user that were there when it began. */
  private async revokeAll({ directory }: Replica, { subject }: Slot): Promise<void> {
    const concerned = this.known().filter((session) => session.subject === subject);
    const logout = this.logoutOf(false, (session) => session.subject === subject);
    await directory.endAll({ issuer: ISSUER, subject }, 'revoked');
    for (const session of concerned) session.ended ??= this.now();
    logout.acknowledged = this.now();
  }

  private logoutOf(isFinal: boolean, concerns: Logout['concerns']): Logout {
    for (const session of this.known()) if (concerns(session)) session.mayBeGone = true;
    const logout: Logout = { concerns, isFinal, began: this.now() };
    this.logouts.push(logout);
    return logout;
  }

  private async list({ directory }: Replica, { subject }: Slot): Promise<void> {
    const there = this.known().filter((session) => session.subject === subject);
    const devices = await directory.list({ issuer: ISSUER, subject });
    const listed = new Set(devices.map(({ handle }) => storeKeyOf(handle)));
    if (there.some((session) => !session.mayBeGone && !listed.has(session.key)))
      this.violate('a live session was not listed');
  }

  private passTime(pick: number): void {
    const ms = (pick + 1) * 20_000;
    if (this.passed + ms > MOST_TIME_MS) return;
    this.passed += ms;
    for (const session of this.known()) session.mayBeGone = true;
    this.options.clock.advance(ms);
  }

  /** Once everything is over: whoever ended stays ended. */
  private async readAll(): Promise<void> {
    for (const [at, session] of this.known().entries())
      await this.read(this.replica(at), session, false);
  }

  /** What must be true of the store at every moment. */
  private async look(): Promise<void> {
    const { raw } = this.options;
    for (const [key, indexes] of this.indexesOf) {
      const { identity, tokens } = await raw.readBoth(key);
      if (identity === undefined) continue;
      this.lookAtCounters(key, [
        identity.readBigUInt64BE(HEAD.counterAt),
        identity.readBigUInt64BE(HEAD.idleDeadlineAt),
        tokens?.readBigUInt64BE(HEAD.counterAt) ?? 0n,
      ]);
      for (const index of indexes)
        if (!(await this.isIn(index, key)))
          this.violate('a live session is missing from its index');
    }
  }

  private lookAtCounters(key: StoreKey, counters: readonly bigint[]): void {
    const before = this.counters.get(key) ?? [];
    if (counters.some((counter, at) => counter < (before[at] ?? 0n)))
      this.violate('a counter or a deadline went back');
    this.counters.set(key, counters);
  }

  private async isIn(index: string, key: StoreKey): Promise<boolean> {
    let cursor: string | undefined;
    do {
      const batch = await this.options.raw.scanIndex(index, cursor, 100);
      if (batch.members.includes(key)) return true;
      cursor = batch.next;
    } while (cursor !== undefined);
    return false;
  }

  private violate(rule: Rule): void {
    const { only = rule } = this.options;
    if (only === rule) throw new Violation(rule);
  }

  private known(): Known[] {
    return this.slots.flatMap(({ sessions }) => sessions);
  }

  private replica(at: number): Replica {
    return this.replicas[at % this.replicas.length]!;
  }

  private now(): number {
    this.moment += 1;
    return this.moment;
  }
}
