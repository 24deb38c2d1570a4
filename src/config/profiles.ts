import { authentiq } from './profiles/authentiq.profile.js';
import { authing } from './profiles/authing.profile.js';
import { eudiw } from './profiles/eudiw.profile.js';
import { generic } from './profiles/generic.profile.js';
import { google } from './profiles/google.profile.js';
import { oneaccess } from './profiles/oneaccess.profile.js';
import type { ProviderProfile } from './provider-profile.js';

/** Every profile: a new one is a file in `profiles/` and a line here. */
export const PROFILES: readonly ProviderProfile[] = [
  generic,
  google,
  authentiq,
  oneaccess,
  eudiw,
  authing,
];

/** @throws RangeError for a name that the option does not take */
export function profileNamed(name: string): ProviderProfile {
  const profile = PROFILES.find((one) => one.name === name);
  if (profile === undefined) throw new RangeError(`no profile ${name}`);
  return profile;
}
