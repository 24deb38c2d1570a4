import { withDefault } from '../option.js';
import { auditTarget } from '../values/audit-target.js';
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
  audit: withDefault({
    key: 'audit',
    env: 'AUDIT_LOG',
    type: auditTarget,
    default: 'off',
    doc: 'Where the audit stream goes: who logged in, was refused, logged out, from where. It holds personal data (subjects, addresses), so whoever wants it decides where it is kept and for how long.',
  }),
};
