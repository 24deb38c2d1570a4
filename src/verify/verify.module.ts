import { Module } from '@nestjs/common';
import { AskedRequests } from './asked-request.js';
import { VerifyEndpoint } from './verify.endpoint.js';
import { VerifyService } from './verify.service.js';

@Module({
  providers: [AskedRequests, VerifyEndpoint, VerifyService],
  exports: [VerifyEndpoint],
})
export class VerifyModule {}
