import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { ServicesConfig, type ServiceConfig, type ServiceScope } from '../config/config.types.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import { AuditTrail } from '../http/audit-trail.js';
import { headerOf, type Exchange } from '../http/exchange.js';
import { networkOf } from '../http/network.js';
import type { Access } from '../http/route-table.js';
import { RateLimits } from '../limit/rate-limits.js';
import { EventLog } from '../logging/event-log.js';
import { credentialsOf, type Credentials } from './client-credentials.js';
import type { Parameters } from './request-parameters.js';

/** What the secret of a service that does not exist is compared with. */
const NOBODY = randomBytes(32);

type Refusal =
  'invalid_client' | 'too_many_failures' | 'service_not_permitted' | 'unauthorized_client';

/** Finds out which registered service asks, and whether it may (RFC 6749 §2.3, §3.2.1). */
@Injectable()
export class ServiceAuthenticator {
  constructor(
    @Inject(ServicesConfig) private readonly services: readonly ServiceConfig[],
    private readonly limits: RateLimits,
    @Inject(EventLog) private readonly log: EventLog,
    @Inject(AuditTrail) private readonly audit: AuditTrail,
  ) {}

  /**
   * The service, by exactly the method that it is registered for, if it may come where a row has this access.
   * @throws VestibuleError `invalid_client`, `too_many_failures`, `service_not_permitted`, `bad_request`
   */
  async authenticate(
    exchange: Exchange,
    parameters: Parameters,
    access: Access,
  ): Promise<ServiceConfig> {
    if (access === 'session' || !('service' in access)) throw new TypeError('no row for services');
    const credentials = credentialsOf(exchange, parameters);
    const service = this.named(credentials);
    const who = guesserOf(exchange, service);
    if (this.limits.isSpent(exchange, 'secrets', who))
      throw this.refusal(exchange, service, 'too_many_failures');
    if (!proves(credentials, service) || !mayCome(exchange, service)) {
      await this.limits.failed(exchange, 'secrets', who);
      // RFC 9110 §11.6.1: a 401 always says how.
      exchange.res.setHeader('WWW-Authenticate', 'Basic realm="vestibule"');
      throw this.refusal(exchange, service, 'invalid_client');
    }
    if (access.service !== 'by-grant')
      this.require(exchange, service, access.service, 'service_not_permitted');
    return service;
  }

  /** @throws VestibuleError with this code for a service without the scope */
  require(
    exchange: Exchange,
    service: ServiceConfig,
    scope: ServiceScope,
    code: Extract<Refusal, 'service_not_permitted' | 'unauthorized_client'>,
  ): void {
    if (!service.scopes.includes(scope)) throw this.refusal(exchange, service, code);
  }

  /** Whoever names nobody is the one service that needs no secret, if there is just one. */
  private named(credentials: Credentials): ServiceConfig | undefined {
    if (credentials.method === 'unusable') return undefined;
    const { id, method } = credentials;
    if (id !== undefined) return this.services.find((one) => one.id === id);
    const open = this.services.filter((one) => one.auth === method);
    return open.length === 1 ? open[0] : undefined;
  }

  /** An id that is not ours stays out of the log: it may be a secret in the wrong place. */
  private refusal(
    exchange: Exchange,
    service: ServiceConfig | undefined,
    code: Refusal,
  ): VestibuleError {
    const { id: request, req } = exchange;
    const peer = req.socket.remoteAddress;
    this.audit.record({ event: 'service_refused', reason: code, service: service?.id }, exchange);
    this.log.event('service.refused', { request, caller: service?.id, peer, code });
    return new VestibuleError(code);
  }
}

/**
 * Failures count for a service and the peer's network together: whoever guesses is slowed down, and nobody can lock a
 * service out from elsewhere. What names no service of ours counts for the network; no id of a service has a space in it.
 */
function guesserOf({ req }: Exchange, service: ServiceConfig | undefined): string {
  return `${service?.id ?? ''} ${networkOf(req.socket.remoteAddress ?? 'unknown')}`;
}

/** Hashes and compares whether there is such a service or not: the time tells neither that nor how much agrees. */
function proves(
  credentials: Credentials,
  service: ServiceConfig | undefined,
): service is ServiceConfig {
  const secret = 'secret' in credentials ? credentials.secret : '';
  const isRight = timingSafeEqual(hash('sha256', secret, 'buffer'), service?.secretHash ?? NOBODY);
  if (service === undefined || service.auth !== credentials.method) return false;
  return service.auth === 'none' || (isRight && service.secretHash !== undefined);
}

/** Without a secret, being on this machine is the proof, and a page in a browser here must not have it. */
function mayCome(exchange: Exchange, { auth }: ServiceConfig): boolean {
  if (auth !== 'none') return true;
  return ['origin', 'sec-fetch-site'].every((name) => headerOf(exchange, name) === undefined);
}
