import {
  Catch,
  HttpException,
  Injectable,
  type ArgumentsHost,
  type ExceptionFilter,
} from '@nestjs/common';
import { VestibuleError, toVestibuleError } from '../errors/vestibule.error.js';
import { ErrorAnswer } from './error-answer.js';
import { exchangeOf } from './exchange.js';

/** Every exception of a controller becomes an answer of the error catalogue. */
@Catch()
@Injectable()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly answer: ErrorAnswer) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const exchange = exchangeOf(host.switchToHttp().getRequest<object>());
    this.answer.send(
      exchange,
      error instanceof HttpException ? fromNest(error) : toVestibuleError(error),
    );
  }
}

function fromNest(error: HttpException): VestibuleError {
  const status = error.getStatus();
  if (status === 404) return new VestibuleError('not_found');
  return new VestibuleError(status < 500 ? 'bad_request' : 'internal_error', { cause: error });
}
