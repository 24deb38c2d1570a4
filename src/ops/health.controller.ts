import { Controller } from '@nestjs/common';
import { sendJson } from '../http/answer.js';
import { Http, type Exchange } from '../http/exchange.js';
import { BindRoute } from '../http/route.decorator.js';
import { Readiness } from './readiness.js';

/** Probes of the internal listener. */
@Controller()
export class HealthController {
  constructor(private readonly readiness: Readiness) {}

  /** Liveness: the process answers. Nothing else is asked, or a Redis outage would restart every instance. */
  @BindRoute('healthz')
  live(@Http() exchange: Exchange): void {
    sendJson(exchange, 200, { status: 'ok' });
  }

  @BindRoute('readyz')
  async ready(@Http() exchange: Exchange): Promise<void> {
    const report = await this.readiness.report();
    sendJson(exchange, report.status === 'ready' ? 200 : 503, report);
  }
}
