/** Whether a command may change something. */
export type StoreAccess = 'read' | 'write';

/** Hears of every command that a driver sends to a server. It is asked for every request: it must cost nothing. */
export interface StoreMeter {
  answered(access: StoreAccess, ms: number): void;
  /** It was refused, given up, or could not be sent. */
  failed(access: StoreAccess): void;
}
export const StoreMeter = Symbol('StoreMeter');

/** Where nobody measures. */
export const unmetered: StoreMeter = { answered: () => undefined, failed: () => undefined };
