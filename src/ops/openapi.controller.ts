import { readFile } from 'node:fs/promises';
import { Controller } from '@nestjs/common';
import { sendJsonText } from '../http/answer.js';
import { Http, type Exchange } from '../http/exchange.js';
import { BindRoute } from '../http/route.decorator.js';

/** Beside this file: generated from the route table. */
const DOCUMENT = new URL('openapi.json', import.meta.url);

/** `GET /openapi.json`: what both listeners offer (OpenAPI 3.1). */
@Controller()
export class OpenApiController {
  @BindRoute('openapi')
  async document(@Http() exchange: Exchange): Promise<void> {
    sendJsonText(exchange, 200, await readFile(DOCUMENT, 'utf8'));
  }
}
