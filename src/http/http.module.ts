import { Global, Module } from '@nestjs/common';
import { AuditTrail } from './audit-trail.js';
import { ErrorAnswer } from './error-answer.js';
import { ForwardedRequests } from './forwarded-request.js';
import { OwnPage } from './own-page.js';
import { PublicUrl } from './public-url.js';
import { RequestAudit } from './request-audit.js';

@Global()
@Module({
  providers: [
    PublicUrl,
    ErrorAnswer,
    ForwardedRequests,
    OwnPage,
    { provide: AuditTrail, useClass: RequestAudit },
  ],
  exports: [PublicUrl, ErrorAnswer, ForwardedRequests, OwnPage, AuditTrail],
})
export class HttpModule {}
