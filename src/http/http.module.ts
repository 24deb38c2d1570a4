import { Global, Module } from '@nestjs/common';
import { ErrorAnswer } from './error-answer.js';
import { ForwardedRequests } from './forwarded-request.js';
import { OwnPage } from './own-page.js';
import { PublicUrl } from './public-url.js';

@Global()
@Module({
  providers: [PublicUrl, ErrorAnswer, ForwardedRequests, OwnPage],
  exports: [PublicUrl, ErrorAnswer, ForwardedRequests, OwnPage],
})
export class HttpModule {}
