import type { IncomingMessage } from 'node:http';
import proxyAddr from 'proxy-addr';

/** Finds the client's address: the right-most hop of X-Forwarded-For that is not a trusted proxy. */
export class ClientAddress {
  private readonly trusts: ((address: string, hop: number) => boolean) | undefined;

  /** `trusted`: addresses, ranges, or proxy-addr's names (`loopback`); empty believes nobody. */
  constructor(trusted: readonly string[]) {
    this.trusts = trusted.length === 0 ? undefined : proxyAddr.compile([...trusted]);
  }

  of(req: IncomingMessage): string {
    const found = this.trusts && proxyAddr(req, this.trusts);
    return found ?? req.socket.remoteAddress ?? 'unknown';
  }
}
