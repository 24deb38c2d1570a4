import { Global, Module } from '@nestjs/common';
import { ErrorAnswer } from './error-answer.js';
import { OwnPage } from './own-page.js';
import { PublicUrl } from './public-url.js';

@Global()
@Module({
  providers: [PublicUrl, ErrorAnswer, OwnPage],
  exports: [PublicUrl, ErrorAnswer, OwnPage],
})
export class HttpModule {}
