import { request } from 'node:http';

/** Sends a request whose client will not wait for the answer. Every host is this machine. */
export class LeavingClient {
  private readonly gone = Promise.withResolvers<void>();
  private readonly outgoing;

  constructor(url: string, headers: Readonly<Record<string, string>>) {
    this.outgoing = request(url, { host: '127.0.0.1', agent: false, headers });
    this.outgoing.on('error', () => undefined);
    this.outgoing.once('close', () => this.gone.resolve());
    this.outgoing.end();
  }

  /** Resolves when its connection is gone. */
  leave(): Promise<void> {
    this.outgoing.destroy();
    return this.gone.promise;
  }
}
