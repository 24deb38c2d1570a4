import { Relay, type Fault } from './relay.ts';

/**
 * The ways to the provider: one for browsers, discovery and keys, and one to the token endpoint for each replica, so
 * that it is seen which of them is in the middle of what.
 */
export class ProviderLink {
  readonly front: Relay;
  readonly tokens: readonly Relay[];

  private constructor(front: Relay, tokens: readonly Relay[]) {
    this.front = front;
    this.tokens = tokens;
  }

  static async open(port: number, replicas: number): Promise<ProviderLink> {
    const relays = await Promise.all(Array.from({ length: replicas + 1 }, () => Relay.open(port)));
    const [front, ...tokens] = relays;
    if (front === undefined) throw new Error('no relay');
    return new ProviderLink(front, tokens);
  }

  async break(fault: Fault): Promise<void> {
    await Promise.all(this.all.map((relay) => relay.break(fault)));
  }

  async heal(): Promise<void> {
    await Promise.all(this.all.map((relay) => relay.heal()));
  }

  /** The token endpoint takes its time. */
  slow(delayMs: number): void {
    for (const relay of this.tokens) relay.delayMs = delayMs;
  }

  /** How many refresh tokens were sent between two instants. */
  refreshesBetween(from: number, to: number): number {
    return this.tokens.reduce((sum, relay) => sum + relay.refreshesBetween(from, to), 0);
  }

  close(): void {
    for (const relay of this.all) relay.close();
  }

  private get all(): readonly Relay[] {
    return [this.front, ...this.tokens];
  }
}
