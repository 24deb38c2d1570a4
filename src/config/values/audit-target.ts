import { isAbsolute } from 'node:path';
import { z } from 'zod';
import type { AuditTarget } from '../config.types.js';
import { accept, refuse, valueType, type Judged, type ValueType } from './value-type.js';

const label = 'off, stdout, stderr or the absolute path of a file';

/** Where the audit stream goes. A relative path would depend on where the process was started. */
export const auditTarget: ValueType<AuditTarget> = valueType({
  label,
  remedy: `write ${label}`,
  input: z.string(),
  judge: (given): Judged<AuditTarget> => {
    if (given === 'off' || given === 'stdout' || given === 'stderr') return accept({ kind: given });
    // oxlint-disable-next-line no-control-regex -- control characters are what is refused
    const isPath = isAbsolute(given) && /^[^\u0000-\u001f]{1,1024}$/.test(given);
    return isPath ? accept({ kind: 'file', path: given }) : refuse(`must be ${label}`);
  },
});
