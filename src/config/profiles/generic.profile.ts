import { CLIENT_AUTH_METHODS } from '../provider-config.types.js';
import type { ProviderProfile } from '../provider-profile.js';

/** A provider that keeps to OpenID Connect: the defaults of the options are made for it. */
export const generic: ProviderProfile = {
  name: 'generic',
  clientAuth: CLIENT_AUTH_METHODS,
  defaults: {},
};
