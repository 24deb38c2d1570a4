import { Module } from '@nestjs/common';
import { ProxyCaller } from './proxy-caller.js';
import { ProxyService } from './proxy.service.js';
import { SpaService } from './spa.service.js';
import { UpstreamClient } from './upstream-client.js';
import { UpstreamUpgrade } from './upstream-upgrade.js';
import { WebsocketService } from './websocket.service.js';

@Module({
  providers: [
    ProxyCaller,
    ProxyService,
    SpaService,
    UpstreamClient,
    UpstreamUpgrade,
    WebsocketService,
  ],
  exports: [ProxyService, SpaService, WebsocketService],
})
export class ProxyModule {}
