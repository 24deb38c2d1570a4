import type { SessionSignal } from './directory.port.js';

/** The text of a signal: its kind, the store key and, where there is one, the reason, with a space between. */
export function formatSignal(signal: SessionSignal): string {
  return signal.kind === 'ended' ? `ended ${signal.key} ${signal.reason}` : `renewed ${signal.key}`;
}

/** Undefined for anything else: the channel is open to whoever may write to the store, and to other versions. */
export function parseSignal(text: string): SessionSignal | undefined {
  const [kind, key, reason, ...rest] = text.split(' ');
  if (key === undefined || key === '' || rest.length > 0) return undefined;
  if (kind === 'renewed' && reason === undefined) return { kind, key };
  if (kind === 'ended' && reason !== undefined && reason !== '') return { kind, key, reason };
  return undefined;
}
