import { Global, Module } from '@nestjs/common';
import { LogoutToken } from './logout-token.js';
import { SessionEndpoint } from './session.endpoint.js';
import { SessionLifecycle } from './session-lifecycle.js';
import { SessionReader } from './session-reader.js';
import { SessionRecords } from './session-records.js';

@Global()
@Module({
  providers: [SessionRecords, SessionReader, SessionLifecycle, SessionEndpoint, LogoutToken],
  exports: [SessionRecords, SessionReader, SessionLifecycle, SessionEndpoint, LogoutToken],
})
export class SessionModule {}
