import type { Clock } from '../domain/clock.js';

/** Nobody who answers at once most of the time takes this long. */
export const PATIENCE_MS = 1_000;

interface Asked {
  readonly underWay: Set<{ readonly since: number }>;
  /** When the newest question was asked, and when the last answer came. */
  askedAt: number;
  answeredAt: number;
  /** How long that answer took. */
  lastMs: number;
}

/**
 * What was asked of whom and has no answer yet. Whoever swallows questions takes along what goes with each of them, so
 * it is known long before the first one runs out of time: no answer comes at all, for far longer than the last one took.
 * From then on one question at a time finds out whether it was only one connection that is lost.
 */
export class OpenQuestions {
  private readonly asked = new Map<string, Asked>();

  constructor(private readonly clock: Clock) {}

  /** True while nobody should ask: what was asked before has no answer, and the last attempt was a moment ago. */
  isSilent(name: string): boolean {
    const asked = this.asked.get(name);
    const [oldest] = asked?.underWay ?? [];
    if (asked === undefined || oldest === undefined) return false;
    const patience = Math.max(PATIENCE_MS, 2 * asked.lastMs);
    const now = this.clock.now();
    const isQuiet = now - Math.max(oldest.since, asked.answeredAt) >= patience;
    return isQuiet && now - asked.askedAt < patience;
  }

  /** @throws what `question` throws */
  async ask<T>(name: string, question: () => Promise<T>): Promise<T> {
    const since = this.clock.now();
    const asked = this.asked.get(name) ?? {
      underWay: new Set(),
      askedAt: since,
      answeredAt: 0,
      lastMs: 0,
    };
    this.asked.set(name, asked);
    const one = { since };
    asked.underWay.add(one);
    asked.askedAt = since;
    try {
      return await question();
    } finally {
      asked.underWay.delete(one);
      asked.answeredAt = this.clock.now();
      asked.lastMs = asked.answeredAt - since;
    }
  }
}
