import { Module } from '@nestjs/common';
import { BackchannelLogoutController } from './backchannel-logout.controller.js';
import { BackchannelLogoutService } from './backchannel-logout.service.js';
import { FrontchannelLogoutController } from './frontchannel-logout.controller.js';
import { BrowserBinding } from './browser-binding.js';
import { CallbackController } from './callback.controller.js';
import { CallbackService } from './callback.service.js';
import { LoginController } from './login.controller.js';
import { LoginRequiredController } from './login-required.controller.js';
import { LoginRequests } from './login-requests.js';
import { LoginService } from './login.service.js';
import { LoginTransactions } from './login-transactions.js';
import { LogoutController } from './logout.controller.js';
import { LogoutState } from './logout-state.js';
import { LogoutService } from './logout.service.js';
import { ReturnTo } from './return-to.js';

@Module({
  controllers: [
    LoginController,
    LoginRequiredController,
    CallbackController,
    LogoutController,
    BackchannelLogoutController,
    FrontchannelLogoutController,
  ],
  providers: [
    BackchannelLogoutService,
    BrowserBinding,
    CallbackService,
    LoginService,
    LoginTransactions,
    LogoutService,
    LogoutState,
    LoginRequests,
    ReturnTo,
  ],
})
export class AuthModule {}
