import type { Clock } from '../../domain/clock.js';
import type { LogoutMarkStore } from '../directory.port.js';
import { ExpiringMap } from './expiring-map.js';

/** Logout marks and remembered names in memory. Providers make them, one for each logout; so they need no bound. */
export class MemoryMarks implements LogoutMarkStore {
  private readonly marks: ExpiringMap<number>;
  private readonly remembered: ExpiringMap<true>;

  constructor(clock: Clock) {
    this.marks = new ExpiringMap(clock);
    this.remembered = new ExpiringMap(clock);
  }

  async markLogout(names: readonly string[], instant: number, lifeMs: number): Promise<void> {
    for (const name of names) {
      const latest = Math.max(this.marks.get(name) ?? instant, instant);
      this.marks.set(name, latest, Math.max(this.marks.remainingMs(name) ?? 0, lifeMs));
    }
  }

  async readLogoutMarks(names: readonly string[]): Promise<readonly (number | undefined)[]> {
    return names.map((name) => this.marks.get(name));
  }

  async isRemembered(name: string): Promise<boolean> {
    return this.remembered.get(name) === true;
  }

  async remember(name: string, lifeMs: number): Promise<void> {
    const longest = Math.max(this.remembered.remainingMs(name) ?? 0, lifeMs);
    this.remembered.set(name, true, longest);
  }

  sweep(): void {
    this.marks.sweep();
    this.remembered.sweep();
  }
}
