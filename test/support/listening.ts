import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const READY_MS = 10_000;
const POLL_MS = 20;

/** For processes that do not tell when they are ready: whether the port is open before they end or take too long. */
export async function untilListening(port: number, isRunning: () => boolean): Promise<boolean> {
  const end = Date.now() + READY_MS;
  while (Date.now() < end && isRunning()) {
    const socket = connect(port, '127.0.0.1');
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isOpen) return true;
    await delay(POLL_MS);
  }
  return false;
}
