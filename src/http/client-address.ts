import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import proxyAddr from 'proxy-addr';

/** Tells trusted proxies from others, and finds the client's address behind them. */
export class ClientAddress {
  private readonly trusts: ((address: string, hop: number) => boolean) | undefined;

  /** `trusted`: addresses, ranges, or proxy-addr's names (`loopback`); empty believes nobody. */
  constructor(trusted: readonly string[]) {
    this.trusts = trusted.length === 0 ? undefined : proxyAddr.compile([...trusted]);
  }

  /** Whether whoever holds the connection is a trusted proxy: only then is anything believed that it says of others. */
  isProxy({ socket: { remoteAddress } }: IncomingMessage): boolean {
    return remoteAddress !== undefined && this.trusts?.(remoteAddress, 0) === true;
  }

  /** The right-most hop of X-Forwarded-For that is not a trusted proxy. */
  of(req: IncomingMessage): string {
    if (this.trusts === undefined) return req.socket.remoteAddress ?? 'unknown';
    // A hop that is no address says nothing: then the proxy before it is the farthest that is known.
    return proxyAddr.all(req, this.trusts).findLast((hop) => isIP(hop) !== 0) ?? 'unknown';
  }
}
