import { hasBody } from './body.js';
import type { Exchange } from './exchange.js';

/** How long a body may stand still: as long as Apache waits. */
const STILL_MS = 20_000;
/** What is left of a body after the answer: time enough to read the answer, for a client that sends first. */
const REST_MS = 5_000;

/**
 * Cuts off a client whose body stands still, or goes on after its answer. An upload may take as long as it likes, so Node's
 * own limit of a whole request is off, and nothing else would end these (slowloris; R-44).
 */
export function watchBody({ req, res }: Pick<Exchange, 'req' | 'res'>): void {
  if (!hasBody(req.headers)) return;
  let seen = -1;
  const look = setInterval(() => {
    const { bytesRead } = req.socket;
    if (req.complete) clearInterval(look);
    // Where we do not read, the upstream is slow, and not the client.
    else if (bytesRead === seen && !req.isPaused()) req.socket.destroy();
    seen = bytesRead;
  }, STILL_MS);
  res.once('close', () => {
    clearInterval(look);
    if (req.complete || req.socket.destroyed) return;
    setTimeout(() => void (req.complete || req.socket.destroy()), REST_MS);
  });
}
