import { withDefault } from '../option.js';
import { choice } from '../values/basic-values.js';

/** Section `log`. */
export const logOptions = {
  level: withDefault({
    key: 'level',
    env: 'LOG_LEVEL',
    type: choice('debug', 'info', 'warn', 'error'),
    default: 'info',
    doc: 'Least severity that is logged. No level shows tokens, codes, cookies or ids of sessions.',
  }),
};
