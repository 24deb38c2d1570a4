import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../domain/clock.js';
import { isEndReason, type LiveSession, type SessionReading } from '../domain/session.js';
import type { SessionSignal } from '../store/directory.port.js';
import { Store, type StoreKey } from '../store/store.port.js';
import { SessionRecords } from './session-records.js';
import type { SessionListener } from './session-listener.js';

/** A page hears of its end this long before. */
const EXPIRING_LEAD_MS = 60_000;
const HEARTBEAT_MS = 20_000;
/** While the store is away a stream stays open and asks again. */
const RETRY_MS = 2_000;
const MAX_PER_SESSION = { events: 8, connection: 100 } as const;
/** The longest delay that a timer takes. */
const MAX_DELAY_MS = 2 ** 31 - 1;

interface Watched {
  readonly id: string;
  readonly key: StoreKey;
  readonly stream: SessionListener;
  timer?: NodeJS.Timeout;
  /** The deadline that the page was warned of. */
  warnedOf?: number;
}

/**
 * Keeps what is open for a session on this instance (event streams of pages, proxied WebSockets and streams) and
 * tells each what happens to its session, on whichever replica.
 */
@Injectable()
export class SessionStreams {
  private readonly byKey = new Map<StoreKey, Set<Watched>>();
  private stopListening: (() => void) | undefined;
  private heartbeat: NodeJS.Timeout | undefined;
  private isClosed = false;

  constructor(
    private readonly records: SessionRecords,
    @Inject(Store) private readonly store: Store,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  get open(): number {
    return [...this.byKey.values()].reduce((sum, set) => sum + set.size, 0);
  }

  /** How many of a kind are open. */
  openOf(kind: SessionListener['kind']): number {
    return this.all().filter(({ stream }) => stream.kind === kind).length;
  }

  /** Watches a live session for a stream; of too many streams of one session the oldest closes. */
  watch(id: string, session: LiveSession, stream: SessionListener): void {
    if (this.isClosed || !stream.isOpen) {
      // The browser left while its session was looked for (nobody would tell of it again), or this instance goes.
      stream.close();
      return;
    }
    this.start();
    const key = this.records.credentials.of(id).storeKey;
    const watched: Watched = { id, key, stream };
    const streams = this.byKey.get(key) ?? new Set();
    this.byKey.set(key, streams.add(watched));
    stream.onClose(() => this.forget(watched));
    const alike = [...streams].filter((one) => one.stream.kind === stream.kind);
    const [oldest] = alike;
    if (oldest !== undefined && alike.length > MAX_PER_SESSION[stream.kind]) {
      this.forget(oldest);
      oldest.stream.close();
    }
    this.schedule(watched, session);
    // The session may have ended between the reading and the listening.
    void this.look(watched);
  }

  /** Closes all streams; the browsers come back, to another instance. */
  closeAll(): void {
    this.isClosed = true;
    this.stopListening?.();
    clearInterval(this.heartbeat);
    for (const watched of this.all()) watched.stream.close();
  }

  private start(): void {
    if (this.stopListening !== undefined) return;
    this.stopListening = this.store.listen({
      onSignal: (signal) => this.onSignal(signal),
      // Signals may have been missed: look at every session again.
      onGap: () => {
        for (const watched of this.all()) void this.look(watched);
      },
    });
    this.heartbeat = setInterval(() => {
      for (const watched of this.all()) watched.stream.heartbeat();
    }, HEARTBEAT_MS).unref();
  }

  private all(): Watched[] {
    return [...this.byKey.values()].flatMap((streams) => [...streams]);
  }

  private onSignal(signal: SessionSignal): void {
    for (const watched of this.byKey.get(signal.key) ?? []) {
      if (signal.kind === 'ended')
        watched.stream.end(isEndReason(signal.reason) ? signal.reason : undefined);
      else void this.look(watched, true);
    }
  }

  /** Looks at the session without extending it, and tells what is new. */
  private async look(watched: Watched, renewed = false): Promise<void> {
    const reading = await this.read(watched.id);
    if (!watched.stream.isOpen) return;
    if (reading === undefined) {
      this.wake(watched, RETRY_MS);
      return;
    }
    if (reading.kind === 'anonymous') {
      watched.stream.end(reading.reason);
      return;
    }
    const { session } = reading;
    if (renewed) watched.stream.send('renewed', deadlines(session));
    this.warn(watched, session);
    this.schedule(watched, session);
  }

  /** Undefined while the store is away. */
  private read(id: string): Promise<SessionReading | undefined> {
    return this.records.read(id, { touch: false }).catch(() => undefined);
  }

  private warn(watched: Watched, session: LiveSession): void {
    const deadline = deadlineOf(session);
    if (deadline - this.clock.now() > EXPIRING_LEAD_MS || watched.warnedOf === deadline) return;
    watched.warnedOf = deadline;
    watched.stream.send('expiring', deadlines(session));
  }

  /** Next look: when the warning is due, or, once warned, at the deadline. */
  private schedule(watched: Watched, session: LiveSession): void {
    const deadline = deadlineOf(session);
    const due = watched.warnedOf === deadline ? deadline : deadline - EXPIRING_LEAD_MS;
    this.wake(watched, due - this.clock.now() + 1);
  }

  private wake(watched: Watched, delayMs: number): void {
    clearTimeout(watched.timer);
    watched.timer = setTimeout(
      () => void this.look(watched),
      Math.min(Math.max(delayMs, 1), MAX_DELAY_MS),
    ).unref();
  }

  private forget(watched: Watched): void {
    clearTimeout(watched.timer);
    const streams = this.byKey.get(watched.key);
    streams?.delete(watched);
    if (streams?.size === 0) this.byKey.delete(watched.key);
  }
}

function deadlineOf({ idleDeadline, record }: LiveSession): number {
  return Math.min(idleDeadline, record.absoluteDeadline);
}

/** What a page needs to show how long it has; epoch seconds. */
function deadlines(session: LiveSession): object {
  const seconds = (instant: number): number => Math.floor(instant / 1000);
  return {
    idle_expires_at: seconds(session.idleDeadline),
    absolute_expires_at: seconds(session.record.absoluteDeadline),
    ...(session.accessTokenExpiresAt !== undefined && {
      access_token_expires_at: seconds(session.accessTokenExpiresAt),
    }),
  };
}
