import { z } from 'zod';
import type { Quota } from '../config.types.js';
import { parseDuration } from './duration.js';
import { accept, refuse, valueType, type Judged, type ValueType } from './value-type.js';

const SHAPE = /^(\d{1,7})\/(\d*)([smh])$/;
const LONGEST_MS = 86_400_000;
const SECOND_MS = 1000;
const LABEL = 'a number and a time such as 60/m or 10/30s, or off';

/** A quota, or `off`. */
export const quota: ValueType<Quota | 'off'> = valueType({
  label: LABEL,
  remedy: 'write a number from 1, a slash and a time from 1s to 24h',
  input: z.string(),
  judge: (given): Judged<Quota | 'off'> => {
    if (given === 'off') return accept('off');
    const parsed = parseQuota(given);
    return parsed === undefined ? refuse(`must be ${LABEL}`) : accept(parsed);
  },
});

function parseQuota(given: string): Quota | undefined {
  const [, most, count = '', unit = ''] = SHAPE.exec(given) ?? [];
  const windowMs = parseDuration(`${count === '' ? 1 : count}${unit}`);
  const fits = windowMs !== undefined && windowMs >= SECOND_MS && windowMs <= LONGEST_MS;
  return fits && Number(most) > 0 ? { quota: Number(most), windowMs } : undefined;
}
