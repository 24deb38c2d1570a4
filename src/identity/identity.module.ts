import { Global, Module } from '@nestjs/common';
import { AssertionKeys } from './assertion-keys.js';
import { IdentityAssertion } from './identity-assertion.js';
import { IdentityHeaders } from './identity-headers.js';
import { IdentityTelling } from './identity-telling.js';
import { OwnAssertion } from './own-assertion.js';

/** What internal APIs are told of who is there. */
@Global()
@Module({
  providers: [AssertionKeys, IdentityAssertion, IdentityHeaders, IdentityTelling, OwnAssertion],
  exports: [AssertionKeys, IdentityAssertion, IdentityTelling, OwnAssertion],
})
export class IdentityModule {}
