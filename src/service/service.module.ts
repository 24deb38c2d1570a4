import { Global, Module } from '@nestjs/common';
import { CodeGrant } from './code-grant.js';
import { IntrospectionEndpoint } from './introspection.endpoint.js';
import { Introspection } from './introspection.js';
import { OAuthErrorAnswer } from './oauth-error-answer.js';
import { ServiceAuthenticator } from './service-authenticator.js';
import { SessionExchange } from './session-exchange.js';

/** What registered services may ask of the internal listener. Its controllers are that listener's. */
@Global()
@Module({
  providers: [
    ServiceAuthenticator,
    OAuthErrorAnswer,
    Introspection,
    IntrospectionEndpoint,
    CodeGrant,
    SessionExchange,
  ],
  exports: [
    ServiceAuthenticator,
    OAuthErrorAnswer,
    IntrospectionEndpoint,
    CodeGrant,
    SessionExchange,
  ],
})
export class ServiceModule {}
