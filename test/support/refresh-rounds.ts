import { Store } from '../../src/store/store.port.js';
import { exchange } from './http-exchange.js';
import { refreshesAt, tokensIn } from './refresh-calls.js';
import { startReplica, type Replica } from './replica.js';
import { Stage } from './stage.js';

const REPLICAS = 3;
export const CALLS = 200;
/** The access tokens of the stage's provider live for five minutes. */
const LIFE_MS = 300_000;

/** What came of many calls at the same time with an access token that had run out. */
export interface Round {
  /** How many calls were answered with which status. */
  readonly answers: Readonly<Record<number, number>>;
  /** How often the provider was asked for new tokens. */
  readonly refreshes: number;
  /** Calls that reached the API with another access token than the new one. */
  readonly stale: number;
}

export const SOUND: Round = { answers: { 200: CALLS }, refreshes: 1, stale: 0 };

/**
 * One person's session on three instances over one Redis, and a provider that rotates refresh tokens and kills the
 * family of one that comes twice. Each round needs the refresh token of the one before: the family is alive.
 */
export class RefreshRounds {
  private constructor(
    private readonly stage: Stage,
    private readonly replicas: readonly Replica[],
    private readonly urls: readonly string[],
    private readonly cookie: string,
  ) {}

  /** `locks: false` takes the lock away: whoever asks for it gets it. */
  static async open({ locks = true }: { readonly locks?: boolean } = {}): Promise<RefreshRounds> {
    const stage = await Stage.open({ redis: true });
    const replicas: Replica[] = [];
    while (replicas.length < REPLICAS - 1) replicas.push(await startReplica(stage));
    const all = [stage.bff.vestibule, ...replicas.map(({ vestibule }) => vestibule)];
    if (!locks) for (const { application } of all) withoutLock(application.get<Store>(Store));
    const person = await stage.member();
    const urls = [stage, ...replicas].map((one) => one.url('/api/orders'));
    return new RefreshRounds(stage, replicas, urls, await stage.cookieOf(person));
  }

  async round(): Promise<Round> {
    const { stage } = this;
    stage.clock.advance(LIFE_MS);
    const [asked, received] = [refreshesAt(stage.op).length, stage.api.received.length];
    const headers = { cookie: this.cookie, 'x-csrf': '1' };
    const answers = await Promise.all(
      Array.from({ length: CALLS }, (_, at) =>
        exchange(this.urls[at % this.urls.length] ?? '', { headers }),
      ),
    );
    const refreshes = refreshesAt(stage.op).slice(asked);
    const fresh = `Bearer ${tokensIn(refreshes.at(-1)).access}`;
    const used = stage.api.received.slice(received).map((one) => one.headers.authorization);
    return {
      answers: countOf(answers.map(({ status }) => status)),
      refreshes: refreshes.length,
      stale: used.filter((token) => token !== fresh).length,
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.replicas.map((one) => one.stop()));
    await this.stage.close();
  }
}

function withoutLock(store: Store): void {
  Object.assign(store, { acquireLock: async () => true, renewLock: async () => true });
}

function countOf(statuses: readonly number[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
