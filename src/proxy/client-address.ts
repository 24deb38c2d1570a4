import type { IncomingMessage } from 'node:http';
import proxyAddr from 'proxy-addr';

/** Finds the client's address: the right-most hop of X-Forwarded-For that is not a trusted proxy. */
export class ClientAddress {
  private readonly trusts: (address: string, hop: number) => boolean;

  /** `trusted`: addresses, ranges, or proxy-addr's names (`loopback`); empty believes nobody. */
  constructor(trusted: readonly string[]) {
    this.trusts = proxyAddr.compile([...trusted]);
  }

  of(req: IncomingMessage): string {
    return proxyAddr(req, this.trusts) ?? req.socket.remoteAddress ?? 'unknown';
  }
}
