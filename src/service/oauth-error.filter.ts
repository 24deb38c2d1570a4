import { Catch, Injectable, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { exchangeOf } from '../http/exchange.js';
import { OAuthErrorAnswer } from './oauth-error-answer.js';

/** Every exception of a controller of OAuth, its guards' included, in the words of OAuth. */
@Catch()
@Injectable()
export class OAuthErrorFilter implements ExceptionFilter {
  constructor(private readonly answer: OAuthErrorAnswer) {}

  catch(error: unknown, host: ArgumentsHost): void {
    this.answer.send(exchangeOf(host.switchToHttp().getRequest<object>()), error);
  }
}
