import type { SessionSignal } from './directory.port.js';
import type { StoreKey } from './store-key.js';

/** What drivers tell each other: besides what everybody may hear, that a record was written. */
export type StoreSignal = SessionSignal | { readonly kind: 'changed'; readonly key: StoreKey };

/** The text of a signal: its kind, the store key and, where there is one, the reason, with a space between. */
export function formatSignal(signal: StoreSignal): string {
  return signal.kind === 'ended'
    ? `ended ${signal.key} ${signal.reason}`
    : `${signal.kind} ${signal.key}`;
}

/** Undefined for anything else: the channel is open to whoever may write to the store, and to other versions. */
export function parseSignal(text: string): StoreSignal | undefined {
  const [kind, key, reason, ...rest] = text.split(' ');
  if (key === undefined || key === '' || rest.length > 0) return undefined;
  if ((kind === 'renewed' || kind === 'changed') && reason === undefined) return { kind, key };
  if (kind === 'ended' && reason !== undefined && reason !== '') return { kind, key, reason };
  return undefined;
}
