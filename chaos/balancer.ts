import { setTimeout as delay } from 'node:timers/promises';
import { ask, type Answer, type Asked } from './http.ts';
import type { Replica } from './replica.ts';

export type Listener = 'public' | 'internal';

export interface Sent extends Answer {
  /** Connections that broke before this answer came, from another replica. */
  readonly cuts: number;
  /** How the last of them broke, and when. */
  readonly cutBy: string;
}

/** A way to the product. */
export type Send = (path: string, asked?: Asked, listener?: Listener) => Promise<Sent>;

const POLL_MS = 100;

/**
 * What stands before the replicas in production: it asks each whether it is ready, takes them in turn, and tries
 * another where a connection breaks before there is an answer. While none is ready it takes them all.
 */
export class Balancer {
  private readonly ready = new Set<Replica>();
  private readonly watches: readonly Promise<void>[];
  private turn = 0;
  private open = true;

  private readonly replicas: readonly Replica[];

  constructor(replicas: readonly Replica[]) {
    this.replicas = replicas;
    this.watches = replicas.map((replica) => this.watch(replica));
  }

  /** To whichever replica; never rejects. */
  readonly send: Send = async (path, asked, listener = 'public') => {
    let cutBy = '';
    for (let cuts = 0; ; cuts += 1) {
      const replica = this.next();
      const answer = await to(replica, path, asked, listener);
      if (!answer.isCut || cuts >= this.replicas.length) return { ...answer, cuts, cutBy };
      cutBy = `${answer.code} after ${Math.round(answer.ms)} ms`;
      this.ready.delete(replica);
    }
  };

  /** To this one, whatever it says of itself. */
  pinned(replica: Replica): Send {
    return async (path, asked, listener = 'public') => ({
      ...(await to(replica, path, asked, listener)),
      cuts: 0,
      cutBy: '',
    });
  }

  async close(): Promise<void> {
    this.open = false;
    await Promise.all(this.watches);
  }

  private next(): Replica {
    const candidates = this.ready.size > 0 ? [...this.ready] : this.replicas;
    this.turn += 1;
    const replica = candidates[this.turn % candidates.length];
    if (replica === undefined) throw new Error('no replicas');
    return replica;
  }

  private async watch(replica: Replica): Promise<void> {
    while (this.open) {
      if (await replica.isReady()) this.ready.add(replica);
      else this.ready.delete(replica);
      await delay(POLL_MS);
    }
  }
}

function to(
  replica: Replica,
  path: string,
  asked: Asked | undefined,
  listener: Listener,
): Promise<Answer> {
  return ask(listener === 'public' ? replica.port : replica.internalPort, path, asked);
}
