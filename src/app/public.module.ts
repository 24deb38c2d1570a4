import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { AuthModule } from '../auth/auth.module.js';
import { ConfigModule } from '../config/config.module.js';
import type { VestibuleConfig } from '../config/config.types.js';
import { CsrfGuard } from '../http/csrf.guard.js';
import { HttpModule } from '../http/http.module.js';
import { ProblemFilter } from '../http/problem.filter.js';
import { IdentityModule } from '../identity/identity.module.js';
import { LimitModule } from '../limit/limit.module.js';
import { OpsModule } from '../ops/ops.module.js';
import { ProviderModule } from '../provider/provider.module.js';
import { ProxyModule } from '../proxy/proxy.module.js';
import { ServiceModule } from '../service/service.module.js';
import { SessionGuard } from '../session/session.guard.js';
import { SessionModule } from '../session/session.module.js';
import { StoreModule } from '../store/store.module.js';
import { TokenModule } from '../token/token.module.js';
import { VerifyModule } from '../verify/verify.module.js';
import { RuntimeModule, type MeasuredRuntime } from './runtime.module.js';

/** The whole product and the public listener's controllers. */
@Module({})
export class PublicModule {
  static of(config: VestibuleConfig, runtime: MeasuredRuntime): DynamicModule {
    return {
      module: PublicModule,
      imports: [
        ConfigModule.of(config),
        RuntimeModule.of(runtime),
        StoreModule,
        HttpModule,
        LimitModule,
        ProviderModule,
        SessionModule,
        TokenModule,
        IdentityModule,
        ServiceModule,
        AuthModule,
        ProxyModule,
        VerifyModule,
        OpsModule,
      ],
      providers: [
        // 401 before 403: who is there is judged before how the request came.
        { provide: APP_GUARD, useClass: SessionGuard },
        { provide: APP_GUARD, useClass: CsrfGuard },
        { provide: APP_FILTER, useClass: ProblemFilter },
      ],
    };
  }
}
