import { Global, Module } from '@nestjs/common';
import { TokenRefreshController } from './token-refresh.controller.js';
import { TokenRefresher } from './token-refresher.js';

@Global()
@Module({
  controllers: [TokenRefreshController],
  providers: [TokenRefresher],
  exports: [TokenRefresher],
})
export class TokenModule {}
