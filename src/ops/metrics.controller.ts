import { Controller } from '@nestjs/common';
import { sendText } from '../http/answer.js';
import { Http, type Exchange } from '../http/exchange.js';
import { BindRoute } from '../http/route.decorator.js';
import { Metrics } from './metrics.js';

/** Prometheus asks on the internal listener. */
@Controller()
export class MetricsController {
  constructor(private readonly metrics: Metrics) {}

  @BindRoute('metrics')
  async read(@Http() exchange: Exchange): Promise<void> {
    sendText(exchange, 200, await this.metrics.text(), this.metrics.contentType);
  }
}
