import type { ServiceConfig } from './config.types.js';
import { complete, type FoundConfig } from './sections.js';

/** One internal service out of what was read; only to be called when no problem was found. */
export function assembleService(section: FoundConfig['services'][number]): ServiceConfig {
  const { secretHash, provider, ...rest } = complete(section);
  return {
    ...rest,
    ...(secretHash !== undefined && { secretHash }),
    ...(provider !== undefined && { provider }),
  };
}
