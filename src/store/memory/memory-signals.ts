import type { SessionSignal, SessionSignals, SignalListener } from '../directory.port.js';
import type { StoreKey } from '../store.port.js';

/** Signals within one process: heard before the promise of what they tell of is kept, and never missed. */
export class MemorySignals implements SessionSignals {
  private readonly listeners = new Set<(signal: SessionSignal) => void>();

  async publishRenewed(key: StoreKey): Promise<void> {
    this.publish({ kind: 'renewed', key });
  }

  publish(signal: SessionSignal): void {
    for (const listener of this.listeners) listener(signal);
  }

  listen(listener: SignalListener): () => void {
    const own = (signal: SessionSignal): void => listener.onSignal(signal);
    this.listeners.add(own);
    return () => void this.listeners.delete(own);
  }
}
