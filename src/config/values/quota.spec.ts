import { quota } from './quota.js';
import { readValue } from './value-type.js';

describe('a quota', () => {
  it.each([
    ['60/m', { quota: 60, windowMs: 60_000 }],
    ['10/30s', { quota: 10, windowMs: 30_000 }],
    ['1/s', { quota: 1, windowMs: 1000 }],
    ['5/2h', { quota: 5, windowMs: 7_200_000 }],
    ['7/24h', { quota: 7, windowMs: 86_400_000 }],
    ['off', 'off'],
  ])('reads %s', (given, value) => {
    expect(readValue(quota, given)).toEqual({ kind: 'value', value });
  });

  it.each([
    '',
    '60',
    '60/',
    '/m',
    '0/m',
    '-1/m',
    '1.5/m',
    '60/0s',
    '60/25h',
    '60/500ms',
    '60/1d',
    '60 / m',
    'OFF',
    'none',
    '60/m;5/s',
  ])('does not read %p, and says how it is written', (given) => {
    expect(readValue(quota, given)).toEqual({
      kind: 'refused',
      fault: 'must be a number and a time such as 60/m or 10/30s, or off',
      remedy: 'write a number from 1, a slash and a time from 1s to 24h',
    });
  });
});
