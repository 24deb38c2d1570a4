import { Global, Module } from '@nestjs/common';
import { DevicesController } from './devices.controller.js';
import { LogoutMarks } from './logout-marks.js';
import { SessionDirectory } from './session-directory.js';
import { SessionEventsEndpoint } from './session-events.endpoint.js';
import { SessionStreams } from './session-streams.js';
import { LogoutToken } from './logout-token.js';
import { SessionEndpoint } from './session.endpoint.js';
import { SessionLifecycle } from './session-lifecycle.js';
import { SessionReader } from './session-reader.js';
import { SessionViews } from './session-view.js';
import { SessionRecords } from './session-records.js';

@Global()
@Module({
  controllers: [DevicesController],
  providers: [
    SessionRecords,
    SessionReader,
    SessionLifecycle,
    SessionEndpoint,
    LogoutToken,
    SessionViews,
    LogoutMarks,
    SessionDirectory,
    SessionStreams,
    SessionEventsEndpoint,
  ],
  exports: [
    SessionRecords,
    SessionReader,
    SessionLifecycle,
    SessionEndpoint,
    LogoutToken,
    LogoutMarks,
    SessionDirectory,
    SessionStreams,
    SessionEventsEndpoint,
  ],
})
export class SessionModule {}
