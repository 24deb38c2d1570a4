import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** What is looked at of a connection. */
export interface Connection extends Duplex {
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

interface Watched {
  /** Bytes of both ways at the last look, and when that was seen first, in milliseconds of a clock that never steps. */
  bytes: number;
  since: number;
  /** The newest answer; once it is over it is let go at the next look. */
  answer: Pick<ServerResponse, 'closed'> | undefined;
}

/**
 * The connections of a listener, looked at now and then. Node would arm a timer behind every answer and disarm it at the
 * next request; nobody minds when an idle connection goes a few seconds later.
 */
export class IdleConnections {
  private readonly connections = new Map<Connection, Watched>();

  /** @param idleMs for how long a connection on which nothing is asked is kept, in milliseconds */
  constructor(private readonly idleMs: number) {}

  watch(connection: Connection, now = performance.now()): void {
    this.connections.set(connection, { bytes: 0, since: now, answer: undefined });
    connection.once('close', () => this.forget(connection));
  }

  /** A connection that is none of HTTP any more is as quiet as it likes (RFC 9110 §7.8). */
  forget(connection: Connection): void {
    this.connections.delete(connection);
  }

  /** A request has come in: its connection is busy until the answer is over, however long nothing is said. */
  noteRequest(connection: Connection, answer: Pick<ServerResponse, 'closed'>): void {
    const watched = this.connections.get(connection);
    if (watched !== undefined) watched.answer = answer;
  }

  /** Closes those on which nothing was asked and nothing moved for as long as they are kept. */
  closeOld(now = performance.now()): void {
    for (const [connection, watched] of this.connections) {
      if (watched.answer?.closed === true) watched.answer = undefined;
      const bytes = connection.bytesRead + connection.bytesWritten;
      if (watched.answer !== undefined || bytes !== watched.bytes) {
        watched.bytes = bytes;
        watched.since = now;
      } else if (now - watched.since >= this.idleMs) connection.destroy();
    }
  }

  /** Closes those that have never asked for anything, which `closeIdleConnections` of Node leaves out. */
  closeSilent(): void {
    for (const connection of this.connections.keys())
      if (connection.bytesRead === 0) connection.destroy();
  }
}
