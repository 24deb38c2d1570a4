import { PassThrough } from 'node:stream';
import { IdleConnections, type Connection } from './idle-connections.js';

const IDLE_MS = 65_000;

const connections = new IdleConnections(IDLE_MS);
let now = 0;

/** A connection on which as many bytes have come and gone as a test says. */
function connected(): Connection & { bytesRead: number; bytesWritten: number } {
  const connection = Object.assign(new PassThrough(), { bytesRead: 0, bytesWritten: 0 });
  connections.watch(connection, now);
  return connection;
}

/** A look at them all, so much later. */
function look(laterMs: number): void {
  now += laterMs;
  connections.closeOld(now);
}

/** An answer that is under way until it is closed. */
const answer = (): { closed: boolean } => ({ closed: false });

describe('a connection', () => {
  it('that never asks is closed after the time for which it is kept', () => {
    const connection = connected();
    look(IDLE_MS - 1);
    expect(connection.destroyed).toBe(false);
    look(1);
    expect(connection.destroyed).toBe(true);
  });

  it.each(['bytesRead', 'bytesWritten'] as const)(
    'on which something moves is kept (%s)',
    (way) => {
      const connection = connected();
      for (let count = 0; count < 3; count += 1) {
        look(IDLE_MS - 1);
        connection[way] += 1;
      }
      look(1);
      look(IDLE_MS - 1);
      expect(connection.destroyed).toBe(false);
      look(1);
      expect(connection.destroyed).toBe(true);
    },
  );

  it('that waits for an answer is kept, however long nothing moves', () => {
    const connection = connected();
    const under = answer();
    connections.noteRequest(connection, under);
    for (let count = 0; count < 3; count += 1) look(IDLE_MS);
    expect(connection.destroyed).toBe(false);
    under.closed = true;
    look(IDLE_MS - 1);
    expect(connection.destroyed).toBe(false);
    look(1);
    expect(connection.destroyed).toBe(true);
  });

  it('that has asked again waits for the newest answer: it is the last to come', () => {
    const connection = connected();
    const [first, second] = [answer(), answer()];
    connections.noteRequest(connection, first);
    connections.noteRequest(connection, second);
    first.closed = true;
    look(IDLE_MS);
    look(IDLE_MS);
    expect(connection.destroyed).toBe(false);
  });

  it('that became another protocol’s is not looked at any more', () => {
    const connection = connected();
    connections.forget(connection);
    connections.noteRequest(connection, answer());
    look(2 * IDLE_MS);
    expect(connection.destroyed).toBe(false);
  });
});

it('at a stop those go that have never asked, and no other', () => {
  const [silent, asked] = [connected(), connected()];
  asked.bytesRead = 1;
  connections.closeSilent();
  expect([silent.destroyed, asked.destroyed]).toEqual([true, false]);
});
