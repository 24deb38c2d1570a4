import { Controller } from '@nestjs/common';
import { sendJson } from '../http/answer.js';
import { Http, type Exchange } from '../http/exchange.js';
import { BindRoute } from '../http/route.decorator.js';
import { AssertionKeys } from './assertion-keys.js';

/** `GET /.well-known/jwks.json`: the keys by which APIs verify an identity assertion (RFC 7517 §5). */
@Controller()
export class JwksController {
  constructor(private readonly keys: AssertionKeys) {}

  @BindRoute('jwks')
  async keySet(@Http() exchange: Exchange): Promise<void> {
    sendJson(exchange, 200, await this.keys.published);
  }
}
