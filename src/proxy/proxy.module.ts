import { Module } from '@nestjs/common';
import { ProxyService } from './proxy.service.js';
import { SpaService } from './spa.service.js';
import { UpstreamClient } from './upstream-client.js';

@Module({
  providers: [ProxyService, SpaService, UpstreamClient],
  exports: [ProxyService, SpaService],
})
export class ProxyModule {}
