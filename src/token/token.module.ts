import { Global, Module } from '@nestjs/common';
import { TokenRefreshController } from './token-refresh.controller.js';
import { AudienceTokens } from './audience-tokens.js';
import { RefreshBackOff } from './refresh-back-off.js';
import { SessionRenewal } from './session-renewal.js';
import { TokenRefresher } from './token-refresher.js';

@Global()
@Module({
  controllers: [TokenRefreshController],
  providers: [TokenRefresher, SessionRenewal, RefreshBackOff, AudienceTokens],
  exports: [TokenRefresher, AudienceTokens],
})
export class TokenModule {}
