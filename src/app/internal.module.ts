import {
  Module,
  type DynamicModule,
  type InjectionToken,
  type INestApplicationContext,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { AuditTrail } from '../http/audit-trail.js';
import { CsrfGuard } from '../http/csrf.guard.js';
import { ErrorAnswer } from '../http/error-answer.js';
import { OwnPage } from '../http/own-page.js';
import { ProblemFilter } from '../http/problem.filter.js';
import { AssertionKeys } from '../identity/assertion-keys.js';
import { JwksController } from '../identity/jwks.controller.js';
import { HealthController } from '../ops/health.controller.js';
import { OpenApiController } from '../ops/openapi.controller.js';
import { Metrics } from '../ops/metrics.js';
import { MetricsController } from '../ops/metrics.controller.js';
import { Readiness } from '../ops/readiness.js';
import { EventLog } from '../logging/event-log.js';
import { ProviderRegistry } from '../provider/provider-registry.js';
import { AdminSessionsController } from '../service/admin-sessions.controller.js';
import { CodeGrant } from '../service/code-grant.js';
import { OAuthErrorAnswer } from '../service/oauth-error-answer.js';
import { ServiceAuthenticator } from '../service/service-authenticator.js';
import { ServiceGuard } from '../service/service.guard.js';
import { SessionExchange } from '../service/session-exchange.js';
import { TokenController } from '../service/token.controller.js';
import { SessionDirectory } from '../session/session-directory.js';
import { SessionGuard } from '../session/session.guard.js';
import { SessionReader } from '../session/session-reader.js';

/** What the internal listener's controllers use; the instances are the public application's. */
const SHARED: readonly InjectionToken[] = [
  OwnPage,
  ErrorAnswer,
  Readiness,
  Metrics,
  SessionReader,
  AssertionKeys,
  EventLog,
  AuditTrail,
  ServiceAuthenticator,
  OAuthErrorAnswer,
  CodeGrant,
  SessionExchange,
  SessionDirectory,
  ProviderRegistry,
];

/** The internal listener's controllers over the services of the public application. */
@Module({})
export class InternalModule {
  static over(application: INestApplicationContext): DynamicModule {
    return {
      module: InternalModule,
      controllers: [
        HealthController,
        MetricsController,
        OpenApiController,
        JwksController,
        TokenController,
        AdminSessionsController,
      ],
      providers: [
        ...SHARED.map((token) => ({
          provide: token,
          useFactory: (): unknown => application.get<unknown>(token, { strict: false }),
        })),
        { provide: APP_GUARD, useClass: SessionGuard },
        { provide: APP_GUARD, useClass: ServiceGuard },
        { provide: APP_GUARD, useClass: CsrfGuard },
        { provide: APP_FILTER, useClass: ProblemFilter },
      ],
    };
  }
}
