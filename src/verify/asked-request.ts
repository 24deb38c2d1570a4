import { Inject, Injectable } from '@nestjs/common';
import { VestibuleError } from '../errors/vestibule.error.js';
import { isSafeMethod } from '../http/csrf.js';
import { headerOf, type Exchange } from '../http/exchange.js';
import { ForwardedRequests, type ForwardedReading } from '../http/forwarded-request.js';
import { EventLog } from '../logging/event-log.js';

/** The request that a gateway asks about, as far as it is known. */
export interface AskedRequest {
  readonly method: string;
  /**
   * `told`: by a trusted gateway, or by a method of the question that no gateway asks with of its own accord.
   * `guessed`: the question's own, which is what many gateways always ask with. `unknown`: told by somebody untrusted.
   */
  readonly certainty: 'told' | 'guessed' | 'unknown';
  /** It wants to become a WebSocket. */
  readonly isUpgrade: boolean;
  /** Path and query, where a trusted gateway tells them. */
  readonly target?: string;
}

/** Peers of which the log tells that they are not trusted. */
const MOST_TOLD = 10;

/** Finds out what is asked about. */
@Injectable()
export class AskedRequests {
  private readonly untrusted = new Set<string>();

  constructor(
    private readonly forwarded: ForwardedRequests,
    @Inject(EventLog) private readonly log: EventLog,
  ) {}

  /** @throws VestibuleError `bad_request` for a forwarded request that is none */
  of(exchange: Exchange): AskedRequest {
    const forwarded = this.forwarded.of(exchange);
    if (forwarded.kind === 'hearsay') this.tellOnce(exchange);
    return { ...asked(exchange.method, forwarded), isUpgrade: wantsWebSocket(exchange) };
  }

  /** An untrusted gateway is nobody's attack but a setting that is missing: the log says which, once for each. */
  private tellOnce({ req }: Exchange): void {
    const peer = req.socket.remoteAddress ?? 'unknown';
    if (this.untrusted.has(peer) || this.untrusted.size >= MOST_TOLD) return;
    this.untrusted.add(peer);
    this.log.event('gateway.not_trusted', {
      peer,
      remedy: 'TRUST_PROXY must name the gateway, else what it forwards is not believed',
    });
  }
}

function asked(method: string, forwarded: ForwardedReading): Omit<AskedRequest, 'isUpgrade'> {
  const isSafe = isSafeMethod(method);
  switch (forwarded.kind) {
    case 'malformed':
      throw new VestibuleError('bad_request', { detail: forwarded.detail });
    case 'hearsay':
      return { method, certainty: 'unknown' };
    case 'nothing':
      return { method, certainty: isSafe ? 'guessed' : 'told' };
    case 'told': {
      const { method: told, target } = forwarded.request;
      const where = target === undefined ? {} : { target };
      // A gateway that keeps the method asks with the right one: a header beside it cannot make it a safer one.
      if (!isSafe) return { method, certainty: 'told', ...where };
      if (told === undefined) return { method, certainty: 'guessed', ...where };
      return { method: told, certainty: 'told', ...where };
    }
  }
}

/** Gateways drop `Upgrade` on the way to us as hop-by-hop; the other two no page can write (Fetch §2.2.2). */
function wantsWebSocket(exchange: Exchange): boolean {
  return (
    headerOf(exchange, 'sec-websocket-key') !== undefined ||
    headerOf(exchange, 'sec-fetch-mode') === 'websocket' ||
    headerOf(exchange, 'upgrade')?.toLowerCase() === 'websocket'
  );
}
