import { z } from 'zod';
import { accept, refuse, valueType, type Judged, type ValueType } from './value-type.js';

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const SHAPE = /^(\d{1,12})(ms|s|m|h|d)?$/;

/** Milliseconds of `500ms`, `90s`, `30m`, `8h`, `7d` or a plain number of seconds; undefined for anything else. */
export function parseDuration(given: string | number): number | undefined {
  const match = SHAPE.exec(String(given).trim());
  if (match === null) return undefined;
  const [, digits, unit = 's'] = match;
  const factor = UNITS[unit];
  return factor === undefined ? undefined : Number(digits) * factor;
}

/** A duration within bounds that are written like the value itself. Gives milliseconds. */
export function duration(min: string, max: string): ValueType<number> {
  const [least, most] = [parseDuration(min), parseDuration(max)];
  if (least === undefined || most === undefined) throw new RangeError('bounds must be durations');
  const label = `a duration from ${min} to ${max}`;
  return valueType({
    label,
    remedy: 'write it like 500ms, 90s, 30m or 8h; a plain number is seconds',
    input: z.union([z.string(), z.number()]),
    judge: (given): Judged<number> => {
      const value = parseDuration(given);
      const fits = value !== undefined && value >= least && value <= most;
      return fits ? accept(value) : refuse(`must be ${label}`);
    },
  });
}
