import type { SessionConfig } from '../../src/config/config.types.js';
import { randomToken } from '../../src/crypto/random.js';
import type { TokenSet } from '../../src/domain/token-set.js';
import { SessionRecords, type NewLogin } from '../../src/session/session-records.js';
import { MemoryStore } from '../../src/store/memory/memory.store.js';
import type { Store } from '../../src/store/store.port.js';
import { FixedClock } from './fixed-clock.js';
import { RecordedEvents } from './recorded-events.js';
import { RecordedAudit } from './recorded-audit.js';

export const MINUTE = 60_000;
export const IDLE_MS = 30 * MINUTE;
export const ABSOLUTE_MS = 480 * MINUTE;

export const sessionConfig: SessionConfig = {
  keys: [{ kid: 'k1', secret: Buffer.alloc(32, 1) }],
  idleMs: IDLE_MS,
  maxPerUser: 0,
  absoluteMs: ABSOLUTE_MS,
};

export function tokenSet(more: Partial<TokenSet> = {}): TokenSet {
  return {
    accessToken: 'the-access-token',
    tokenType: 'Bearer',
    refreshToken: 'the-refresh-token',
    idToken: 'the-id-token',
    obtainedAt: 0,
    ...more,
  };
}

export function newLogin(tokens: TokenSet = tokenSet()): NewLogin {
  return {
    identity: {
      provider: 'generic',
      issuer: 'https://login.example',
      subject: 'user-1',
      providerSessionId: 'sid-1',
      claims: { email: 'user@example.com' },
    },
    tokens,
    client: 'Browser/1',
  };
}

/** Sessions in memory, with a clock for them and one for the store, and every store command noted by name. */
export function sessionWorld(config: SessionConfig = sessionConfig) {
  const clock = new FixedClock();
  const storeClock = new FixedClock();
  const log = new RecordedEvents();
  const memory = new MemoryStore(storeClock);
  const commands: string[] = [];
  const store = noting(memory, commands);
  const audit = new RecordedAudit();
  const records = new SessionRecords(store, clock, config, log, audit);
  return {
    clock,
    storeClock,
    log,
    audit,
    store,
    commands,
    records,
    /** Time goes on everywhere. */
    pass(ms: number): void {
      clock.advance(ms);
      storeClock.advance(ms);
    },
    async login(tokens?: TokenSet): Promise<string> {
      const id = randomToken();
      await records.create(id, newLogin(tokens));
      commands.length = 0;
      return id;
    },
    close: (): Promise<void> => memory.close(),
  };
}

function noting(store: Store, commands: string[]): Store {
  return new Proxy(store, {
    get: (target, name): unknown => {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]): unknown => {
        commands.push(String(name));
        return Reflect.apply(member, target, args);
      };
    },
  });
}
