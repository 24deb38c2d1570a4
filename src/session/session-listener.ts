import type { EndReason } from '../domain/session.js';

/** Something open that belongs to a session and must hear of it. */
export interface SessionListener {
  /** How many of a kind one session may have open is bounded. */
  readonly kind: 'events' | 'connection';
  readonly isOpen: boolean;
  onClose(listener: () => void): void;
  send(event: 'expiring' | 'renewed', data: object): void;
  /** The session has ended. */
  end(reason: EndReason | undefined): void;
  heartbeat(): void;
  /** This instance goes, or there are too many of them. */
  close(): void;
}
